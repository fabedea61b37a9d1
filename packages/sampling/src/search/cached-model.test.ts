import { expect, it } from 'vitest';
import { sampler } from '../sampler.ts';
import { draftModel } from '../speculation/draft-model.ts';
import { speculativeGenerate } from '../speculation/speculative-generate.ts';
import { suffixLookup } from '../speculation/suffix-lookup.ts';
import { beamSearch } from './beam-search.ts';
import { type CachedModel, type CachedSequence, cachedModel } from './cached-model.ts';

/** A model whose logits are a hash of the whole prefix, and which counts its live caches and the ids it computes. */
function hashModel(withStepAll: boolean, size = 7) {
  const counts = { live: 0, computed: 0, passes: 0 };
  const logits = (ids: readonly number[]): Float32Array => {
    let h = 7;
    for (const id of ids) h = (Math.imul(h, 31) + id + 1) >>> 0;
    return Float32Array.from({ length: size }, (_, id) => (Math.imul(h + id, 2654435761) >>> 0) / 2 ** 30);
  };
  class Cache implements CachedSequence {
    ids: number[];
    constructor(ids: number[]) {
      this.ids = ids;
      counts.live++;
    }
    fork(): Cache {
      return new Cache([...this.ids]);
    }
    truncate(length: number): void {
      expect(length).toBeLessThanOrEqual(this.ids.length);
      this.ids.length = length;
    }
    dispose(): void {
      counts.live--;
    }
  }
  const all = (sequence: Cache, ids: ArrayLike<number>): Float32Array[] => {
    expect(ids.length).toBeGreaterThan(0);
    return Array.from(ids, (id) => {
      counts.computed++;
      sequence.ids.push(id);
      return logits(sequence.ids);
    });
  };
  const model: CachedModel<Cache> = {
    newSequence: () => new Cache([]),
    step: async (requests) => {
      counts.passes++;
      return requests.map(({ sequence, ids }) => all(sequence, ids).at(-1) as Float32Array);
    },
    ...(withStepAll && {
      stepAll: async (requests) => {
        counts.passes++;
        return requests.map(({ sequence, ids }) => all(sequence as Cache, ids));
      },
    }),
  };
  return { model, counts, plain: { nextLogits: logits } };
}

for (const withStepAll of [false, true]) {
  it(`speculation over caches writes what it writes without (${withStepAll ? 'stepAll' : 'forks'})`, async () => {
    for (const options of [{ greedy: true }, { seed: 5, temperature: 1.5 }]) {
      const { model, counts, plain } = hashModel(withStepAll);
      const draft = hashModel(withStepAll);
      const run = async (target: Parameters<typeof speculativeGenerate>[0]) => {
        const ids: number[] = [];
        const proposer = draftModel(draft.plain, sampler(options));
        const stream = speculativeGenerate(target, [1, 2, 3], {
          sampler: sampler(options),
          proposer,
          maxNewTokens: 30,
          draft: 4,
        });
        for await (const { id } of stream) ids.push(id);
        return ids;
      };
      const cached = cachedModel(model);
      const ids = await run(cached);
      expect(ids).toHaveLength(30);
      expect(ids).toEqual(await run(plain));
      expect(counts.passes).toBeLessThan(30);
      expect(counts.live).toBe(1);
      cached.dispose();
      expect(counts.live).toBe(0);
    }
  });

  it(`beams over caches are the beams without, and compute each id once (${withStepAll})`, async () => {
    const { model, counts, plain } = hashModel(withStepAll);
    const cached = cachedModel(model);
    const options = { beams: 4, maxNewTokens: 8, eosTokenIds: [0] };
    expect(await beamSearch(cached, [1, 2, 3], options)).toEqual(await beamSearch(plain, [1, 2, 3], options));
    expect(counts.computed).toBeLessThanOrEqual(3 + 4 * 7);
    cached.dispose();
    expect(counts.live).toBe(0);
  });
}

it('speculation that copies a looping text needs few passes', async () => {
  const period = [4, 2, 6, 1, 5];
  const logits = (length: number): Float32Array =>
    Float32Array.from({ length: 7 }, (_, id) => (id === period[length % 5] ? 9 : 0));
  let passes = 0;
  const target = {
    nextLogits: (prefix: readonly number[]) => logits(prefix.length),
    nextLogitsOf: (prefixes: readonly (readonly number[])[]) => {
      passes++;
      return prefixes.map((prefix) => logits(prefix.length));
    },
  };
  const ids: number[] = [];
  const options = {
    sampler: sampler({ greedy: true }),
    proposer: suffixLookup(),
    maxNewTokens: 40,
    draft: 8,
  };
  for await (const token of speculativeGenerate(target, [4, 2, 6, 1, 5, 4], options)) ids.push(token.id);
  expect(ids).toEqual(Array.from({ length: 40 }, (_, i) => period[(i + 6) % 5]));
  expect(passes).toBeLessThan(8);
});
