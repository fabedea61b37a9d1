// Learns a unigram vocabulary (Kudo 2018): begin with many substrings, fit their probabilities by expectation maximisation over all segmentations, drop
// those whose loss costs the likelihood least, and repeat down to the size wanted. The steps, thresholds and the sparse prior (digamma) are those of
// SentencePiece and Hugging Face tokenizers.
import { decodeUtf8, encodeUtf8 } from '../unicode/utf8.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import type { PieceCounts } from './piece-counts.ts';
import { substringSeeds } from './substring-seeds.ts';
import { checkVocabSize, type TrainingOptions } from './training-options.ts';
import { UnigramLattice } from './unigram-lattice.ts';

/** What `trainUnigram` may be told. */
export interface UnigramTrainerOptions extends TrainingOptions {
  /** The unknown token; put first unless it is among `specialTokens`. Default '<unk>'. */
  readonly unkToken?: string;
  /** Share of the vocabulary that a pruning round keeps; default 0.75. */
  readonly shrinkingFactor?: number;
  /** Rounds of expectation maximisation between prunings; default 2. */
  readonly subIterations?: number;
  /** Longest token in characters; default 16. */
  readonly maxPieceLength?: number;
  /** Substrings to begin with; default 1,000,000. */
  readonly seedSize?: number;
}

/** What training gives: tokens and log-probabilities by id, and the id of the unknown token. */
export interface UnigramTraining {
  readonly pieces: readonly (readonly [token: string, score: number])[];
  readonly unkId: number;
}

const OPTIONS = [
  ...[
    'vocabSize',
    'specialTokens',
    'onProgress',
    'signal',
    'unkToken',
    'shrinkingFactor',
    'subIterations',
    'maxPieceLength',
    'seedSize',
  ],
];

interface Word {
  readonly bytes: Uint8Array;
  readonly count: number;
}

interface Vocabulary {
  readonly texts: string[];
  readonly scores: Float64Array;
}

/**
 * Learns a unigram vocabulary of `vocabSize` tokens. Throws a RangeError when the characters alone are more than that.
 *
 * @example
 * ```ts
 * import { PieceCounts, trainUnigram } from '@ashlar/tokenizer';
 *
 * const counts = new PieceCounts();
 * for (const [word, times] of [['walk', 9], ['walked', 7], ['talk', 8], ['talked', 6]] as const) counts.add(word, times);
 * const { pieces } = trainUnigram(counts, { vocabSize: 12 });
 * pieces[0] // => ['<unk>', 0]
 * pieces.some(([token]) => token.endsWith('alk')) // => true
 * ```
 */
export function trainUnigram(counts: PieceCounts, options: UnigramTrainerOptions): UnigramTraining {
  refuseUnknownOptions('trainUnigram', options, OPTIONS);
  checkVocabSize(options.vocabSize);
  const {
    vocabSize,
    shrinkingFactor = 0.75,
    subIterations = 2,
    maxPieceLength = 16,
    seedSize = 1_000_000,
  } = options;
  if (!(shrinkingFactor > 0 && shrinkingFactor < 1))
    throw new RangeError(`shrinkingFactor: expected 0 < f < 1, got ${shrinkingFactor}`);
  const words = [...counts.entries()].map(({ bytes, count }): Word => ({ bytes: bytes.slice(), count }));
  const characters = characterCounts(words);
  if (characters.size > vocabSize)
    throw new RangeError(`vocabSize: expected at least the ${characters.size} characters, got ${vocabSize}`);
  let vocabulary = seed(words, characters, maxPieceLength, seedSize);
  const wanted = Math.floor((vocabSize * 11) / 10);
  for (let round = 0; ; round++) {
    for (let i = 0; i < subIterations; i++) {
      options.signal?.throwIfAborted();
      vocabulary = maximize(vocabulary, expect(vocabulary, words));
      options.onProgress?.({ stage: 'expectation', done: round * subIterations + i + 1 });
    }
    if (vocabulary.texts.length <= wanted) break;
    const before = vocabulary.texts.length;
    vocabulary = prune(vocabulary, words, Math.max(wanted, Math.floor(before * shrinkingFactor)));
    options.onProgress?.({ stage: 'prune', done: vocabulary.texts.length, of: wanted });
    if (vocabulary.texts.length === before) break;
  }
  return finish(vocabulary, characters, options);
}

function characterCounts(words: readonly Word[]): Map<string, number> {
  const seen = new Map<string, number>();
  for (const { bytes, count } of words)
    for (const char of decodeUtf8(bytes)) seen.set(char, (seen.get(char) ?? 0) + count);
  return seen;
}

function seed(
  words: readonly Word[],
  characters: Map<string, number>,
  maxLength: number,
  limit: number,
): Vocabulary {
  const byCount = [...characters].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? 1 : -1));
  const substrings = substringSeeds(
    words.map((w) => decodeUtf8(w.bytes)),
    maxLength,
    Math.max(0, limit - byCount.length),
  );
  const texts = ['', ...byCount.map(([char]) => char), ...substrings.map((s) => s.text)];
  const weights = [0, ...byCount.map(([, count]) => count), ...substrings.map((s) => s.score)];
  const sum = Math.log(weights.reduce((a, b) => a + b, 0));
  return { texts, scores: Float64Array.from(weights, (w) => Math.log(w) - sum) };
}

function expect({ texts, scores }: Vocabulary, words: readonly Word[]): Float64Array {
  const lattice = new UnigramLattice(texts, scores);
  const expected = new Float64Array(texts.length);
  for (const { bytes, count } of words) lattice.addExpected(bytes, count, expected);
  return expected;
}

/** Entry 0 stays; tokens expected less than half a time go. */
function maximize({ texts }: Vocabulary, expected: Float64Array): Vocabulary {
  const kept: number[] = [];
  let sum = 0;
  for (let id = 1; id < texts.length; id++) {
    if (expected[id] < 0.5) continue;
    kept.push(id);
    sum += expected[id];
  }
  const total = digamma(sum);
  return {
    texts: ['', ...kept.map((id) => texts[id])],
    scores: Float64Array.from([Number.NaN, ...kept.map((id) => digamma(expected[id]) - total)]),
  };
}

function prune({ texts, scores }: Vocabulary, words: readonly Word[], size: number): Vocabulary {
  const lattice = new UnigramLattice(texts, scores);
  const alternatives: number[][] = texts.map(() => []);
  const keep = new Uint8Array(texts.length).fill(1);
  for (let id = 1; id < texts.length; id++) {
    const bytes = encodeUtf8(texts[id]);
    const other = lattice.best(bytes, id);
    if (other === undefined) continue;
    // A token that its own parts beat is of no use; one that they do not has them as its alternative.
    if (other.score > scores[id]) keep[id] = 0;
    else alternatives[id] = other.ids;
  }
  const frequency = new Float64Array(texts.length);
  const occurs = new Float64Array(texts.length); // sum of the counts of the words it is in, once an occurrence
  let all = 0;
  for (const { bytes, count } of words) {
    all += count;
    for (const id of lattice.best(bytes)?.ids ?? []) {
      frequency[id] += count;
      occurs[id] += count;
    }
  }
  const sum = frequency.reduce((a, b) => a + b, 0);
  const logSum = Math.log(sum);
  const kept: number[] = [];
  const candidates: { id: number; loss: number }[] = [];
  for (let id = 1; id < texts.length; id++) {
    if (frequency[id] === 0 && !keep[id]) continue;
    if (alternatives[id].length === 0) {
      kept.push(id);
      continue;
    }
    if (occurs[id] === 0) continue;
    const others = alternatives[id];
    // The references multiply by the size of the vocabulary where the formula says the number of parts; so do we, to be equal
    const logSumWithout = Math.log(sum + frequency[id] * (alternatives.length - 1));
    let without = 0;
    for (const other of others) without += Math.log(frequency[other] + frequency[id]) - logSumWithout;
    candidates.push({ id, loss: (occurs[id] / all) * (Math.log(frequency[id]) - logSum - without) });
  }
  candidates.sort((a, b) => b.loss - a.loss || a.id - b.id);
  for (const { id } of candidates) {
    if (kept.length + 1 >= size) break;
    kept.push(id);
  }
  return {
    texts: ['', ...kept.map((id) => texts[id])],
    scores: Float64Array.from([Number.NaN, ...kept.map((id) => scores[id])]),
  };
}

/** Every character is in; the rest by score up to the size wanted; control tokens first. */
function finish(
  { texts, scores }: Vocabulary,
  characters: Map<string, number>,
  options: UnigramTrainerOptions,
): UnigramTraining {
  const { vocabSize, specialTokens = [], unkToken = '<unk>' } = options;
  const known = new Map<string, number>();
  let least = Number.POSITIVE_INFINITY;
  for (let id = 1; id < texts.length; id++) {
    known.set(texts[id], scores[id]);
    least = Math.min(least, scores[id]);
  }
  let penalty = 0;
  const pieces: [string, number][] = [];
  const inserted = new Set<string>();
  for (const char of [...characters.keys()].sort()) {
    const score = known.get(char);
    pieces.push([char, score ?? least + penalty]);
    if (score === undefined) penalty += 0.0001;
    inserted.add(char);
  }
  const specials = specialTokens.includes(unkToken) ? [...specialTokens] : [unkToken, ...specialTokens];
  const room = vocabSize - specials.length;
  for (const [text, score] of known) {
    if (pieces.length >= room) break;
    if (!inserted.has(text)) pieces.push([text, score]);
  }
  pieces.sort((a, b) => b[1] - a[1]);
  return {
    pieces: [...specials.map((text): [string, number] => [text, 0]), ...pieces],
    unkId: specials.indexOf(unkToken),
  };
}

/** The logarithmic derivative of the gamma function, by recurrence and its asymptotic series. */
function digamma(value: number): number {
  let x = value;
  let result = 0;
  for (; x < 7; x++) result -= 1 / x;
  x -= 0.5;
  const square = 1 / (x * x);
  const fourth = square * square;
  return (
    result +
    Math.log(x) +
    (1 / 24) * square -
    (7 / 960) * fourth +
    (31 / 8064) * fourth * square -
    (127 / 30720) * fourth * fourth
  );
}
