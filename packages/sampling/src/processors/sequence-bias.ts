// A bias on a sequence of ids acts on its last id when the ids before it have just been written. Bad words are the
// bias -Infinity. (Hugging Face asks for a context as long as the sequence; here the prefix is enough.)
import { checkIds, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { checkInVocabulary, type Row, setValue, slotOf } from '../row.ts';
import type { TokenHistory } from '../token-history.ts';

/** Options of {@link sequenceBias}. */
export interface SequenceBiasOptions {
  /** Sequences of at least one id, each with what is added to the logit of its last id. */
  readonly biases: readonly (readonly [ids: readonly number[], bias: number])[];
}

/** Options of {@link badWords}. */
export interface BadWordsOptions {
  /** Sequences of at least one id that must not be written. */
  readonly sequences: readonly (readonly number[])[];
}

/**
 * `l[last] += bias` for every sequence whose other ids end the history.
 *
 * @throws RangeError for an empty sequence, a bias that is NaN or +Infinity, and while sampling for an id outside
 *   the vocabulary.
 */
export function sequenceBias(options: SequenceBiasOptions): Processor {
  checkKnown('sequenceBias', options, ['biases']);
  const biases = options.biases.map(([ids, bias]) => ({
    ids: checkSequence('sequenceBias', ids),
    bias: checkNumber('sequenceBias', bias, 'a number below Infinity', (x) => x < Infinity),
  }));
  return {
    name: 'sequenceBias',
    options: { biases: options.biases },
    argmaxInvariant: false,
    onlyLowers: biases.every(({ bias }) => bias <= 0),
    forbids: biases.some(({ bias }) => bias === -Infinity),
    process(row, { history }) {
      for (const { ids, bias } of biases) addBias('sequenceBias', row, history, ids, bias);
    },
  };
}

/**
 * `l[last] = -Infinity` for every sequence whose other ids end the history.
 *
 * @throws RangeError for an empty sequence, and while sampling for an id outside the vocabulary.
 */
export function badWords(options: BadWordsOptions): Processor {
  checkKnown('badWords', options, ['sequences']);
  const sequences = options.sequences.map((ids) => checkSequence('badWords', ids));
  return {
    name: 'badWords',
    options: { sequences: options.sequences },
    argmaxInvariant: false,
    onlyLowers: true,
    forbids: true,
    process(row, { history }) {
      for (const ids of sequences) addBias('badWords', row, history, ids, -Infinity);
    },
  };
}

function checkSequence(name: string, ids: readonly number[]): Int32Array {
  if (ids.length === 0)
    throw new RangeError(`${name}: expected sequences of at least one id, got an empty one`);
  return checkIds(name, ids);
}

function addBias(step: string, row: Row, history: TokenHistory, ids: Int32Array, bias: number): void {
  const prefix = ids.length - 1;
  for (let i = 0; i < ids.length; i++) checkInVocabulary(step, ids[i], row);
  if (prefix > history.length) return;
  for (let i = 0; i < prefix; i++) if (history.tokens[history.length - prefix + i] !== ids[i]) return;
  const slot = slotOf(row, ids[prefix]);
  if (slot >= 0) setValue(row, slot, row.values[slot] + bias);
}
