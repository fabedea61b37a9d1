import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { applySteps } from './apply-steps.ts';
import type { Processor } from './processor.ts';
import { dry } from './processors/dry.ts';
import { dynamicTemperature } from './processors/dynamic-temperature.ts';
import { minP } from './processors/min-p.ts';
import { penalties } from './processors/penalties.ts';
import { temperature } from './processors/temperature.ts';
import { topK } from './processors/top-k.ts';
import { topNSigma } from './processors/top-n-sigma.ts';
import { topP } from './processors/top-p.ts';
import { typicalP } from './processors/typical-p.ts';
import { xtc } from './processors/xtc.ts';

// llama.cpp's tests/test-sampling.cpp as data. The whole kind runs through `pnpm conformance sampling`; here the same
// numbers guard the unit tests.
const file = new URL('../../../../shared/data/sampling/llamacpp_sampling_vectors.json', import.meta.url);

interface Vector {
  readonly op: string;
  readonly probs: readonly number[];
  readonly expected: readonly number[];
  readonly last_tokens?: readonly number[];
  readonly [parameter: string]: unknown;
}

const make: Readonly<Record<string, (v: Readonly<Record<string, never>>) => Processor>> = {
  temp: (v) => temperature({ temperature: v['temp'] }),
  temp_ext: (v) => dynamicTemperature({ temperature: v['temp'], range: v['delta'], exponent: v['exponent'] }),
  top_k: (v) => topK({ k: v['k'] }),
  top_p: (v) => topP({ p: v['p'] }),
  min_p: (v) => minP({ p: v['p'] }),
  xtc: (v) => xtc({ probability: v['p'], threshold: v['t'] }),
  typical: (v) => typicalP({ p: v['p'] }),
  penalties: (v) =>
    penalties({
      repetition: v['repeat_penalty'],
      frequency: v['alpha_frequency'],
      presence: v['alpha_presence'],
    }),
  dry: (v) =>
    dry({
      multiplier: v['multiplier'],
      base: v['base'],
      allowedLength: v['allowed_length'],
      lastN: v['penalty_last_n'],
      breakers: v['seq_breakers'],
    }),
  top_n_sigma: (v) => topNSigma({ n: v['n'] }),
};

it.skipIf(!existsSync(file))(
  "llama.cpp's own sampler vectors hold (skipped where ../shared is absent)",
  () => {
    const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Vector[] };
    let checked = 0;
    for (const vector of cases) {
      if (vector.op === 'sampler_queue') continue; // in the conformance kind
      const logits = Float32Array.from(vector.probs, Math.log);
      const after = applySteps([make[vector.op](vector as never)], logits, {
        prompt: vector.last_tokens ?? [],
        random: { uniform: () => 0.5 },
      });
      const weights = Array.from(after, Math.exp);
      const total = weights.reduce((a, b) => a + b, 0);
      // xtc and typical list the survivors' probabilities as they were before.
      const before = vector.op === 'xtc' || vector.op === 'typical';
      const got = weights
        .map((w, id) => (before ? (w > 0 ? vector.probs[id] : 0) : w / total))
        .sort((a, b) => b - a);
      const want = [...vector.expected].sort((a, b) => b - a);
      got.forEach((p, i) => {
        expect(Math.abs(p - (want[i] ?? 0))).toBeLessThan(
          vector.op === 'dry' || vector.op === 'penalties' ? 1e-3 : 1e-5,
        );
      });
      checked++;
    }
    expect(checked).toBe(31);
  },
);
