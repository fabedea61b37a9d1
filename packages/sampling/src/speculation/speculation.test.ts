import { expect, it } from 'vitest';
import { enumerateLaw, fits, subsetSums } from '../laws/contract.ts';
import type { UniformSource } from '../random.ts';
import { type SamplerOptions, sampler } from '../sampler.ts';
import type { SequenceModel } from '../search/sequence-model.ts';
import { draftModel } from './draft-model.ts';
import { promptLookup } from './prompt-lookup.ts';
import type { Proposer } from './proposer.ts';
import { expectedAcceptance, speculativeStep } from './speculative-step.ts';
import { suffixLookup } from './suffix-lookup.ts';
import { drawResidual, keepsDraft } from './verify-draft.ts';

const model = (law: (prefix: readonly number[]) => readonly number[]): SequenceModel => ({
  nextLogits: (prefix) => Float64Array.from(law(prefix), Math.log),
});
const residualSums = (p: readonly number[], q: readonly number[]): number[] => {
  const r = p.map((x, i) => Math.max(0, x - q[i]));
  const z = r.reduce((a, b) => a + b, 0);
  return z > 0 ? subsetSums(r.map((x) => x / z)) : [];
};
const ratios = (p: readonly number[], q: readonly number[]): number[] =>
  p.map((x, i) => (q[i] > 0 ? Math.min(1, x / q[i]) : 1));

// Laws that depend on the position alone, with zeros, q = p, and q one-hot.
const target = [
  [0.5, 0.3, 0.2],
  [0.1, 0, 0.9],
  [1 / 3, 1 / 3, 1 / 3],
];
const drafts: Record<string, number[][]> = {
  'another law': [
    [0.2, 0.7, 0.1],
    [0.5, 0.25, 0.25],
    [0.6, 0.4, 0],
  ],
  'the same law': target,
  'a certain guess': [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
};
const options: SamplerOptions[] = [
  {},
  { temperature: 0.7, topK: 2 },
  { topP: 0.75 },
  { logitBias: { 1: 1.5 }, minP: 0.3 },
];

for (const [name, draft] of Object.entries(drafts))
  for (const steps of options) {
    it(`with ${name} and ${JSON.stringify(steps)}, 2 guesses: two ids have the target's law to 1e-12`, async () => {
      const p = model((prefix) => target[prefix.length] ?? target[2]);
      const q = model((prefix) => draft[prefix.length] ?? draft[2]);
      const laws = (m: SequenceModel) =>
        [0, 1, 2].map((n) => [...sampler(steps).law(m.nextLogits(new Array(n).fill(0)) as Float64Array)]);
      const [ps, qs] = [laws(p), laws(q)];
      const law = await enumerateLaw(
        async (random) => {
          const s = sampler({ ...steps, random });
          const proposer = draftModel(q, sampler({ ...steps, random }));
          while (s.ids().length < 2) await speculativeStep(p, [{ sampler: s, proposer, draft: 2 }]);
          return s.ids().slice(0, 2).join();
        },
        (stream, position) => {
          const [a, b] = [ps[Math.min(position, 2)], qs[Math.min(position, 2)]];
          // What comes after the second id does not matter: one interval is enough there.
          if (position >= 2) return [];
          if (stream === 'draft') return subsetSums(b);
          if (stream === 'accept') return ratios(a, b);
          return stream === 'residual' ? residualSums(a, b) : subsetSums(a);
        },
      );
      for (let x = 0; x < 3; x++)
        for (let y = 0; y < 3; y++)
          expect(Math.abs((law.get(`${x},${y}`) ?? 0) - ps[0][x] * ps[1][y])).toBeLessThan(1e-12);
    });
  }

it('with laws that depend on the prefix, two ids have the joint law to 1e-12', async () => {
  const p = (prefix: readonly number[]) =>
    prefix.length === 0 ? [0.3, 0.7] : prefix[0] === 0 ? [0.9, 0.1] : [0.25, 0.75];
  const q = (prefix: readonly number[]) =>
    prefix.length === 0 ? [0.6, 0.4] : prefix[0] === 0 ? [0.2, 0.8] : [0.5, 0.5];
  const contexts = [[0], [1]];
  const law = await enumerateLaw(
    async (random) => {
      const s = sampler({ random });
      const proposer = draftModel(model(q), sampler({ random }));
      while (s.ids().length < 2) await speculativeStep(model(p), [{ sampler: s, proposer, draft: 2 }]);
      return s.ids().slice(0, 2).join();
    },
    (stream, position) => {
      if (position >= 2) return [];
      return (position === 0 ? [[]] : contexts).flatMap((c) => {
        if (stream === 'draft') return subsetSums(q(c));
        if (stream === 'accept') return ratios(p(c), q(c));
        return stream === 'residual' ? residualSums(p(c), q(c)) : subsetSums(p(c));
      });
    },
  );
  for (const x of [0, 1])
    for (const y of [0, 1]) expect(law.get(`${x},${y}`)).toBeCloseTo(p([])[x] * p([x])[y], 12);
});

it('look-ups have the target law to 1e-12, history processors included', async () => {
  // A penalty makes the law depend on the text; the proposer copies from the prompt.
  const steps: SamplerOptions = { repetitionPenalty: 1.7, topK: 2 };
  const base = [0.2, 0.5, 0.3];
  const prompt = [0, 1, 2, 0, 1];
  const start = (random: UniformSource) => {
    const s = sampler({ ...steps, random });
    for (const id of prompt) s.accept(id);
    return s;
  };
  const first = start({ uniform: () => 0.5 }).law(Float64Array.from(base, Math.log));
  const after = [0, 1, 2].map((id) => {
    const s = start({ uniform: () => 0.5 });
    s.accept(id, first[id]);
    return [...s.law(Float64Array.from(base, Math.log))];
  });
  for (const make of [promptLookup, suffixLookup]) {
    const law = await enumerateLaw(
      async (random) => {
        const s = start(random);
        const proposer = make();
        proposer.observe(prompt);
        while (s.ids().length < prompt.length + 2)
          await speculativeStep(
            model(() => base),
            [{ sampler: s, proposer, draft: 3 }],
          );
        return s
          .ids()
          .slice(prompt.length, prompt.length + 2)
          .join();
      },
      (stream, position) => {
        if (position >= prompt.length + 2) return [];
        const laws = position === prompt.length ? [[...first]] : after;
        return laws.flatMap((p) => {
          if (stream === 'accept') return p;
          if (stream === 'draw') return subsetSums(p);
          return [0, 1, 2].flatMap((guess) =>
            residualSums(
              p,
              [0, 1, 2].map((id) => (id === guess ? 1 : 0)),
            ),
          );
        });
      },
    );
    for (const x of [0, 1, 2])
      for (const y of [0, 1, 2])
        expect(Math.abs((law.get(`${x},${y}`) ?? 0) - first[x] * after[x][y])).toBeLessThan(1e-12);
  }
});

it('accepts a guess as often as sum min(p, q): 6,000 rows in batches, alpha 1e-6', async () => {
  const [p, q] = [target[0], drafts['another law'][0]];
  let accepted = 0;
  const counts = [0, 0, 0];
  const n = 6_000;
  for (let lane = 0; lane < n; lane += 500) {
    const rows = Array.from({ length: 500 }, (_, i) => {
      const s = sampler({ seed: 4, lane: lane + i });
      return {
        sampler: s,
        proposer: draftModel(
          model(() => q),
          s.clone(),
        ),
        draft: 1,
      };
    });
    for (const result of await speculativeStep(
      model(() => p),
      rows,
    )) {
      accepted += result.accepted;
      counts[result.ids[0]]++;
    }
  }
  const rate = expectedAcceptance(p, q);
  expect(rate).toBeCloseTo(0.6, 12);
  expect(Math.abs(accepted - n * rate)).toBeLessThan(4.9 * Math.sqrt(n * rate * (1 - rate)));
  expect(fits(counts, p)).toBe(true);
});

it('a row of a batch gets the ids that it gets alone, and all rows are scored in one pass', async () => {
  const p = (prefix: readonly number[]) => target[prefix.length % 3];
  let passes = 0;
  const batched: SequenceModel = {
    ...model(p),
    nextLogitsOf: (prefixes) => {
      passes++;
      return prefixes.map((prefix) => Float64Array.from(p(prefix), Math.log));
    },
  };
  const row = (lane: number) => {
    const s = sampler({ seed: 8, lane });
    return { sampler: s, proposer: draftModel(model(p), s.clone()), draft: lane };
  };
  const together = await speculativeStep(batched, [0, 1, 2, 3].map(row));
  expect(passes).toBe(1);
  for (const lane of [0, 1, 2, 3])
    expect(await speculativeStep(model(p), [row(lane)])).toEqual([together[lane]]);
  expect(together.map((r) => r.ids.length - r.accepted)).toEqual([1, 1, 1, 1]);
});

it('greedy speculation writes what greedy decoding writes, whatever is guessed', async () => {
  const law = (prefix: readonly number[]) =>
    [0, 1, 2, 3].map((id) => (id === (prefix.length * 7) % 4 ? 5 : id / 10));
  const m = model(law);
  const s = sampler({ greedy: true });
  const proposer: Proposer = { propose: () => ({ ids: [0, 3, 2] }), observe: () => {} };
  while (s.ids().length < 12) await speculativeStep(m, [{ sampler: s, proposer, draft: 3 }]);
  expect(s.ids().slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, i) => (i * 7) % 4));
});

it('draws nothing behind an accepted end', async () => {
  const p = model(() => [0, 1]);
  const s = sampler();
  const proposer: Proposer = { propose: () => ({ ids: [1, 1] }), observe: () => {} };
  const [result] = await speculativeStep(p, [{ sampler: s, proposer, draft: 2, eosTokenIds: [1] }]);
  expect(result).toEqual({ ids: [1], proposed: 2, accepted: 1, logprobs: [0] });
});

it('a guess of probability 0 never stays, one with p = q always does, and an empty residual draws nothing', () => {
  expect(keepsDraft(1e-300, 0, 1)).toBe(false);
  expect(keepsDraft(1 - 2 ** -53, 0.3, 0.3)).toBe(true);
  expect(drawResidual(0.5, Float64Array.of(0.5, 0.5), Float64Array.of(0.5, 0.5))).toBe(-1);
});

it('the suffix automaton guesses what followed the longest earlier suffix: brute force agrees', () => {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % below;
  };
  for (let round = 0; round < 8; round++) {
    const lookup = suffixLookup();
    const text: number[] = [];
    for (let i = 0; i < 48; i++) {
      const id = random(3);
      text.push(id);
      lookup.observe([id]);
      let expected: number[] = [];
      for (let n = text.length - 1; n > 0 && expected.length === 0; n--) {
        const suffix = text.slice(-n).join();
        for (let start = 0; start + n < text.length; start++)
          if (text.slice(start, start + n).join() === suffix) {
            expected = text.slice(start + n, start + n + 4);
            break;
          }
      }
      expect(lookup.propose(4)).toEqual({ ids: expected });
    }
  }
});

it('a corpus is looked in, and a match does not run across its borders', () => {
  const lookup = suffixLookup({
    corpus: [
      [5, 6, 7],
      [5, 8],
    ],
    minMatch: 1,
  });
  lookup.observe([1, 6]);
  expect(lookup.propose(5)).toEqual({ ids: [7] });
});
