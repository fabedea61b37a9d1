import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applySteps } from '../apply-steps.ts';
import type { Processor } from '../processor.ts';
import { allowedIds } from './allowed-ids.ts';
import { breakerIds } from './breaker-ids.ts';
import { dropInvalid } from './drop-invalid.ts';
import { dry } from './dry.ts';
import { encoderRepetition } from './encoder-repetition.ts';
import { exponentialDecayLength } from './exponential-decay-length.ts';
import { forcedIds } from './forced-ids.ts';
import { guidance } from './guidance.ts';
import { logitBias } from './logit-bias.ts';
import { minNewTokens } from './min-new-tokens.ts';
import { noRepeatNgram } from './no-repeat-ngram.ts';
import { penalties } from './penalties.ts';
import { renormalize } from './renormalize.ts';
import { badWords, sequenceBias } from './sequence-bias.ts';
import { suppressIds } from './suppress-ids.ts';
import { topK } from './top-k.ts';

const V = 6;
const row = fc.array(
  fc.integer({ min: -20, max: 20 }).map((x) => x / 4),
  { minLength: V, maxLength: V },
);
const text = fc.array(fc.nat(V - 1), { maxLength: 40 });
const apply = (
  steps: readonly Processor[],
  l: readonly number[],
  prompt: readonly number[],
  generated: readonly number[] = [],
) => [...applySteps(steps, Float64Array.from(l), { prompt, generated })];
const close = (got: readonly number[], want: readonly number[]): void => {
  got.forEach((x, id) => {
    if (Number.isFinite(want[id])) expect(x).toBeCloseTo(want[id], 10);
    else expect(x).toBe(want[id]);
  });
};

it('penalties: l > 0 ? l / r : l r, then - count f - s, over the window and the scope', () => {
  const parameters = fc.record({
    repetition: fc.constantFrom(0.5, 1, 1.3),
    frequency: fc.constantFrom(0, 0.25, -0.5),
    presence: fc.constantFrom(0, 0.75),
    lastN: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
    repetitionScope: fc.constantFrom('all' as const, 'output' as const),
    frequencyScope: fc.constantFrom('all' as const, 'output' as const),
  });
  fc.assert(
    fc.property(row, text, text, parameters, (l, prompt, generated, o) => {
      const ids = [...prompt, ...generated];
      const window = ids
        .map((id, i) => ({ id, i }))
        .slice(o.lastN === undefined ? 0 : Math.max(0, ids.length - o.lastN));
      const inScope = (scope: string) => window.filter(({ i }) => scope === 'all' || i >= prompt.length);
      const want = l.map((value, id) => {
        let x = value;
        if (inScope(o.repetitionScope).some((t) => t.id === id))
          x = x > 0 ? x / o.repetition : x * o.repetition;
        const count = inScope(o.frequencyScope).filter((t) => t.id === id).length;
        return count > 0 ? x - count * o.frequency - o.presence : x;
      });
      const step = penalties(o);
      close(apply([step], l, prompt, generated), want);
      close(apply([step], l, prompt, generated), want); // nothing is left behind by the first call
    }),
  );
});

it('penalties leave a removed token removed, and skip ids beyond the vocabulary', () => {
  expect(apply([penalties({ repetition: 2, presence: -100 })], [-Infinity, 1], [0, 1, 99])).toEqual([
    -Infinity,
    100.5,
  ]);
  expect(() => penalties({ repetition: 0 })).toThrow(
    'repetitionPenalty: expected 0 < penalty < Infinity, got 0',
  );
});

/** DRY by its definition, in quadratic time. */
function bruteDry(
  l: readonly number[],
  ids: readonly number[],
  o: { base: number; allowed: number; lastN: number; breakers: number[] },
): number[] {
  const window = ids.slice(Math.max(0, ids.length - o.lastN));
  const n = window.length;
  if (n <= o.allowed) return [...l];
  const lastBreaker = window.findLastIndex((id) => o.breakers.includes(id));
  const limit = n - 1 - lastBreaker;
  const longest = new Map<number, number>();
  for (let end = 1; end < n; end++) {
    let length = 0;
    while (length < end && window[end - 1 - length] === window[n - 1 - length]) length++;
    const capped = Math.min(length, limit);
    if (capped >= o.allowed) longest.set(window[end], Math.max(capped, longest.get(window[end]) ?? 0));
  }
  return l.map((x, id) => {
    const m = longest.get(id);
    return m === undefined || o.breakers.includes(id) || limit < o.allowed
      ? x
      : x - 0.8 * o.base ** (m - o.allowed);
  });
}

it('dry is the brute-force search for repeated suffixes', () => {
  const parameters = fc.record({
    base: fc.constantFrom(1, 1.1, 1.75),
    allowed: fc.integer({ min: 1, max: 4 }),
    lastN: fc.integer({ min: 1, max: 50 }),
    breakers: fc.subarray([0, 1]),
  });
  fc.assert(
    fc.property(row, fc.array(fc.nat(2), { maxLength: 40 }), parameters, (l, ids, o) => {
      const step = dry({
        multiplier: 0.8,
        base: o.base,
        allowedLength: o.allowed,
        lastN: o.lastN,
        breakers: o.breakers,
      });
      close(apply([step], l, ids), bruteDry(l, ids, o));
    }),
    { numRuns: 500 },
  );
});

it('dry: a run of ids breaks where it ends, and long repetitions do not overflow', () => {
  const l = [0, 0, 0, 0, 0, 0];
  const ids = [5, 1, 2, 3, 4, 0, 5, 1, 2, 3, 4];
  expect(apply([dry({ multiplier: 1, base: 2, allowedLength: 2 })], l, ids)[0]).toBe(-8);
  expect(apply([dry({ multiplier: 1, base: 2, allowedLength: 2, breakers: [[1, 2]] })], l, ids)[0]).toBe(-1);
  expect(apply([dry({ multiplier: 1, base: 2, allowedLength: 2, breakers: [[3, 4]] })], l, ids)[0]).toBe(0);
  const loop = new Array(4000).fill(3);
  const after = apply([dry({ multiplier: 1 })], l, loop)[3];
  expect(after).toBeGreaterThan(-Infinity);
  expect(after).toBeLessThan(-1e38);
});

it('breaker ids are those whose bytes contain a breaker', () => {
  const words = ['a', ':b', 'c\n', '"', 'é'];
  const bytes = (id: number) => (id === 5 ? undefined : new TextEncoder().encode(words[id]));
  expect(breakerIds(6, bytes)).toEqual([1, 2, 3, 5]);
  expect(breakerIds(5, bytes, ['é'])).toEqual([4]);
});

it('no repeated n-gram: no n-gram of the text with any allowed id is an old one', () => {
  fc.assert(
    fc.property(row, text, fc.integer({ min: 1, max: 4 }), (l, ids, n) => {
      const old = new Set(
        ids
          .map((_, i) => ids.slice(i, i + n))
          .filter((g) => g.length === n)
          .map((g) => g.join()),
      );
      const want = l.map((x, id) =>
        ids.length + 1 >= n && old.has([...ids.slice(ids.length + 1 - n), id].join()) ? -Infinity : x,
      );
      expect(apply([noRepeatNgram({ size: n })], l, ids)).toEqual(want);
    }),
  );
});

it('sequence bias acts on the last id exactly when the others have just been written, the prompt included', () => {
  const sequences = fc.array(
    fc.tuple(fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }), fc.constantFrom(-2.5, 4, 0.5)),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(row, fc.array(fc.nat(2), { maxLength: 6 }), sequences, (l, ids, biases) => {
      const want = l.map((x, id) => {
        let y = x;
        for (const [run, bias] of biases) {
          const prefix = run.slice(0, -1);
          const tail = prefix.length === 0 ? '' : ids.slice(-prefix.length).join();
          if (run[run.length - 1] === id && prefix.length <= ids.length && tail === prefix.join()) y += bias;
        }
        return y;
      });
      close(apply([sequenceBias({ biases })], l, ids), want);
      const banned = apply([badWords({ sequences: biases.map(([run]) => run) })], l, ids);
      const touched = apply([sequenceBias({ biases: biases.map(([run]) => [run, -1] as const) })], l, ids);
      banned.forEach((x, id) => {
        expect(x).toBe(touched[id] === l[id] ? l[id] : -Infinity);
      });
    }),
  );
});

it('ids outside the vocabulary are refused, not ignored', () => {
  for (const step of [
    badWords({ sequences: [[V]] }),
    sequenceBias({ biases: [[[V, 0], 1]] }),
    logitBias({ bias: { [V]: 1 } }),
    allowedIds({ ids: [0, V] }),
    suppressIds({ ids: [V] }),
    minNewTokens({ count: 1, eosTokenIds: [V] }),
    forcedIds({ ids: [[0, V]] }),
    exponentialDecayLength({ start: 0, factor: 2, eosTokenIds: [V] }),
  ])
    expect(() =>
      apply([step], new Array(V).fill(0), [], step.name === 'exponentialDecayLength' ? [1] : []),
    ).toThrow(`id ${V} is outside the vocabulary of ${V}`);
  expect(() => logitBias({ bias: { 1: Infinity } })).toThrow(
    'logitBias: expected a number below Infinity, got Infinity',
  );
  expect(() => badWords({ sequences: [[]] })).toThrow('at least one id');
  expect(() => allowedIds({ ids: [] })).toThrow('allowedIds: expected at least one id, got none');
  expect(() =>
    forcedIds({
      ids: [
        [0, 1],
        [0, 2],
      ],
    }),
  ).toThrow('one id a position');
});

it('bias, allowed and suppressed ids do the same before and after a truncation', () => {
  fc.assert(
    fc.property(row, (l) => {
      for (const step of [
        logitBias({
          bias: new Map([
            [1, 2],
            [4, -1],
          ]),
        }),
        allowedIds({ ids: [4, 0, 1, 1] }),
        suppressIds({ ids: [0, 2] }),
      ]) {
        const dense = apply([step], l, []);
        const sparse = apply([topK({ k: V }), step], l, []);
        expect(sparse).toEqual(dense);
        dense.forEach((x, id) => {
          if (step.name === 'allowedIds') expect(x > -Infinity).toBe([0, 1, 4].includes(id));
          if (step.name === 'suppressIds') expect(x > -Infinity).toBe(![0, 2].includes(id));
          if (step.name === 'logitBias') expect(x).toBe(l[id] + (id === 1 ? 2 : id === 4 ? -1 : 0));
        });
      }
    }),
  );
});

it('ends are held back, forced and encouraged by the number of generated ids', () => {
  const l = [1, 2, -3];
  const eosTokenIds = [2];
  expect(apply([minNewTokens({ count: 2, eosTokenIds })], l, [0, 0, 0], [1])[2]).toBe(-Infinity);
  expect(apply([minNewTokens({ count: 2, eosTokenIds })], l, [0, 0, 0], [1, 1])).toEqual(l);
  const decay = exponentialDecayLength({ start: 3, factor: 1.3, eosTokenIds });
  expect(apply([decay], l, [0], [0, 0, 0])).toEqual(l);
  expect(apply([decay], l, [0], [0, 0, 0, 0, 0])[2]).toBeCloseTo(-3 + 3 * (1.3 ** 2 - 1), 12);
  const forced = forcedIds({
    ids: [
      [0, 2],
      [2, 0],
    ],
  });
  // As Hugging Face's forced ids, which leave 0 whatever the logit was.
  expect(apply([forced], l, [1])).toEqual([-Infinity, -Infinity, 0]);
  expect(apply([forced], l, [1], [1])).toEqual(l);
  expect(apply([forced], [-Infinity, 1, 1], [1], [1, 1])).toEqual([0, -Infinity, -Infinity]);
  expect(apply([suppressIds({ ids: [1], atBegin: true })], l, [1])[1]).toBe(-Infinity);
  expect(apply([suppressIds({ ids: [1], atBegin: true })], l, [1], [1])).toEqual(l);
  expect(() => apply([topK({ k: 1 }), forced], l, [])).toThrow(
    'no token is left to draw from after forcedIds',
  );
});

it('guidance is u + s (c - u) on log-softmaxed rows: s = 1 is the row, s = 0 the other', () => {
  const logSoftmax = (l: readonly number[]) => {
    const z = Math.log(l.reduce((sum, x) => sum + Math.exp(x), 0));
    return l.map((x) => x - z);
  };
  fc.assert(
    fc.property(row, row, fc.constantFrom(0, 1, 1.5, 3), (c, u, scale) => {
      const unconditional = () => Float64Array.from(u);
      const want = logSoftmax(c).map((x, id) => logSoftmax(u)[id] + scale * (x - logSoftmax(u)[id]));
      close(apply([guidance({ scale, unconditional })], c, []), want);
    }),
  );
  const unconditional = () => Float64Array.of(-Infinity, 0);
  expect(apply([guidance({ scale: 2, unconditional })], [0, -Infinity], [])).toEqual([0, -Infinity]);
  expect(() => apply([topK({ k: 1 }), guidance({ scale: 2, unconditional })], [0, 1], [])).toThrow(
    'before every step that truncates',
  );
  expect(() => apply([guidance({ scale: 2, unconditional })], [0, 1, 2], [])).toThrow(
    'expected 3 unconditional logits, got 2',
  );
});

it('invalid logits are dropped only when asked, and renormalised rows are log-probabilities', () => {
  expect(apply([dropInvalid()], [Number.NaN, 1, Infinity], [])).toEqual([
    -Infinity,
    1,
    3.4028234663852886e38,
  ]);
  fc.assert(
    fc.property(row, (l) => {
      expect(apply([renormalize()], l, []).reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 12);
    }),
  );
});

it('the n-grams of another text are banned as those of the sequence are; none are when the sequence is shorter', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(4), { maxLength: 12 }),
      fc.array(fc.nat(4), { maxLength: 5 }),
      fc.integer({ min: 1, max: 4 }),
      (text, generated, size) => {
        const l = [1, 2, 3, 4, 5];
        const tail = generated.slice(generated.length - size + 1);
        const want = l.map((x, id) => {
          const gram = [...tail, id].join();
          const grams = text.map((_, i) => text.slice(i, i + size).join());
          return size - 1 <= generated.length && grams.includes(gram) ? -Infinity : x;
        });
        expect(apply([noRepeatNgram({ size, of: text })], l, [], generated)).toEqual(want);
      },
    ),
  );
  expect(apply([noRepeatNgram({ size: 2, of: 'prompt' })], [1, 2, 3], [1, 2], [0, 1])).toEqual([
    1,
    2,
    -Infinity,
  ]);
  expect(() => noRepeatNgram({ size: 2, of: 'all' as 'prompt' })).toThrow(
    "of: expected 'prompt' or ids, got all",
  );
});

it('encoder repetition is the inverse of the repetition penalty over the text', () => {
  const l = [2, -2, 1, -Infinity];
  expect(apply([encoderRepetition({ penalty: 2 })], l, [0, 1, 1, 3, 9], [2])).toEqual([4, -1, 1, -Infinity]);
  expect(apply([encoderRepetition({ penalty: 2, of: [2] })], l, [0])).toEqual([2, -2, 2, -Infinity]);
  expect(apply([encoderRepetition({ penalty: 2 }), penalties({ repetition: 2 })], l, [0, 1, 3])).toEqual(l);
  expect(() => encoderRepetition({ penalty: 0 })).toThrow(
    'encoderRepetitionPenalty: expected 0 < penalty < Infinity',
  );
});
