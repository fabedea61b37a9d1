import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../models/config.ts';
import { loadParameters } from '../../models/load-parameters.ts';
import { listParameters } from '../../models/parameters.ts';
import { memorySource } from '../../weights/bytes/memory-source.ts';
import { readSafetensors } from '../../weights/formats/safetensors/read-safetensors.ts';
import { memorySink } from '../../weights/write/byte-sink.ts';
import { initParameters } from '../init-parameters.ts';
import { languageModelObjective } from '../objective.ts';
import { adamw } from '../optimizers/adamw.ts';
import { storedWeights } from '../stored-weights.ts';
import { padRows } from '../token-batch.ts';
import { sourceOf, tokenNegativeLogProbs } from '../token-log-probs.ts';
import { disposeTrainState, initTrainState, trainStep } from '../train-step.ts';
import {
  type Adapter,
  initLora,
  type LoraConfig,
  loraConfig,
  loraScale,
  mergeLora,
  withLora,
  withRowAdapters,
} from './lora.ts';
import { loadPeft, savePeft } from './peft.ts';
import { quantizedBase } from './quantized-base.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const random = {
  uniform: (_: string, position: number, lane: number, index = 0): number => {
    const x = Math.sin(12.9898 * (index + 1) + 78.233 * lane + position) * 43758.5453;
    return Math.min(1 - 1e-9, Math.max(1e-9, x - Math.floor(x)));
  },
};
const sizes = { vocab_size: 19, hidden_size: 8, num_attention_heads: 2, max_position_embeddings: 32 };
const llama = parseModelConfig({
  ...sizes,
  model_type: 'llama',
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_key_value_heads: 1,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: false,
});
const gpt2 = parseModelConfig({
  model_type: 'gpt2',
  vocab_size: 19,
  n_embd: 8,
  n_layer: 1,
  n_head: 2,
  n_positions: 32,
});
const neox = parseModelConfig({
  ...sizes,
  model_type: 'gpt_neox',
  intermediate_size: 12,
  num_hidden_layers: 1,
  rotary_pct: 0.5,
  layer_norm_eps: 1e-5,
});

describe('storedWeights', () => {
  for (const config of [llama, gpt2, neox]) {
    test(`loading what was stored gives the same parameters (${config.family})`, async () => {
      const parameters = initParameters(config, random);
      const { tensors, unused } = await loadParameters(
        listParameters(config),
        storedWeights(config, parameters),
      );
      expect(unused).toEqual([]);
      for (const [name, p] of parameters) expect(tensors.get(name)!.dataSync()).toEqual(p.dataSync());
    });
  }
});

describe('LoRA', () => {
  const batch = padRows([{ ids: [1, 5, 2, 7, 3] }, { ids: [4, 4, 9] }]);
  const lossOf = (source: ReturnType<typeof sourceOf>): number =>
    tf.tidy(() => tf.sum(tokenNegativeLogProbs(llama, source, batch)).dataSync()[0]);

  test('fresh adapters change nothing; trained ones equal their merge', async () => {
    const base = initParameters(llama, random);
    const lora = loraConfig(llama, { rank: 2, alpha: 4, targets: (n) => /attention\.[qv]/.test(n) });
    expect(lora.targets).toHaveLength(4);
    const optimizer = adamw();
    let state = initTrainState(initLora(llama, lora, random), optimizer);
    const view = (trained: ReadonlyMap<string, tf.Tensor>) => withLora(sourceOf(base), trained, lora);
    expect(lossOf(view(state.parameters))).toBeCloseTo(lossOf(sourceOf(base)), 5);
    const objective = languageModelObjective(llama, view);
    for (let i = 0; i < 5; i++)
      ({ state } = await trainStep(state, [batch], objective, { optimizer, learningRate: 0.05 }));
    const trained = lossOf(view(state.parameters));
    expect(trained).toBeLessThan(lossOf(sourceOf(base)) - 0.1);
    const merged = mergeLora(base, state.parameters, lora);
    expect(lossOf(sourceOf(merged))).toBeCloseTo(trained, 4);
  });

  test('beside the weight is merged into it, for a batch whose rows have different adapters', () => {
    const base = initParameters(llama, random);
    const make = (by: number, targets: (name: string) => boolean, alpha: number): Adapter => {
      const lora = loraConfig(llama, { rank: 2, alpha, targets });
      const tensors = [...initLora(llama, lora, random)].map(([name, t], i) => {
        const wave = Float32Array.from({ length: t.size }, (_, k) => 0.2 * Math.sin(k + i + by));
        return [name, tf.tensor(wave, t.shape)] as const;
      });
      return { tensors: new Map(tensors), lora };
    };
    const adapters = [make(1, () => true, 4), make(2, (n) => /mlp/.test(n), 1)];
    const three = padRows([{ ids: [1, 5, 2, 7, 3] }, { ids: [4, 4, 9, 1, 1] }, { ids: [8, 3, 9, 2, 6] }]);
    const losses = (source: ReturnType<typeof sourceOf>): number[][] =>
      tf.tidy(() => tokenNegativeLogProbs(llama, source, three).arraySync());
    const whole = [sourceOf(base), ...adapters.map((a) => sourceOf(mergeLora(base, a.tensors, a.lora)))].map(
      losses,
    );
    for (const rows of [
      [0, -1, 1],
      [1, 1, 0],
      [-1, -1, -1],
    ]) {
      const got = losses(withRowAdapters(sourceOf(base), adapters, rows));
      got.forEach((line, r) => {
        for (const [t, loss] of line.entries()) expect(loss).toBeCloseTo(whole[rows[r] + 1][r][t], 4);
      });
    }
    expect(() => withRowAdapters(sourceOf(base), adapters, [2])).toThrow('rows: expected -1 to 1, got 2');
    expect(whole[1][0][1]).not.toBeCloseTo(whole[0][0][1], 2);
  });

  test('recomputed or not, the gradient reaches the adapters and is the same', () => {
    const base = initParameters(llama, random);
    const lora = loraConfig(llama, { rank: 2 });
    const start = initLora(llama, lora, random);
    const names = [...start.keys()];
    const values = [...start.values()].map((t) => tf.add(t, 0.05));
    const gradients = [false, true].map((recompute) =>
      tf
        .grads((...xs: tf.Tensor[]) =>
          tf.sum(
            tokenNegativeLogProbs(
              llama,
              withLora(sourceOf(base), new Map(names.map((name, i) => [name, xs[i]])), lora),
              batch,
              { recompute },
            ),
          ),
        )(values)
        .map((g) => g.dataSync()),
    );
    gradients[0].forEach((g, i) => {
      expect(Math.max(...g.map(Math.abs))).toBeGreaterThan(0);
      for (const [k, x] of g.entries()) expect(Math.abs(x - gradients[1][i][k])).toBeLessThan(1e-5);
    });
  });

  test('adapters train over a base packed in 8 or 4 bits, a layer at a time', async () => {
    const sized = parseModelConfig({
      model_type: 'llama',
      vocab_size: 19,
      hidden_size: 32,
      num_attention_heads: 2,
      num_key_value_heads: 2,
      max_position_embeddings: 32,
      intermediate_size: 32,
      num_hidden_layers: 2,
      rms_norm_eps: 1e-6,
      tie_word_embeddings: true,
    });
    const base = initParameters(sized, random);
    const lora = loraConfig(sized, { rank: 2, alpha: 4 });
    const lossUnder = (source: ReturnType<typeof sourceOf>): number =>
      tf.tidy(() => tf.sum(tokenNegativeLogProbs(sized, source, batch)).dataSync()[0]);
    for (const [dtype, most] of [
      ['Q8_0', 34 / 32],
      ['Q4_0', 18 / 32],
    ] as const) {
      const packed = await quantizedBase(sized, base, dtype);
      expect(packed.packedBytes).toBe(2 * 7 * 32 * 32 * most);
      expect(lossUnder(packed)).toBeCloseTo(lossUnder(sourceOf(base)), 1);
      const optimizer = adamw();
      let state = initTrainState(initLora(sized, lora, random), optimizer);
      const view = (trained: ReadonlyMap<string, tf.Tensor>) => withLora(packed, trained, lora);
      const objective = languageModelObjective(sized, view, { recompute: true });
      const before = lossUnder(view(state.parameters));
      for (let i = 0; i < 4; i++)
        ({ state } = await trainStep(state, [batch], objective, { optimizer, learningRate: 0.02 }));
      expect(lossUnder(view(state.parameters))).toBeLessThan(before - 0.05);
      expect(packed.unpackedBytes).toBe(0);
      packed.dispose();
      // With room for five of the fourteen weights the losses are the same bits, and the five are all that stays.
      const tensors = tf.memory().numTensors;
      const roomy = await quantizedBase(sized, base, dtype, { unpackedLimit: 5.5 * 32 * 32 * 4 });
      const again = (trained: ReadonlyMap<string, tf.Tensor>) => withLora(roomy, trained, lora);
      let other = initTrainState(initLora(sized, lora, random), optimizer);
      for (let i = 0; i < 4; i++)
        ({ state: other } = await trainStep(
          other,
          [batch],
          languageModelObjective(sized, again, { recompute: true }),
          { optimizer, learningRate: 0.02 },
        ));
      expect(roomy.unpackedBytes).toBe(5 * 32 * 32 * 4);
      for (const [name, tensor] of other.parameters)
        expect(tensor.dataSync()).toEqual(state.parameters.get(name)!.dataSync());
      disposeTrainState(other);
      roomy.dispose();
      expect(tf.memory().numTensors).toBe(tensors);
      disposeTrainState(state);
    }
    await expect(quantizedBase(sized, base, 'Q8_0', { unpackedLimit: -1 })).rejects.toThrow('unpackedLimit');
  });

  test('PEFT files read back give the same adapters', async () => {
    const lora = loraConfig(llama, { rank: 3, alpha: 6, rankStabilized: true });
    const adapters = new Map(
      [...initLora(llama, lora, random)].map(([name, t], i) => [name, tf.keep(tf.add(t, 0.01 * (i + 1)))]),
    );
    const files = new Map<string, ReturnType<typeof memorySink>>();
    const folder = {
      create: async (file: string) => {
        const sink = memorySink();
        files.set(file, sink);
        return sink;
      },
    };
    await savePeft(folder, llama, adapters, lora, 'base');
    const peft = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')!.bytes()));
    expect(peft.target_modules).toEqual([
      'down_proj',
      'gate_proj',
      'k_proj',
      'o_proj',
      'q_proj',
      'up_proj',
      'v_proj',
    ]);
    const weights = await readSafetensors(
      memorySource(files.get('adapter_model.safetensors')!.bytes(), 'adapter'),
    );
    expect([...weights.tensors.keys()]).toContain(
      'base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight',
    );
    const loaded = await loadPeft(peft, weights, llama);
    expect(loaded.lora).toEqual({ ...lora, targets: loaded.lora.targets });
    for (const [name, tensor] of adapters)
      expect(loaded.adapters.get(name)!.arraySync()).toEqual(tensor.arraySync());
  });

  async function saved(...args: [typeof llama, ReadonlyMap<string, tf.Tensor>, LoraConfig]) {
    const files = new Map<string, ReturnType<typeof memorySink>>();
    const create = async (file: string) => {
      files.set(file, memorySink());
      return files.get(file)!;
    };
    await savePeft({ create }, ...args);
    const weights = await readSafetensors(
      memorySource(files.get('adapter_model.safetensors')!.bytes(), 'adapter'),
    );
    return { peft: JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')!.bytes())), weights };
  }
  /** alpha / r A B of a parameter, as a list. */
  const product = (adapters: ReadonlyMap<string, tf.Tensor>, lora: LoraConfig, name: string): number[] =>
    tf.tidy(() => {
      const [a, b] = ['loraA', 'loraB'].map((part) => adapters.get(`${name}.${part}`) as tf.Tensor2D);
      return Array.from(tf.mul(tf.matMul(a, b), loraScale(lora)).dataSync());
    });

  test.each([false, true])(
    'parts of a fused projection are saved as one module of a higher rank and read as the same products, rsLoRA %s',
    async (rankStabilized) => {
      const targets = (n: string) => /attention\.[qv]|mlp/.test(n);
      const lora = loraConfig(gpt2, { rank: 2, alpha: 3, rankStabilized, targets });
      const adapters = new Map(
        [...initLora(gpt2, lora, random)].map(([name, t], i) => [name, tf.keep(tf.add(t, 0.01 * (i + 1)))]),
      );
      const { peft, weights } = await saved(gpt2, adapters, lora);
      expect(peft.rank_pattern['transformer.h.0.attn.c_attn']).toBe(4);
      const loaded = await loadPeft(peft, weights, gpt2);
      for (const name of lora.targets)
        for (const [i, value] of product(loaded.adapters, loaded.lora, name).entries())
          expect(value).toBeCloseTo(product(adapters, lora, name)[i], 6);
    },
  );

  test('a module of its own rank and alpha is read with its own factor', async () => {
    const lora = loraConfig(llama, { rank: 3, alpha: 6, targets: (n) => /attention\.[qv]/.test(n) });
    const adapters = new Map(
      [...initLora(llama, lora, random)].map(([name, t], i) => [name, tf.keep(tf.add(t, 0.01 * (i + 1)))]),
    );
    const { peft, weights } = await saved(llama, adapters, lora);
    const patterned = {
      ...peft,
      r: 5,
      rank_pattern: { q_proj: 3, '^model.layers.0.self_attn.v_proj': 3, v_proj: 3 },
    };
    const loaded = await loadPeft(
      { ...patterned, alpha_pattern: { 'self_attn.q_proj': 12 } },
      weights,
      llama,
    );
    expect(loaded.lora.rank).toBe(5);
    for (const name of lora.targets)
      for (const [i, value] of product(loaded.adapters, loaded.lora, name).entries())
        expect(value).toBeCloseTo(product(adapters, lora, name)[i] * (name.includes('.q.') ? 2 : 1), 6);
  });

  test.each([
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights'],
    [{ lora_alpha: undefined }, 'lora_alpha'],
    [{ r: 0 }, ': r:'],
    [{ rank_pattern: { q_proj: 1e9 } }, 'rank_pattern q_proj'],
    [{ alpha_pattern: { '(a+)+$': 2 } }, 'alpha_pattern'],
  ])('a PEFT configuration that would make another model is refused: %j', async (change, field) => {
    const lora = loraConfig(llama, { rank: 3, targets: (n) => n.includes('attention.q') });
    const { peft, weights } = await saved(llama, initLora(llama, lora, random), lora);
    const before = tf.memory().numTensors;
    await expect(loadPeft({ ...peft, ...change }, weights, llama)).rejects.toThrow(field);
    expect(tf.memory().numTensors).toBe(before);
  });
});
