// The textual front ends: a regular expression, a grammar, a list of choices.
import { checkKnown } from '../check.ts';
import { type ConstraintGrammar, compileLanguage } from './constraint-grammar.ts';
import { parseGbnf } from './gbnf.ts';
import { compileGrammar, textNode } from './grammar-tree.ts';
import { parseLark } from './lark.ts';
import { parseRegex } from './regex.ts';

/**
 * The texts that the whole of a regular expression matches (ECMA-262 syntax, `u` meaning). Look-around, back references
 * and word borders are refused by name.
 */
export function regex(pattern: string): ConstraintGrammar {
  checkText('pattern', pattern);
  const node = parseRegex(pattern);
  return compileLanguage('regex', (machine) =>
    compileGrammar(machine, new Map([['root', { kind: 'regex', node }]]), 'root'),
  );
}

/** Exactly one of these texts. */
export function choices(texts: readonly string[]): ConstraintGrammar {
  if (texts.length === 0) throw new RangeError('choices: expected at least one text, got none');
  const node = { kind: 'choice', items: texts.map(textNode) } as const;
  return compileLanguage('choices', (machine) =>
    compileGrammar(machine, new Map([['root', { kind: 'regex', node }]]), 'root'),
  );
}

function checkText(name: string, text: unknown): void {
  if (typeof text !== 'string')
    throw new TypeError(
      `${name}: expected a string, got ${text instanceof RegExp ? 'a RegExp (its source is one)' : typeof text}`,
    );
}

/** Options of `grammar`. */
export interface GrammarOptions {
  /** The notation; default: 'gbnf' when the text has `::=`, else 'lark'. */
  readonly syntax?: 'gbnf' | 'lark';
  /** The rule to begin with; default `root` in GBNF, `start` in Lark. */
  readonly root?: string;
}

/**
 * The texts of a context-free grammar, in llama.cpp's GBNF or a Lark-like EBNF. Left recursion is refused by name.
 *
 * @example
 * ```ts
 * import { grammar, matchesGrammar } from '@ashlar/sampling/constraints';
 *
 * const sum = grammar('root ::= term ("+" term)*\nterm ::= [0-9]+ | "(" root ")"');
 * matchesGrammar(sum, '1+(2+3)') // => true
 * matchesGrammar(sum, '1+') // => false
 * ```
 */
export function grammar(text: string, options: GrammarOptions = {}): ConstraintGrammar {
  checkKnown('grammar', options, ['syntax', 'root']);
  checkText('text', text);
  const { syntax = text.includes('::=') ? 'gbnf' : 'lark' } = options;
  if (syntax !== 'gbnf' && syntax !== 'lark')
    throw new RangeError(`syntax: expected gbnf or lark, got ${String(syntax)}`);
  const rules = syntax === 'gbnf' ? parseGbnf(text) : parseLark(text);
  const root = options.root ?? (syntax === 'gbnf' ? 'root' : 'start');
  return compileLanguage('grammar', (machine) => compileGrammar(machine, rules, root));
}
