import { describe, expect, it } from 'vitest';
import { memorySource } from '../../bytes/memory-source.ts';
import { CheckpointError } from '../../checkpoint-error.ts';
import { readLlama2c } from './read-llama2c.ts';
import { tinyLlama2c } from './tiny-llama2c.ts';

const read = (bytes: Uint8Array) => readLlama2c(memorySource(bytes, 'x.bin'));

/** The file of a version with 32-bit fields replaced: [offset, value]. */
async function changed(version: 0 | 1 | 2, ...fields: [number, number][]): Promise<Uint8Array> {
  const bytes = (await tinyLlama2c(version)).slice();
  for (const [offset, value] of fields) new DataView(bytes.buffer).setInt32(offset, value, true);
  return bytes;
}

describe('readLlama2c', () => {
  it.each([0, 1, 2] as const)('version %i: header and names', async (version) => {
    const file = await read(await tinyLlama2c(version));
    expect(file.header).toMatchObject({
      version,
      dim: 32,
      layerCount: 2,
      headCount: 4,
      keyValueHeadCount: 2,
      vocabSize: 40,
      sharedClassifier: false,
    });
    expect(file.tensors.size).toBe(21);
    expect(file.tensors.get('model.layers.1.mlp.down_proj.weight')).toMatchObject({
      dtype: version === 2 ? 'Q8_G32' : 'F32',
      shape: [32, 64],
    });
    expect(file.config).toMatchObject({ model_type: 'llama', hidden_size: 32, tie_word_embeddings: false });
  });

  it('a positive vocabulary in version 0, a 1 later, mean a shared classifier', async () => {
    const one = await changed(0, [20, 40]);
    expect((await read(one.slice(0, one.length - 40 * 32 * 4))).config.tie_word_embeddings).toBe(true);
    const later = await changed(1);
    later[36] = 1;
    const file = await read(later.slice(0, later.length - 40 * 32 * 4));
    expect(file.config.tie_word_embeddings).toBe(true);
    expect(file.tensors.has('lm_head.weight')).toBe(false);
  });

  it.each<[string, () => Promise<Uint8Array>, RegExp]>([
    ['27 bytes', async () => new Uint8Array(27), /size: expected at least 28 bytes/],
    ['a dim of 0', () => changed(0, [0, 0]), /dim: expected an integer from 1/],
    ['a negative layer count', () => changed(1, [16, -1]), /n_layers: expected an integer from 1/],
    ['2^31 - 1 layers', () => changed(1, [16, 2 ** 31 - 1]), /n_layers/],
    ['a dim beyond the file', () => changed(0, [0, 1 << 20]), /size: expected at least/],
    ['heads that do not divide', () => changed(0, [12, 5]), /n_heads: expected heads of an even size/],
    ['odd heads', () => changed(0, [12, 32]), /n_heads/],
    [
      'key heads that do not divide',
      () => changed(0, [16, 3]),
      /n_kv_heads: expected a divisor of n_heads 4/,
    ],
    ['version 3', () => changed(1, [4, 3]), /version: expected 0, 1 or 2, got 3/],
    ['groups of 48', () => changed(2, [37, 48]), /group_size: expected a power of two/],
    ['groups of 64 over rows of 32', () => changed(2, [37, 64]), /group_size: expected a divisor of 32/],
    ['a vocabulary too large', () => changed(0, [20, -41]), /size: expected/],
    ['a vocabulary too small', () => changed(0, [20, -39]), /size: expected \d+ bytes \(from the header\)/],
  ])('refuses %s', async (_, make, message) => {
    const bytes = await make();
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toBeInstanceOf(CheckpointError);
  });
});
