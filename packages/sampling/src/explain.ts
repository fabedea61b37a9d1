// Why a token cannot be drawn: the chain is run on a copy, and after each step the candidates that are gone are booked
// to it, with the probability that they had just before.
import type { Chain } from './chain.ts';
import { EmptySupportError } from './errors.ts';
import type { StepContext } from './processor.ts';
import { createRow, idAt, type Logits, loadRow, weigh } from './row.ts';

/** What one step did. */
export interface ExplainedStep {
  /** The step's name. */
  readonly step: string;
  /** How many candidates it removed. */
  readonly removed: number;
  /** Their probability before the step. */
  readonly removedMass: number;
  /** How many are left. */
  readonly survivors: number;
  /** The entropy of what is left, in nats. */
  readonly entropy: number;
}

/** What a chain did to one row. */
export interface Explanation {
  /** The steps in order. */
  readonly steps: readonly ExplainedStep[];
  /** The share of the raw distribution that the survivors had. */
  readonly keptMass: number;
  /**
   * The name of the step that removed the id; `'input'` when its raw logit was -Infinity; undefined when it can be
   * drawn.
   */
  removedBy(id: number): string | undefined;
}

/** Runs the chain on a copy of the logits and books what each step removes. */
export function explainChain(chain: Chain, logits: Logits, context: StepContext): Explanation {
  const row = createRow();
  loadRow(row, logits.slice());
  const size = row.vocabSize;
  const fate = new Int16Array(size).fill(-1); // -1 alive, 0 input, i + 1 removed by step i
  const before = new Float64Array(size);
  const probabilities = (): Float64Array => {
    const p = new Float64Array(size);
    const total = weigh(row);
    for (let slot = 0; slot < row.n; slot++) p[idAt(row, slot)] = row.weights[slot] / total;
    return p;
  };
  for (let id = 0; id < size; id++) if (logits[id] === -Infinity) fate[id] = 0;
  const raw = rawLaw(chain, probabilities, size);
  before.set(raw);
  const steps: ExplainedStep[] = [];
  chain.processors.forEach((processor, index) => {
    processor.process(row, context);
    if (row.n === 0) throw new EmptySupportError(processor.name);
    const after = probabilities();
    let removed = 0;
    let removedMass = 0;
    let survivors = 0;
    let entropy = 0;
    const alive = new Uint8Array(size);
    for (let slot = 0; slot < row.n; slot++) if (row.values[slot] > -Infinity) alive[idAt(row, slot)] = 1;
    for (let id = 0; id < size; id++) {
      if (alive[id] === 1) {
        survivors++;
        if (after[id] > 0) entropy -= after[id] * Math.log(after[id]);
      } else if (fate[id] === -1) {
        fate[id] = index + 1;
        removed++;
        removedMass += before[id];
      }
    }
    before.set(after);
    steps.push({ step: processor.name, removed, removedMass, survivors, entropy });
  });
  let keptMass = 0;
  for (let id = 0; id < size; id++) if (fate[id] === -1) keptMass += raw[id];
  return {
    steps,
    keptMass,
    removedBy(id) {
      if (!(id >= 0 && id < size)) throw new RangeError(`id: expected 0 <= id < ${size}, got ${id}`);
      if (fate[id] === -1) return undefined;
      return fate[id] === 0 ? 'input' : chain.processors[fate[id] - 1].name;
    },
  };
}

/** The law before the first step; of a broken row that a step will repair nothing is known. */
function rawLaw(chain: Chain, probabilities: () => Float64Array, size: number): Float64Array {
  try {
    return probabilities();
  } catch (error) {
    if (chain.processors.some((step) => step.name === 'dropInvalid')) return new Float64Array(size);
    throw error;
  }
}
