// Free text until a trigger appears; from there one of the tags, whose inside is constrained; then free text again.
import { checkKnown } from '../check.ts';
import { boundedAutomaton } from './char-automaton.ts';
import { complementDfa } from './char-dfa.ts';
import { type ConstraintGrammar, compileLanguage } from './constraint-grammar.ts';
import { UnsupportedConstraintError } from './errors.ts';
import { compileGrammar, type Expression, textNode } from './grammar-tree.ts';
import { regexDfa } from './regex.ts';
import { utf8Lexeme } from './text-lexeme.ts';

/** One kind of constrained part: `begin`, a text of `content`, `end`. */
export interface StructuralTag {
  readonly begin: string;
  readonly content: ConstraintGrammar;
  readonly end: string;
}

/** Options of `structuralTags`. */
export interface StructuralTagsOptions {
  readonly tags: readonly StructuralTag[];
  /** Texts that must not appear but at a tag's begin; default the begins themselves. Every begin starts with one. */
  readonly triggers?: readonly string[];
  /** Whether at least one tag must come (default false). */
  readonly atLeastOne?: boolean;
  /** Whether the text ends with the first tag (default false). */
  readonly stopAfterFirst?: boolean;
}

/**
 * Free text in which a trigger always begins a tag, and the tag's inside satisfies its grammar: lazily constrained
 * tool calls.
 *
 * @example
 * ```ts
 * import { jsonSchema, matchesGrammar, structuralTags } from '@ashlar/sampling/constraints';
 *
 * const content = jsonSchema({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] });
 * const calls = structuralTags({ tags: [{ begin: '<call>', content, end: '</call>' }] });
 * matchesGrammar(calls, 'Let me see. <call>{"city": "Bern"}</call> Sunny.') // => true
 * matchesGrammar(calls, 'Let me see. <call>Bern</call>') // => false
 * ```
 */
export function structuralTags(options: StructuralTagsOptions): ConstraintGrammar {
  checkKnown('structuralTags', options, ['tags', 'triggers', 'atLeastOne', 'stopAfterFirst']);
  const { tags, atLeastOne = false, stopAfterFirst = false } = options;
  if (tags.length === 0) throw new RangeError('tags: expected at least one, got none');
  const triggers = options.triggers ?? [...new Set(tags.map((tag) => tag.begin))];
  for (const trigger of triggers) {
    if (trigger === '') throw new RangeError('triggers: expected no empty text');
    // Otherwise the free text before a trigger could hold the beginning of another one.
    for (const other of triggers)
      for (let n = 1; n < trigger.length; n++)
        if (other.startsWith(trigger.slice(-n)))
          throw new UnsupportedConstraintError('triggers', '', `${trigger} and ${other} can overlap`);
  }
  for (const { begin } of tags)
    if (!triggers.some((trigger) => begin.startsWith(trigger)))
      throw new RangeError(`tags: expected a begin that starts with a trigger, got ${JSON.stringify(begin)}`);
  const free = complementDfa(regexDfa({ kind: 'choice', items: triggers.map(textNode) }, { search: true }));
  const text: Expression = {
    kind: 'readable',
    make: (machine) => machine.lexeme(utf8Lexeme(boundedAutomaton(free))),
  };
  const one: Expression = {
    kind: 'choice',
    items: tags.map((tag) => ({
      kind: 'sequence',
      items: [
        { kind: 'regex', node: textNode(tag.begin) },
        { kind: 'readable', make: (machine) => tag.content.embed(machine) },
        { kind: 'regex', node: textNode(tag.end) },
      ],
    })),
  };
  const tagged: Expression = { kind: 'sequence', items: [text, one] };
  const root: Expression = stopAfterFirst
    ? atLeastOne
      ? tagged
      : { kind: 'choice', items: [text, tagged] }
    : {
        kind: 'sequence',
        items: [{ kind: 'repeat', item: tagged, min: atLeastOne ? 1 : 0, max: Infinity }, text],
      };
  return compileLanguage('structuralTags', (machine) =>
    compileGrammar(machine, new Map([['root', root]]), 'root'),
  );
}
