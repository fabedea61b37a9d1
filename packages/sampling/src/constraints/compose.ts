// Languages put together: texts, patterns and grammars one behind the other, in turn, or again and again. And the rest of a language behind a
// text that is already written (Brzozowski's derivative), for constraints that begin in the middle.
import { bareStrings } from './bare-strings.ts';
import { type ConstraintGrammar, compileLanguage } from './constraint-grammar.ts';
import { compileGrammar, type Expression, textNode } from './grammar-tree.ts';
import { parseRegex } from './regex.ts';

/** A language in parts. */
export type Composition =
  /** Exactly this text. */
  | string
  /** A compiled grammar that does not admit the empty text. */
  | ConstraintGrammar
  /** What the whole of a regular expression matches. */
  | { readonly regex: string }
  /** The strings that a JSON Schema admits as they stand, without quotes or escapes; with `within`, those that the whole of it matches. */
  | { readonly strings: unknown; readonly within?: string }
  /** All of these, one behind the other. */
  | { readonly sequence: readonly Composition[] }
  /** One of these. */
  | { readonly choice: readonly Composition[] }
  /** This, `min` (default 0) to `max` (default any number of) times. */
  | { readonly repeat: Composition; readonly min?: number; readonly max?: number };

/**
 * Compiles a composition: the concatenations, unions and repetitions of languages.
 *
 * Throws UnsupportedConstraintError for what a schema of bare strings cannot be held to, RangeError for a part that may be empty where it must not, UnsatisfiableConstraintError when no text is left.
 *
 * @example
 * ```ts
 * import { compose, jsonSchema, matchesGrammar } from '@ashlar/sampling/constraints';
 *
 * const value = jsonSchema({ type: 'integer' });
 * const list = compose({ sequence: ['[', value, { repeat: { sequence: [{ regex: ', ?' }, value] } }, ']'] });
 * matchesGrammar(list, '[1, 2,3]') // => true
 * matchesGrammar(list, '[1, ]') // => false
 * ```
 */
export function compose(composition: Composition): ConstraintGrammar {
  const root = expressionOf(composition, 0);
  return compileLanguage('compose', (machine) => compileGrammar(machine, new Map([['root', root]]), 'root'));
}

function expressionOf(part: Composition, depth: number): Expression {
  if (depth > 64) throw new RangeError('compose: expected at most 64 levels');
  if (typeof part === 'string') return { kind: 'regex', node: textNode(part) };
  if ('regex' in part) return { kind: 'regex', node: parseRegex(part.regex) };
  if ('strings' in part) return bareStrings(part.strings, part.within);
  if ('sequence' in part)
    return { kind: 'sequence', items: part.sequence.map((item) => expressionOf(item, depth + 1)) };
  if ('choice' in part) {
    if (part.choice.length === 0) throw new RangeError('choice: expected at least one part, got none');
    return { kind: 'choice', items: part.choice.map((item) => expressionOf(item, depth + 1)) };
  }
  if ('repeat' in part) {
    const { min = 0, max = Infinity } = part;
    if (!Number.isInteger(min) || min < 0 || !(max >= min) || !(max === Infinity || Number.isInteger(max)))
      throw new RangeError(`repeat: expected integers 0 <= min <= max, got ${min} and ${max}`);
    const item = expressionOf(part.repeat, depth + 1);
    if (compileLanguage('repeat', (m) => compileGrammar(m, new Map([['root', item]]), 'root')).start.complete)
      throw new RangeError('repeat: expected a part that is never empty');
    return { kind: 'repeat', item, min, max };
  }
  if (part.start.complete) throw new RangeError(`compose: expected a ${part.kind} that is never empty`);
  return { kind: 'readable', make: (machine) => part.embed(machine) };
}

/**
 * The rest of a language behind `text`: all r with `text + r` in it; undefined when no text of the language begins so.
 * It can be put to work, but not composed further.
 *
 * @example
 * ```ts
 * import { continuation, matchesGrammar, regex } from '@ashlar/sampling/constraints';
 *
 * const rest = continuation(regex('yes|yard|no'), 'y');
 * rest && matchesGrammar(rest, 'ard') // => true
 * continuation(regex('yes|no'), 'm') // => undefined
 * ```
 */
export function continuation(
  language: ConstraintGrammar,
  text: string | Uint8Array,
): ConstraintGrammar | undefined {
  let state = language.start;
  for (const byte of typeof text === 'string' ? new TextEncoder().encode(text) : text) {
    const next = language.machine.step(state, byte);
    if (next === null) return undefined;
    state = next;
  }
  return {
    kind: 'continuation',
    machine: language.machine,
    start: state,
    embed: () => {
      throw new RangeError('compose: expected a whole language, got the continuation of one');
    },
  };
}
