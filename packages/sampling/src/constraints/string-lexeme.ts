// The lexeme of a string of a schema: how long it may be is counted beside the automaton of its pattern.
import { boundedAutomaton } from './char-automaton.ts';
import { allStrings, buildDfa, intersectDfa } from './char-dfa.ts';
import { anyChar } from './char-ranges.ts';
import type { Lexeme } from './lexeme.ts';
import type { StringShape } from './shapes.ts';
import { jsonStringLexeme } from './text-lexeme.ts';

/** A least length up to this is made into the automaton. */
const mostLeast = 32;
const anyString = jsonStringLexeme(boundedAutomaton(allStrings));

/** The JSON strings of a shape. */
export function stringLexeme({ dfa, min, max }: StringShape): Lexeme {
  const bounded = min > 0 || max < Infinity;
  if (dfa === allStrings) return bounded ? anyString.within({ least: min, most: max }) : anyString;
  // Beside a pattern a long least length needs to be known state by state: which lengths there still are.
  if (min > mostLeast || min * dfa.starts.length > 2000)
    return jsonStringLexeme(boundedAutomaton(dfa, min, max));
  const long = min === 0 ? dfa : intersectDfa(dfa, atLeast(min));
  const lexeme = jsonStringLexeme(boundedAutomaton(long));
  return max < Infinity ? lexeme.within({ least: 0, most: max }) : lexeme;
}

/** All strings of at least so many characters. */
function atLeast(min: number): ReturnType<typeof buildDfa> {
  return buildDfa<number>(
    0,
    String,
    (count) => [
      { lo: anyChar[0], hi: anyChar[1], to: Math.min(count + 1, min) },
      { lo: anyChar[2], hi: anyChar[3], to: Math.min(count + 1, min) },
    ],
    (count) => count === min,
  );
}
