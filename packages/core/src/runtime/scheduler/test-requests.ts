// What the laws of the scheduler share: a sampler that depends on all that it was told, and how steps are read.
import type { GenerateStep } from '../../generate/generate.ts';
import type { TokenSampler } from '../../generate/token-seams.ts';
import type { hashModel } from './hash-model.ts';

/** Draws from the softmax with a stream of its own, and depends on all that it was told. */
export function seeded(seed: number): TokenSampler {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    accept: (id) => {
      state = (state ^ Math.imul(id + 1, 2654435761)) >>> 0;
    },
    sample(row) {
      const sum = row.reduce((total, value) => total + Math.exp(value), 0);
      let left = next() * sum;
      for (let id = 0; id < row.length; id++) {
        left -= Math.exp(row[id]);
        row[id] = 0;
        if (left < 0) return { id };
      }
      return { id: row.length - 1 };
    },
  };
}

/** All steps; `pause` is awaited after each. */
export async function collect(
  steps: AsyncIterable<GenerateStep>,
  pause: () => Promise<void> = async () => {},
) {
  const list: GenerateStep[] = [];
  for await (const step of steps) {
    list.push(step);
    await pause();
  }
  return list;
}

/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
export const idsOf = (steps: readonly GenerateStep[]) => steps.map(({ id }) => id);
export const free = (model: ReturnType<typeof hashModel>) => model.cache.pool.free;
/** A prompt's beginning that several requests share. */
export const common = Array.from({ length: 22 }, (_, i) => 4 + (i % 7));
