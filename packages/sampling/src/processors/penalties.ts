// Repetition (Keskar et al. 2019, arXiv 1909.05858), frequency and presence penalties (OpenAI) in one pass, as
// llama.cpp has them. Whom they count is an option, because peers differ: llama.cpp the last 64 ids with the prompt,
// Hugging Face all ids, vLLM all for repetition and the output for the rest.
import { checkInteger, checkKnown, checkNumber } from '../check.ts';
import type { Processor } from '../processor.ts';
import { setValue, slotOf } from '../row.ts';

/** Which ids are counted: the whole sequence, or what was generated. */
export type PenaltyScope = 'all' | 'output';

/** Options of {@link penalties}. */
export interface PenaltiesOptions {
  /** r > 0: a seen token's logit is divided by r when positive, multiplied when not; 1 (default) is off. */
  readonly repetition?: number;
  /** Subtracted once for every occurrence; default 0. */
  readonly frequency?: number;
  /** Subtracted once for a seen token; default 0. */
  readonly presence?: number;
  /** Only the last so many ids are looked at, >= 1; default all. */
  readonly lastN?: number;
  /** What counts for repetition; default `'all'`. */
  readonly repetitionScope?: PenaltyScope;
  /** What counts for frequency and presence; default `'all'`. */
  readonly frequencyScope?: PenaltyScope;
}

/**
 * Once for each seen token: `l = l > 0 ? l / r : l r`, then `l -= count frequency + presence`.
 *
 * @throws RangeError when repetition is not > 0 or a penalty is not finite.
 */
export function penalties(options: PenaltiesOptions): Processor {
  checkKnown('penalties', options, [
    'repetition',
    'frequency',
    'presence',
    'lastN',
    'repetitionScope',
    'frequencyScope',
  ]);
  const repetition = checkNumber(
    'repetitionPenalty',
    options.repetition ?? 1,
    '0 < penalty < Infinity',
    (x) => x > 0 && x < Infinity,
  );
  const frequency = checkNumber(
    'frequencyPenalty',
    options.frequency ?? 0,
    'a finite number',
    Number.isFinite,
  );
  const presence = checkNumber('presencePenalty', options.presence ?? 0, 'a finite number', Number.isFinite);
  const lastN = options.lastN === undefined ? undefined : checkInteger('penaltyLastN', options.lastN, 1);
  const repetitionScope = checkScope('repetitionScope', options.repetitionScope);
  const frequencyScope = checkScope('frequencyScope', options.frequencyScope);
  // Scratch by id, all zero between calls; it is no memory of the sequence and copies may share it.
  let seen = new Int32Array(0);
  let counted = new Int32Array(0);
  return {
    name: 'penalties',
    options: { repetition, frequency, presence, lastN, repetitionScope, frequencyScope },
    argmaxInvariant: false,
    onlyLowers: repetition >= 1 && frequency >= 0 && presence >= 0,
    process(row, { history }) {
      if (seen.length < row.vocabSize) {
        seen = new Int32Array(row.vocabSize);
        counted = new Int32Array(row.vocabSize);
      }
      const { tokens, length, promptLength } = history;
      const from = lastN === undefined ? 0 : Math.max(0, length - lastN);
      const repetitionFrom = repetitionScope === 'all' ? from : Math.max(from, promptLength);
      const frequencyFrom = frequencyScope === 'all' ? from : Math.max(from, promptLength);
      for (let i = from; i < length; i++) {
        const id = tokens[i];
        if (id >= row.vocabSize) continue;
        if (i >= repetitionFrom) seen[id] = 1;
        if (i >= frequencyFrom) counted[id]++;
      }
      for (let i = from; i < length; i++) {
        const id = tokens[i];
        if (id >= row.vocabSize || (seen[id] === 0 && counted[id] === 0)) continue;
        const slot = slotOf(row, id);
        if (slot >= 0) {
          let value = row.values[slot];
          if (seen[id] === 1) value = value > 0 ? value / repetition : value * repetition;
          if (counted[id] > 0) value -= counted[id] * frequency + presence;
          setValue(row, slot, value);
        }
        seen[id] = 0;
        counted[id] = 0;
      }
    },
  };
}

function checkScope(name: string, scope: PenaltyScope = 'all'): PenaltyScope {
  if (scope !== 'all' && scope !== 'output')
    throw new RangeError(`${name}: expected 'all' or 'output', got ${String(scope)}`);
  return scope;
}
