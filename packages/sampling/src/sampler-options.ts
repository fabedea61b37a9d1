// The flat options of `sampler`, named as the field names them, and the list of processors they stand for in a given order.
import { checkKnown } from './check.ts';
import type { Processor } from './processor.ts';
import { minP } from './processors/min-p.ts';
import { temperature } from './processors/temperature.ts';
import { topK } from './processors/top-k.ts';
import { topP } from './processors/top-p.ts';
import type { UniformSource } from './random.ts';

/** Options of {@link sampler}; what is not given is off. */
export interface SamplerOptions {
  /** Divide logits by this; 0 keeps only the most likely token. */
  readonly temperature?: number;
  /** Keep the k most likely. */
  readonly topK?: number;
  /** Keep the fewest most likely tokens with this mass. */
  readonly topP?: number;
  /** Keep what is at least this times as likely as the most likely. */
  readonly minP?: number;
  /** The most likely token of what the steps leave, without chance; default false. */
  readonly greedy?: boolean;
  /** The seed of all randomness, an integer in [0, 2^64); default 0. */
  readonly seed?: number | bigint;
  /** Another source of uniforms instead of a seed. */
  readonly random?: UniformSource;
  /** The row of the batch, part of every random number's key; default 0. */
  readonly lane?: number;
}

const known = ['temperature', 'topK', 'topP', 'minP', 'greedy', 'seed', 'random', 'lane'];

/** The processors that the options ask for, in order. */
export function processorsOf(options: SamplerOptions): Processor[] {
  checkKnown('sampler', options, known);
  const list: Processor[] = [];
  if (options.temperature !== undefined) list.push(temperature({ temperature: options.temperature }));
  if (options.topK !== undefined) list.push(topK({ k: options.topK }));
  if (options.topP !== undefined) list.push(topP({ p: options.topP }));
  if (options.minP !== undefined) list.push(minP({ p: options.minP }));
  return list;
}
