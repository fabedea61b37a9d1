// Kind `constraints`: every accepted text must be reachable token by token over a vocabulary, every rejected one must not. The vocabulary is all
// single bytes and the pieces of common JSON text of several bytes (some splitting characters), so that texts are reached in more ways than one:
// by the longest pieces, and byte by byte. What the library refuses by name is counted as refused.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type ConstraintGrammar,
  constraint,
  grammar,
  jsonSchema,
  prepareVocabulary,
  regex,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
  type Vocabulary,
} from '@ashlar/sampling/constraints';
import { type CaseGroup, type GroupResult, type Kind, readCases } from '../case.ts';

interface Case {
  readonly name: string;
  readonly schema?: unknown;
  readonly grammar?: string;
  readonly regex?: string;
  readonly accept: readonly string[];
  readonly reject: readonly string[];
}

const encoder = new TextEncoder();
const eos = 0;
const pieces = [
  '{"',
  '"}',
  '": ',
  '":',
  '", "',
  '","',
  ', "',
  '}, {',
  '[{',
  '}]',
  '"]',
  'true',
  'null',
  '": "',
  '10',
  '.0',
  'the',
  'foo',
  ' a',
  '\\u',
];
const texts = [
  new Uint8Array(0),
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...pieces.map((piece) => encoder.encode(piece)),
  Uint8Array.of(0x22, 0xc3),
  Uint8Array.of(0x9f, 0x98, 0x80, 0x22),
];

/** The ids of a text: greedily the longest pieces, or single bytes. */
function idsOf(text: string, longest: boolean): number[] {
  const bytes = encoder.encode(text);
  const ids: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let best = 1 + bytes[at];
    if (longest)
      for (let id = 257; id < texts.length; id++)
        if (texts[id].length > texts[best].length && texts[id].every((byte, i) => bytes[at + i] === byte))
          best = id;
    ids.push(best);
    at += texts[best].length;
  }
  return ids;
}

/** Where the text stops being allowed by the masks: undefined when all of it is, end included. */
function stopsAt(
  language: ConstraintGrammar,
  vocabulary: Vocabulary,
  ids: readonly number[],
): number | undefined {
  const running = constraint(language, vocabulary);
  for (const [index, id] of [...ids, eos].entries()) {
    const allowed = ((running.mask()[id >> 5] >>> (id & 31)) & 1) === 1;
    if (allowed !== running.allows(id)) throw new Error(`mask and allows differ at id ${id}`);
    if (!allowed) return index;
    running.accept(id);
  }
  return undefined;
}

/** The documents that the JSON-Schema-Test-Suite's references lead to, where they stand beside the cases' tree. */
function remotesOf(group: CaseGroup): Record<string, unknown> {
  const path = join(group.path, '..', '..', '..', 'data', 'json-schema', 'remotes.json.gz');
  if (!group.name.startsWith('json-schema') || !existsSync(path)) return {};
  const documents = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(documents).map(([name, document]) => [`http://localhost:1234/${name}`, document]),
  );
}

function compile(
  item: Case,
  group: string,
  schemas: Readonly<Record<string, unknown>>,
): ConstraintGrammar | undefined {
  if (item.grammar !== undefined) return grammar(item.grammar);
  if (item.regex !== undefined) return regex(item.regex);
  // The test suites' own defaults: formats only inform in the JSON-Schema-Test-Suite's required part; llama.cpp writes properties in the schema's order.
  const suite = group.startsWith('json-schema');
  try {
    return jsonSchema(item.schema, {
      ...(group.includes('draft7') ? { draft: '7' as const } : {}),
      format: suite ? 'annotate' : 'assert',
      propertyOrder: group.startsWith('llamacpp') ? 'schema' : 'any',
      schemas,
    });
  } catch (error) {
    if (error instanceof UnsatisfiableConstraintError) return undefined; // the empty language refuses every text
    throw error;
  }
}

export const kind: Kind = {
  async run(group: CaseGroup): Promise<GroupResult> {
    const vocabulary = prepareVocabulary({
      vocabSize: texts.length,
      tokenBytes: (id) => (id === eos ? undefined : texts[id]),
      eosTokenIds: [eos],
    });
    const remotes = remotesOf(group);
    const failures: string[] = [];
    const refusals = new Map<string, number>();
    const refused: string[] = [];
    let [passed, wrongAccepts, wrongRefusals] = [0, 0, 0];
    for (const item of await readCases<Case>(group)) {
      const problems: string[] = [];
      try {
        const language = compile(item, group.name, remotes);
        for (const text of item.accept)
          for (const longest of [true, false]) {
            const stop = language === undefined ? 0 : stopsAt(language, vocabulary, idsOf(text, longest));
            if (stop === undefined) continue;
            problems.push(`refuses ${text} at token ${stop}`);
            wrongRefusals++;
            break;
          }
        for (const text of item.reject) {
          if (language === undefined) continue;
          if (/[\ud800-\udfff]/u.test(text)) continue;
          if (
            stopsAt(language, vocabulary, idsOf(text, true)) === undefined ||
            stopsAt(language, vocabulary, idsOf(text, false)) === undefined
          ) {
            problems.push(`accepts ${text}`);
            wrongAccepts++;
          }
        }
      } catch (error) {
        if (error instanceof UnsupportedConstraintError) {
          refused.push(`${item.name}: ${error.message}`);
          refusals.set(error.keyword, (refusals.get(error.keyword) ?? 0) + 1);
          continue;
        }
        problems.push((error as Error).message);
      }
      if (problems.length === 0) passed++;
      else failures.push(`${item.name}: ${problems.slice(0, 3).join('; ').slice(0, 300)}`);
    }
    const keywords = [...refusals]
      .sort((a, b) => b[1] - a[1])
      .map(([keyword, count]) => `${keyword} ${count}`);
    return {
      passed,
      failures,
      refused,
      note: `${wrongAccepts} wrong accepts, ${wrongRefusals} wrong refusals${keywords.length > 0 ? `; refused: ${keywords.join(', ')}` : ''}`,
    };
  },
};
