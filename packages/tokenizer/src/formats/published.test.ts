// Published vocabularies on published expectations: kitoken's, llama.cpp's and gpt-tokenizer's test data (`../shared/data`; skipped where it is absent).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../tokenizer.ts';
import { readSentencePiece } from './sentence-piece.ts';
import { readTiktoken } from './tiktoken.ts';
import { readTokenizerJson } from './tokenizer-json.ts';
import { readVocabAndMerges } from './vocab-and-merges.ts';

const root = join(import.meta.dirname, '../../../../../shared/data/tokenizers');
const has = existsSync(root);
const bytes = (path: string): Buffer => {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file) : gunzipSync(readFileSync(`${file}.gz`));
};
const text = (path: string): string => bytes(path).toString('utf8');
const exists = (path: string): boolean =>
  existsSync(join(root, path)) || existsSync(join(root, `${path}.gz`));

const unescapeLine = (line: string): string =>
  line.replaceAll('\\n', '\n').replaceAll('\\s', ' ').replaceAll('\\x', '');
const idsOf = (line: string): number[] =>
  line.trim() === ''
    ? []
    : line
        .trim()
        .split(/[\s,]+/)
        .map(Number);

describe.skipIf(!has)('kitoken test data', () => {
  const tokenizers: Record<string, () => Tokenizer> = {
    'tiktoken/cl100k_base': () =>
      readTiktoken(bytes('kitoken/tiktoken/cl100k_base.tiktoken'), { pattern: 'cl100k' }),
    'tiktoken/p50k_base': () =>
      readTiktoken(bytes('kitoken/tiktoken/p50k_base.tiktoken'), { pattern: 'p50k' }),
    ...Object.fromEntries(
      ['bert_base_cased', 'clip_base', 'gpt2', 'mistral01'].map((name) => [
        `tokenizers/${name}`,
        () => readTokenizerJson(text(`kitoken/tokenizers/${name}.json`)),
      ]),
    ),
    ...Object.fromEntries(
      ['mistral01', 'xlnet_base_cased'].map((name) => [
        `sentencepiece/${name}`,
        () => readSentencePiece(bytes(`kitoken/sentencepiece/${name}.model`)),
      ]),
    ),
  };
  for (const [name, load] of Object.entries(tokenizers)) {
    const [folder, model] = name.split('/');
    for (const set of ['small', 'mixed', 'utf8']) {
      it(`${name} has the published ids of ${set}`, () => {
        const tokenizer = load();
        const input = text(`kitoken/${set}_input.txt`);
        const cases =
          set === 'utf8'
            ? [input]
            : input
                .split('\n')
                .filter((l) => l !== '')
                .map(unescapeLine);
        const expected = text(`kitoken/${folder}/${set}_tokens_${model}.txt`);
        const wanted =
          set === 'utf8'
            ? [idsOf(expected)]
            : expected
                .split('\n')
                .filter((l) => l !== '')
                .map(idsOf);
        expect(wanted).toHaveLength(cases.length);
        const options = {
          addSpecialTokens: false,
          allowedSpecial: folder === 'sentencepiece' ? 'none' : 'all',
        } as const;
        const got = cases.map((c) => tokenizer.encode(c, options));
        got.forEach((ids, i) => {
          expect(ids, cases[i].slice(0, 80)).toEqual(wanted[i]);
        });
        got.forEach((ids, i) => {
          expect(tokenizer.encodeDetailed(cases[i], options).ids, 'general path').toEqual(ids);
        });
        const path = `kitoken/${folder}/${set}_output_${model}.txt`;
        if (set === 'utf8' || folder === 'tiktoken' || model === 'gpt2') {
          const output = exists(path) ? text(path) : input;
          if (set === 'utf8') expect(tokenizer.decode(wanted[0])).toBe(output);
          else expect(cases.map((_, i) => tokenizer.decode(wanted[i]))).toEqual(cases);
        }
      });
    }
  }
});

describe.skipIf(!has)('other published data', () => {
  it('gpt-tokenizer test plans', () => {
    const ranks: Record<string, string> = {
      p50k_base: 'p50k_base',
      p50k_edit: 'p50k_base',
      cl100k_base: 'cl100k_base',
    };
    const plans = JSON.parse(text('tiktoken_testplans.json'));
    let checked = 0;
    const loaded = new Map<string, Tokenizer>();
    for (const plan of Array.isArray(plans) ? plans : Object.values(plans).flat()) {
      const name = plan.encoding ?? plan.EncodingName;
      if (!(name in ranks)) continue;
      const tokenizer =
        loaded.get(name) ??
        readTiktoken(bytes(`kitoken/tiktoken/${ranks[name]}.tiktoken`), { pattern: name });
      loaded.set(name, tokenizer);
      const sample = plan.text ?? plan.Sample;
      expect(tokenizer.encode(sample, { allowedSpecial: 'all' }), sample.slice(0, 60)).toEqual(
        plan.ids ?? plan.Encoded,
      );
      checked++;
    }
    expect(checked).toBeGreaterThan(0);
  });

  it('GPT-2 from vocab.json and merges.txt equals GPT-2 from tokenizer.json', () => {
    const old = readVocabAndMerges(text('gpt2_vocab.json'), text('gpt2_merges.txt'));
    const lines = text('kitoken/small_input.txt').split('\n');
    const json = readTokenizerJson(text('kitoken/tokenizers/gpt2.json'));
    for (const line of lines) expect(old.encode(line)).toEqual(json.encode(line));
  });
});
