import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseModelConfig, UnknownArchitectureError } from './config.ts';
import { families, familyNames } from './families.ts';
import { listParameters } from './parameters.ts';

const llama = {
  model_type: 'llama',
  vocab_size: 100,
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 256,
};
const sameModel = (a: Record<string, unknown>, b: Record<string, unknown>) =>
  expect({ ...parseModelConfig(a), raw: 0 }).toEqual({ ...parseModelConfig(b), raw: 0 });

describe('older and newer keys mean the same', () => {
  test('base, dtype', () => {
    sameModel(
      { ...llama, rope_theta: 5e5, rope_scaling: null, torch_dtype: 'bfloat16' },
      { ...llama, rope_parameters: { rope_type: 'default', rope_theta: 5e5 }, dtype: 'bfloat16' },
    );
  });
  test('scaling, under the names type and rope_type', () => {
    const scaling = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64,
    };
    sameModel(
      { ...llama, rope_theta: 5e5, rope_scaling: { type: 'llama3', ...scaling } },
      { ...llama, rope_parameters: { rope_type: 'llama3', rope_theta: 5e5, ...scaling } },
    );
  });
  test('partial rotation', () => {
    const phi = { ...llama, model_type: 'phi', num_key_value_heads: 4 };
    sameModel(
      { ...phi, partial_rotary_factor: 0.25, rope_theta: 1e4 },
      { ...phi, rope_parameters: { rope_theta: 1e4, rope_type: 'default', partial_rotary_factor: 0.25 } },
    );
    const neox = { ...llama, model_type: 'gpt_neox', num_key_value_heads: undefined };
    sameModel(
      { ...neox, rotary_pct: 0.5, rotary_emb_base: 500 },
      { ...neox, rope_parameters: { rope_theta: 500, rope_type: 'default', partial_rotary_factor: 0.5 } },
    );
  });
  test('a base for each type of layer, and the pattern of layers', () => {
    const gemma = {
      ...llama,
      model_type: 'gemma3_text',
      head_dim: 16,
      query_pre_attn_scalar: 16,
      sliding_window: 8,
    };
    sameModel(
      { ...gemma, rope_theta: 1e6, rope_local_base_freq: 500, sliding_window_pattern: 2 },
      {
        ...gemma,
        layer_types: ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'],
        rope_parameters: {
          full_attention: { rope_type: 'default', rope_theta: 1e6 },
          sliding_attention: { rope_type: 'default', rope_theta: 500 },
        },
      },
    );
  });
  test('a window that starts at a layer', () => {
    const qwen = { ...llama, model_type: 'qwen2', use_sliding_window: true, sliding_window: 8 };
    sameModel(
      { ...qwen, max_window_layers: 3 },
      { ...qwen, layer_types: ['full_attention', 'full_attention', 'full_attention', 'sliding_attention'] },
    );
  });
});

describe('what a configuration leaves open', () => {
  test('null switches a default off, a missing key leaves it on', () => {
    const gemma = { ...llama, model_type: 'gemma2', head_dim: 16 };
    expect(parseModelConfig(gemma).attention.softcap).toBe(50);
    expect(parseModelConfig({ ...gemma, attn_logit_softcapping: null }).attention.softcap).toBe(undefined);
    expect(parseModelConfig({ ...llama, model_type: 'mistral' }).layers[0].window).toBe(4096);
    expect(parseModelConfig({ ...llama, model_type: 'mistral', sliding_window: null }).layers[0].window).toBe(
      undefined,
    );
  });
  test('unknown keys are reported, keys without influence are not', () => {
    const config = parseModelConfig({
      ...llama,
      attention_dropout: 0,
      use_cache: true,
      flux_capacitor: 1.21,
    });
    expect(config.unknownKeys).toEqual(['flux_capacitor']);
  });
  test('a multimodal checkpoint is read one level down', () => {
    const inner = { ...llama, model_type: 'gemma3_text', head_dim: 16 };
    const config = parseModelConfig({ model_type: 'gemma3', text_config: inner, eos_token_id: [1, 106] });
    expect(config.family).toBe('gemma3');
    expect(config.eosTokenIds).toEqual([1, 106]);
  });
});

describe('what is refused', () => {
  test('an unknown architecture lists the known ones and the unknown keys', () => {
    const bad = () => parseModelConfig({ ...llama, model_type: 'mamba', state_size: 16 });
    expect(bad).toThrow(UnknownArchitectureError);
    expect(bad).toThrow(`model_type: expected one of ${familyNames.join(', ')}, got "mamba"`);
    expect(bad).toThrow('unknown keys state_size');
  });
  test('values of the wrong type or range, by key', () => {
    const cases: [Record<string, unknown>, string][] = [
      [
        { hidden_size: '64' },
        'config hidden_size / n_embd / n_embed / dim: expected a finite number, got "64"',
      ],
      [{ num_hidden_layers: 1e9 }, 'expected an integer from 1 to 4096, got 1000000000'],
      [{ num_key_value_heads: 3 }, 'config num_key_value_heads: expected a divisor of 4, got 3'],
      [{ hidden_act: 'mish' }, 'config hidden_act: expected one of silu'],
      [{ rope_scaling: { rope_type: 'spiral' } }, 'config rope_type: expected one of default, linear'],
      [{ rope_scaling: { rope_type: 'linear' } }, 'config factor: expected a finite number, got nothing'],
      [{ rope_theta: -1 }, 'config rope_theta: expected > 0, got -1'],
      [{ rms_norm_eps: -1 }, 'config rms_norm_eps: expected >= 0, got -1'],
    ];
    for (const [change, message] of cases)
      expect(() => parseModelConfig({ ...llama, ...change })).toThrow(message);
  });
  test('any JSON gives a configuration or an error of a known class', () => {
    const value = fc.jsonValue();
    const keys = Object.keys(llama).concat(
      'rope_scaling',
      'rope_parameters',
      'layer_types',
      'sliding_window',
      'head_dim',
      'eos_token_id',
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...families),
        fc.dictionary(fc.constantFrom(...keys), value),
        (family, change) => {
          try {
            const config = parseModelConfig({ ...llama, ...change, model_type: family.modelTypes[0] });
            expect(config.layers.length).toBe(config.numLayers);
          } catch (error) {
            expect(error instanceof RangeError || error instanceof TypeError).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('the table of families', () => {
  test('every model_type belongs to one family', () => {
    const types = families.flatMap((family) => family.modelTypes);
    expect(new Set(types).size).toBe(types.length);
  });
  test.each(familyNames)('%s names every parameter of a model once', (name) => {
    const family = families.find((f) => f.name === name);
    const config = parseModelConfig({ ...llama, model_type: family?.modelTypes[0], head_dim: 16 });
    const specs = listParameters(config);
    expect(new Set(specs.map((spec) => spec.name)).size).toBe(specs.length);
    for (const { stored } of specs) expect(stored.name).not.toMatch(/\{[ie]\}|undefined/);
  });
});
