// The grammar hand-off joined: tools' schemas and response formats become constraints of @ashlar/sampling over the model's own vocabulary.
// Languages are compiled once for a format, its tools and the place where a call opened, and so are their masks.

import { maskLogits } from '@ashlar/sampling';
import {
  type ConstraintGrammar,
  compose,
  constraint,
  continuation,
  jsonSchema,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from '@ashlar/sampling/constraints';
import type { Constrained } from '../engines/engine.ts';
import type { ConstraintVocabulary, SplicingConstraint } from '../engines/inline-engine.ts';
import type { ToolFormat } from '../formats/format.ts';
import { canonicalJson, type Json } from '../json.ts';
import { callLanguage, closesWithTurn } from './call-language.ts';

const mostLanguages = 256;
/** A model that does not know how to end a list of calls would fill its whole budget with it, and a list that is cut off runs nothing. */
const callsInAList = 16;
const ofFormats = new WeakMap<ToolFormat, Map<string, ConstraintGrammar | undefined>>();
const ofSchemas = new Map<string, ConstraintGrammar>();
const vocabularies = new WeakMap<ConstraintVocabulary, Map<string, ConstraintVocabulary>>();

/**
 * Makes constraints for {@link inlineEngine}'s `constraint`: behind an opening mark only calls of the given tools whose arguments satisfy
 * their schemas; for a response format only JSON that satisfies it. Answers undefined where a format's template says nothing of the place, behind
 * text that has left it already. Schemas that cannot be held to wholly in the format's dress are held to without the keywords that cannot be.
 *
 * Throws UnsupportedConstraintError when a schema that must be held to (a response format, a `strict` call) cannot be, naming the keyword.
 *
 * @example
 * ```ts
 * import { schemaConstraint } from '@ashlar/tools/grammar';
 * // Bytes are tokens; 256 ends the text.
 * const vocabulary = {
 *   vocabSize: 257,
 *   tokenBytes: (id: number) => (id < 256 ? Uint8Array.of(id) : undefined),
 *   eosTokenIds: [256],
 *   specialIds: new Set([256]),
 * };
 * const made = schemaConstraint({ kind: 'json', schema: { enum: ['yes', 'no'] } }, vocabulary);
 * const logits = new Float32Array(257);
 * made?.accept('"'.charCodeAt(0));
 * made?.mask(logits);
 * [...logits.keys()].filter((id) => logits[id] === 0).map((id) => String.fromCharCode(id)) // => ['n', 'y']
 * ```
 */
export function schemaConstraint(
  what: Constrained,
  vocabulary: ConstraintVocabulary,
): SplicingConstraint | undefined {
  const language = what.kind === 'json' ? ofSchema(what) : ofCall(what);
  if (language === undefined) return undefined;
  const format = what.kind === 'json' ? what.begin?.format : what.format;
  const running = constraint(language, format === undefined ? vocabulary : withMarks(vocabulary, format));
  const endless =
    what.kind === 'json' || what.orJson !== undefined || closesWithTurn(what.format, what.opened.state);
  return {
    mask: (logits) => maskLogits(logits, running.mask()),
    accept: (id) => running.accept(id),
    get done() {
      return !endless && running.isComplete && !goesOn(running.mask(), vocabulary.eosTokenIds);
    },
  };
}

/** Whether anything but the end of the text may come. */
function goesOn(mask: Uint32Array, ends: readonly number[]): boolean {
  for (let w = 0; w < mask.length; w++) {
    let bits = mask[w] as number;
    for (const id of ends) if (id >> 5 === w) bits &= ~(1 << (id & 31));
    if (bits !== 0) return true;
  }
  return false;
}

function remembered<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined || map.has(key)) return known as T;
  const made = make();
  if (map.size >= mostLanguages) map.delete(map.keys().next().value as string);
  map.set(key, made);
  return made;
}

type Asked<K extends Constrained['kind']> = Extract<Constrained, { kind: K }>;

const ofSchema = ({ schema, begin }: Asked<'json'>): ConstraintGrammar => {
  const first = begin?.format.begins?.[begin.state]?.content ?? '';
  return remembered(ofSchemas, `${first}\n${JSON.stringify(schema)}`, () =>
    first === '' ? jsonSchema(schema) : compose({ sequence: [first, jsonSchema(schema)] }),
  );
};

function ofCall({
  format,
  tools,
  opened,
  strict = false,
  mostCalls = callsInAList,
  orJson,
}: Asked<'call'>): ConstraintGrammar | undefined {
  let known = ofFormats.get(format);
  if (known === undefined) {
    known = new Map();
    ofFormats.set(format, known);
  }
  const { mark, name, state, written } = opened;
  const offered = tools.map((tool) => ({ name: tool.name, parameters: tool.parameters as Json }));
  const place = canonicalJson([
    mark,
    name ?? null,
    state ?? null,
    strict,
    mostCalls,
    offered,
    orJson ?? null,
  ]);
  const whole = remembered(known, place, () => {
    try {
      const whole = orJson !== undefined;
      const language = callLanguage(format, tools, opened, { strict, mostCalls, whole });
      if (language === undefined || orJson === undefined)
        return language === undefined ? undefined : compose(language);
      const first = format.begins?.[state ?? '']?.content ?? '';
      const json = jsonSchema(orJson);
      return compose({ choice: [first === '' ? json : { sequence: [first, json] }, language] });
    } catch (error) {
      const known =
        error instanceof UnsupportedConstraintError || error instanceof UnsatisfiableConstraintError;
      if (strict || orJson !== undefined || !known) throw error;
      return undefined;
    }
  });
  if (whole === undefined || written === '') return whole;
  return remembered(known, `${place}\n${written}`, () => continuation(whole, written));
}

/** Special tokens that are marks of the format are text here: a call's language ends with them. */
function withMarks(vocabulary: ConstraintVocabulary, format: ToolFormat): ConstraintVocabulary {
  let known = vocabularies.get(vocabulary);
  if (known === undefined) {
    known = new Map();
    vocabularies.set(vocabulary, known);
  }
  const dresses = [format.render, ...Object.values(format.dresses ?? {})];
  const written = dresses
    .map(({ before, call, between, after }) => [before, call, between, after].join('\n'))
    .concat(format.render.parameter ?? '')
    .concat(Object.values(format.begins ?? {}).flatMap(({ content, call }) => [content, call]))
    .join('\n');
  return remembered(known, written, () => {
    const decoder = new TextDecoder();
    const special = [...vocabulary.specialIds].filter((id) => {
      const text = decoder.decode(vocabulary.tokenBytes(id) ?? new Uint8Array());
      return text === '' || !written.includes(text);
    });
    return { ...vocabulary, specialIds: new Set(special) };
  });
}
