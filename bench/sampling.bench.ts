// Sampling one token of a wide row: the usual chain, single steps, and what the same costs with a full sort (three
// ways) or in transformers.js.
import { applySteps, type SamplerOptions, sampler, topK } from '@ashlar/sampling';
import { alternate, median, peer, type Report } from './measure.ts';

const usual: SamplerOptions = {
  repetitionPenalty: 1.1,
  frequencyPenalty: 0.1,
  presencePenalty: 0.1,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  temperature: 0.8,
};

/**
 * A row like a model's: mostly noise, a few likely tokens. No package randomness, so that the row is the same for
 * everyone.
 */
function makeRow(size: number): Float32Array {
  let state = 12345;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const row = new Float32Array(size);
  for (let id = 0; id < size; id++)
    row[id] = 2.5 * Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
  for (let i = 0; i < 30; i++) row[Math.floor(next() * size)] += 10 - i / 4;
  return row;
}

export async function run(report: Report): Promise<void> {
  const seen = Array.from({ length: 500 }, (_, i) => (i * 37) % 1000);
  for (const size of [128_256, 262_144]) {
    const row = makeRow(size);
    const scratch = new Float32Array(size);
    let sink = 0;
    /** The median milliseconds of `times` tokens; the copy of the row is not counted. */
    const perToken = (times: number, step: (logits: Float32Array) => number) => (): number => {
      const all: number[] = [];
      for (let i = 0; i < times; i++) {
        scratch.set(row);
        const start = performance.now();
        sink += step(scratch);
        all.push(performance.now() - start);
      }
      return median(all);
    };
    const ours = (options: SamplerOptions): ((logits: Float32Array) => number) => {
      const s = sampler(options);
      for (const id of seen) s.accept(id);
      return (logits) => s.sample(logits).id;
    };
    const sorts = {
      'a full sort (index array, comparator)': (logits: Float32Array): number => {
        const order = new Int32Array(size);
        for (let id = 0; id < size; id++) order[id] = id;
        return order.sort((a, b) => logits[b] - logits[a])[0];
      },
      'a full sort (array of pairs)': (logits: Float32Array): number =>
        Array.from(logits, (logit, id) => ({ id, logit })).sort((a, b) => b.logit - a.logit)[0].id,
      'a full sort (native, values only)': (logits: Float32Array): number => logits.sort()[size - 1],
    };
    for (const order of ['llamacpp', 'hf', 'vllm'] as const) {
      const step = ours({ ...usual, order });
      for (const [name, sort] of Object.entries(sorts)) {
        if (order !== 'llamacpp' && name !== 'a full sort (index array, comparator)') continue;
        const result = await alternate({ ours: perToken(60, step), sort: perToken(3, sort) }, 3);
        report({
          metric: `usual chain, order ${order}, V = ${size}`,
          unit: 'ms/token',
          ours: result.ours,
          peer: name,
          peerValue: result.sort,
          runs: 3,
          lowerIsBetter: true,
        });
      }
    }
    for (const [name, options] of Object.entries<SamplerOptions>({
      greedy: { greedy: true },
      'temperature alone': { temperature: 0.8 },
      'top-p 0.95 alone': { topP: 0.95 },
      'min-p 0.05 alone': { minP: 0.05 },
      'typical 0.9 alone': { typicalP: 0.9 },
      'top-k 1000 alone': { topK: 1000 },
      'DRY and top-k 40': { dry: { multiplier: 0.8 }, topK: 40, order: 'llamacpp' },
    })) {
      const sort = sorts['a full sort (index array, comparator)'];
      const result = await alternate({ ours: perToken(20, ours(options)), sort: perToken(2, sort) }, 3);
      report({
        metric: `${name}, V = ${size}`,
        unit: 'ms/token',
        ours: result.ours,
        peer: 'a full sort (index array, comparator)',
        peerValue: result.sort,
        runs: 3,
        lowerIsBetter: true,
      });
    }
    await transformers(report, size, row, perToken);
    if (Number.isNaN(sink)) throw new Error('unreachable: the results are used');
  }
}

/**
 * transformers.js has temperature and top-k inside its sampler; top-p and min-p of its options are ignored, so only
 * those two are compared.
 */
async function transformers(
  report: Report,
  size: number,
  row: Float32Array,
  perToken: (times: number, step: (logits: Float32Array) => number) => () => number,
): Promise<void> {
  const metric = `temperature 0.8 and top-k 40, V = ${size}`;
  const name = '@huggingface/transformers';
  const ours = sampler({ temperature: 0.8, topK: 40 });
  const mine = perToken(40, (logits) => ours.sample(logits).id);
  const loaded = await peer<Record<string, unknown>>(name);
  const reason =
    'reason' in loaded
      ? loaded.reason
      : 'LogitsSampler' in loaded.module
        ? undefined
        : `${name} does not export its LogitsSampler`;
  if (reason !== undefined) {
    const result = await alternate({ ours: mine }, 3);
    report({
      metric,
      unit: 'ms/token',
      ours: result.ours,
      peer: name,
      peerValue: null,
      runs: 3,
      lowerIsBetter: true,
      reason,
    });
    return;
  }
  const { module } = loaded as { module: Record<string, never> };
  const { LogitsSampler, Tensor } = module as unknown as {
    LogitsSampler: { getSampler(config: object): (logits: unknown) => Promise<[bigint, number][]> };
    Tensor: new (type: string, data: Float32Array, dims: number[]) => unknown;
  };
  const theirs = LogitsSampler.getSampler({ do_sample: true, temperature: 0.8, top_k: 40, num_beams: 1 });
  const theirTime = async (): Promise<number> => {
    const all: number[] = [];
    for (let i = 0; i < 20; i++) {
      const tensor = new Tensor('float32', applySteps([topK({ k: size })], row), [1, size]);
      const start = performance.now();
      await theirs(tensor);
      all.push(performance.now() - start);
    }
    return median(all);
  };
  const result = await alternate({ ours: mine, theirs: theirTime }, 3);
  report({
    metric,
    unit: 'ms/token',
    ours: result.ours,
    peer: name,
    peerValue: result.theirs,
    runs: 3,
    lowerIsBetter: true,
  });
}
