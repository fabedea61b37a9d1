// What Hugging Face's trainers learn from the same lines (scripts/trainer-fixture.py).
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { preTokenizerFromJson } from '../formats/stages-from-json.ts';
import { countPieces } from './count-pieces.ts';
import { trainUnigram } from './unigram-trainer.ts';
import { trainWordPiece } from './word-piece-trainer.ts';

const { lines, unigram, wordPiece } = JSON.parse(
  readFileSync(new URL('fixtures/hugging-face.json', import.meta.url), 'utf8'),
) as { lines: string[]; unigram: [string, number][]; wordPiece: string[] };

const sorted = (tokens: Iterable<string>): string[] => [...tokens].sort();

it('Unigram: the same tokens with the same scores', async () => {
  const pre = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true };
  const counts = await countPieces(lines, { preTokenizer: preTokenizerFromJson(pre) });
  const { pieces } = trainUnigram(counts, { vocabSize: unigram.length });
  expect(sorted(pieces.map(([text]) => text))).toEqual(sorted(unigram.map(([text]) => text)));
  const scores = new Map(unigram);
  // Characters that fell out come back with a penalty by their place in an order that is random there: steps of 0.0001
  for (const [text, score] of pieces) expect(Math.abs(score - scores.get(text)!), text).toBeLessThan(0.01);
});

it('WordPiece: the same tokens', async () => {
  const counts = await countPieces(lines, {
    preTokenizer: preTokenizerFromJson({ type: 'BertPreTokenizer' }),
  });
  const tokens = trainWordPiece(counts, { vocabSize: 400, specialTokens: ['[UNK]'], minFrequency: 2 });
  expect(sorted(tokens)).toEqual(sorted(wordPiece));
});
