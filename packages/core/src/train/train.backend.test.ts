import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseModelConfig } from '../models/config.ts';
import { parseRnnConfig } from '../models/rnn.ts';
import { memorySource } from '../weights/bytes/memory-source.ts';
import { decodeTrainState, encodeTrainState } from './checkpoint.ts';
import { NonFiniteError } from './clip-gradients.ts';
import { packDocuments, packedBatch } from './data/pack-documents.ts';
import { encodeTokenShard, openTokenShard } from './data/token-shard.ts';
import { tokensInMemory, tokenWindows } from './data/token-windows.ts';
import { initParameters } from './init-parameters.ts';
import { languageModelObjective } from './objective.ts';
import { adamw } from './optimizers/adamw.ts';
import { byGroup, isHiddenMatrix } from './optimizers/by-group.ts';
import { muon } from './optimizers/muon.ts';
import { initRecurrentParameters, recurrentObjective } from './recurrent-objective.ts';
import { constantSchedule } from './schedules/constant.ts';
import { cosineSchedule } from './schedules/cosine.ts';
import { countSupervised, padRows, type TokenBatch } from './token-batch.ts';
import { sourceOf, tokenNegativeLogProbs } from './token-log-probs.ts';
import { type LogEntry, train } from './train.ts';
import { disposeTrainState, initTrainState, type TrainState, trainStep } from './train-step.ts';
import { trainingReport } from './training-report.ts';
import type { UniformSource } from './uniform-source.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const config = parseModelConfig({
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  vocab_size: 23,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: true,
});

/** A counter hash with the shape of the library's source; any function of the key will do here. */
const random: UniformSource = {
  uniform(stream, position, lane, index = 0) {
    let h = 2166136261;
    for (const c of `${stream}/${position}/${lane}/${index}`) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
    h = Math.imul(h ^ (h >>> 15), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32 + 2 ** -33;
  },
};
// A text that can be learned: each token says the next.
const text = new Int32Array(600);
for (let i = 1; i < text.length; i++) text[i] = (3 * text[i - 1] + (i % 29 === 0 ? 2 : 1)) % 23;
const batchAt = tokenWindows(tokensInMemory(text), { rows: 3, length: 9, random });
const mixed = byGroup([
  { match: isHiddenMatrix, optimizer: muon(), learningRateScale: 5 },
  { match: () => true, optimizer: adamw({ weightDecay: 0.1 }) },
]);
const options = (steps: number) => ({
  objective: languageModelObjective(config),
  optimizer: mixed,
  schedule: cosineSchedule({ peak: 3e-3, totalSteps: 12, warmupSteps: 2 }),
  steps,
  batchAt,
  accumulate: 2,
  averageDecay: 0.9,
});
const fresh = (): TrainState => initTrainState(initParameters(config, random), mixed);
const bitsOf = async (state: TrainState): Promise<string> =>
  Buffer.from(await encodeTrainState(state)).toString('base64');

describe('train', () => {
  test('2n steps equal n steps, save, load, n steps, bit for bit', async () => {
    const whole = await train(fresh(), options(8));
    const half = await train(fresh(), options(4));
    const { state } = await decodeTrainState(await encodeTrainState(half));
    disposeTrainState(half);
    const resumed = await train(state, options(8));
    expect(await bitsOf(resumed)).toBe(await bitsOf(whole));
    disposeTrainState(whole);
    disposeTrainState(resumed);
  });

  test('uneven micro-batches give the step of one batch', async () => {
    const rows = [{ ids: [1, 2, 3, 4, 5, 6, 7] }, { ids: [3, 1] }, { ids: [9, 8, 7, 6] }];
    const run = async (batches: TokenBatch[]) => {
      const optimizer = adamw();
      const { state, report } = await trainStep(
        initTrainState(initParameters(config, random), optimizer),
        batches,
        languageModelObjective(config),
        { optimizer, learningRate: 1e-2 },
      );
      const values = [...(state.parameters.get('layers.0.mlp.up.weight') as tf.Tensor).dataSync()];
      disposeTrainState(state);
      return { report, values };
    };
    const one = await run([padRows(rows)]);
    const three = await run(rows.map((r) => padRows([r])));
    expect(three.report.weight).toBe(10);
    expect(three.report.loss).toBeCloseTo(one.report.loss, 6);
    expect(three.report.gradNorm).toBeCloseTo(one.report.gradNorm, 5);
    three.values.forEach((v, i) => {
      expect(v).toBeCloseTo(one.values[i], 4);
    });
  });

  test('recomputed layers give the same loss and gradients, packed rows too, from less memory', async () => {
    const deep = parseModelConfig({ ...config.raw, num_hidden_layers: 6 });
    const parameters = [...initParameters(deep, random)];
    const rows = [{ ids: [1, 2, 3, 4, 5, 6, 7, 8] }, { ids: [9, 3, 1] }, { ids: [4, 4, 4, 4] }];
    for (const batch of [padRows(rows), packedBatch(rows, packDocuments([8, 3, 4], 8), 8)]) {
      const run = async (recompute: boolean) => {
        const objective = languageModelObjective(deep, undefined, { recompute });
        const gradient = tf.valueAndGrads((...xs: tf.Tensor[]) =>
          objective.loss(new Map(parameters.map(([name], i) => [name, xs[i]])), batch),
        );
        let result: ReturnType<typeof gradient> | undefined;
        const { peakBytes } = await tf.profile(() => {
          result = gradient(parameters.map(([, t]) => t));
          return result.value;
        });
        return { ...result!, peakBytes };
      };
      const [plain, again] = [await run(false), await run(true)];
      expect(again.value.dataSync()[0]).toBeCloseTo(plain.value.dataSync()[0], 4);
      plain.grads.forEach((g, i) => {
        const other = again.grads[i].dataSync();
        g.dataSync().forEach((v, k) => {
          expect(Math.abs(other[k] - v)).toBeLessThan(1e-4);
        });
      });
      expect(again.peakBytes).toBeLessThan(plain.peakBytes);
    }
  });

  test('memory is flat over steps', async () => {
    let state = await train(fresh(), options(2));
    const before = tf.memory();
    state = await train(state, options(6));
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    disposeTrainState(state);
  });

  test('disposing the state frees everything', async () => {
    const before = tf.memory().numTensors;
    disposeTrainState(await train(fresh(), options(2)));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('the loss falls, for a transformer and for a character RNN through the same function', async () => {
    const losses = async <B>(
      state: TrainState,
      task: Pick<Parameters<typeof train<B>>[1], 'objective' | 'batchAt'>,
    ) => {
      const log: LogEntry[] = [];
      const optimizer = adamw();
      const end = await train(state, {
        ...task,
        optimizer,
        schedule: constantSchedule({ peak: 1e-2 }),
        steps: 25,
        onStep: (entry) => {
          log.push(entry);
        },
      });
      disposeTrainState(end);
      return log;
    };
    const rnn = parseRnnConfig({ model_type: 'char-rnn', cell: 'gru', vocab_size: 23, hidden_size: 16 });
    const runs = {
      transformer: await losses(initTrainState(initParameters(config, random), adamw()), {
        objective: languageModelObjective(config),
        batchAt,
      }),
      rnn: await losses(initTrainState(initRecurrentParameters(rnn, random), adamw()), {
        objective: recurrentObjective(rnn),
        batchAt,
      }),
    };
    for (const log of Object.values(runs)) expect(log[24].loss).toBeLessThan(log[0].loss - 0.3);
    const html = trainingReport('two models', runs, { text: 'i * i + i / 8' });
    expect(html).toMatch(/<svg[\s\S]*rnn/);
    expect(html).not.toContain('NaN');
  });

  test('a gradient that is not finite has a name; skipping leaves the parameters as they were', async () => {
    const bad = () => {
      const parameters = initParameters(config, random);
      const old = parameters.get('layers.1.mlp.gate.weight') as tf.Tensor;
      parameters.set('layers.1.mlp.gate.weight', tf.keep(tf.mul(old, Number.NaN)));
      old.dispose();
      return initTrainState(parameters, mixed);
    };
    await expect(train(bad(), options(2))).rejects.toThrow(NonFiniteError);
    const batch = await batchAt(0);
    const step = { optimizer: mixed, learningRate: 1e-3, onNonFinite: 'skip' as const };
    const { state, report } = await trainStep(bad(), [batch], languageModelObjective(config), step);
    expect(report.skipped).toBe('loss');
    expect(state.skipped).toBe(1);
    expect(state.optimizer.step).toBe(0);
    expect(state.windows).toBe(1);
  });

  test('an abort stops after the step in progress and keeps the state', async () => {
    const abort = new AbortController();
    const state = await train(fresh(), {
      ...options(8),
      signal: abort.signal,
      onStep: (e) => (e.step === 3 ? abort.abort() : undefined),
    });
    expect(state.optimizer.step).toBe(3);
    disposeTrainState(state);
  });
});

describe('packing', () => {
  test('is best fit on the example of TRL, and no row overflows', () => {
    expect(packDocuments([3, 4, 1], 4)).toEqual([[1], [0, 2]]);
    const lengths = Array.from({ length: 200 }, (_, i) => 1 + Math.floor(random.uniform('l', 0, 0, i) * 32));
    const rows = packDocuments(lengths, 32);
    expect(rows.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    for (const row of rows) expect(row.reduce((n, i) => n + lengths[i], 0)).toBeLessThanOrEqual(32);
    expect(rows.length).toBeLessThanOrEqual(Math.ceil(lengths.reduce((a, b) => a + b) / 32) + 1);
  });

  test('with document masks gives every document the loss it has alone', () => {
    const documents = [{ ids: [1, 2, 3, 4] }, { ids: [7, 8, 9] }, { ids: [4, 4] }];
    const parameters = initParameters(config, random);
    const lossOf = (batch: TokenBatch): number =>
      tf.tidy(() => tf.sum(tokenNegativeLogProbs(config, sourceOf(parameters), batch)).dataSync()[0]);
    const packed = packedBatch(documents, packDocuments([4, 3, 2], 9), 9);
    const alone = documents.map((d) => padRows([d]));
    expect(countSupervised(packed)).toBe(6);
    expect(lossOf(packed)).toBeCloseTo(
      alone.reduce((sum, b) => sum + lossOf(b), 0),
      4,
    );
    tf.dispose([...parameters.values()]);
  });
});

describe('token data', () => {
  test('a shard read in place gives the tokens that were encoded, in 2 or 4 bytes', async () => {
    for (const tokens of [
      [1, 65535, 0, 7],
      [70000, 2, 4294967295],
    ]) {
      const shard = await openTokenShard(memorySource(encodeTokenShard(tokens), 'shard'));
      expect(shard.length).toBe(tokens.length);
      expect([...Array.from(await shard.read(1, 2))]).toEqual(tokens.slice(1, 3));
    }
    const cut = encodeTokenShard([1, 2, 3]).slice(0, -1);
    await expect(openTokenShard(memorySource(cut, 'shard'))).rejects.toThrow('size');
  });

  test('an epoch shows every window once, and batch i is a function of i', async () => {
    const source = tokensInMemory(Int32Array.from({ length: 41 }, (_, i) => i));
    const at = tokenWindows(source, { rows: 2, length: 5, random });
    const starts: number[] = [];
    for (let i = 0; i < 5; i++) {
      const batch = await at(i);
      starts.push(batch.ids[0], batch.ids[5]);
    }
    expect([...starts].sort((a, b) => a - b)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36]);
    expect([...(await at(1)).ids]).toEqual([
      ...(await tokenWindows(source, { rows: 2, length: 5, random })(1)).ids,
    ]);
  });
});
