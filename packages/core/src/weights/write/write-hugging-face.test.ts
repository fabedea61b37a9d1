import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../open-checkpoint.ts';
import { dequantize } from '../quantization/dequantize.ts';
import { tinyConfig, tinyWeights } from '../tiny-checkpoint.ts';
import { nodeOutputFolder } from './node-output-folder.ts';
import { writeHuggingFace } from './write-hugging-face.ts';

const root = mkdtempSync(join(tmpdir(), 'ashlar-write-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const model = { config: tinyConfig, weights: tinyWeights() };

describe('writeHuggingFace', () => {
  it('open after write is identity', async () => {
    const kept = ['merges.txt', 'additional_chat_templates/rag.jinja'];
    const assets = {
      file: async (name: string) => (kept.includes(name) ? new Uint8Array([35]) : undefined),
      list: async (folder: string) =>
        folder === 'additional_chat_templates' ? ['rag.jinja', 'notes.md'] : [],
    };
    const directory = join(root, 'one', 'two');
    const files = await writeHuggingFace({ ...model, assets }, nodeOutputFolder(directory));
    expect(files).toEqual(['config.json', 'model.safetensors', ...kept]);
    const read = await openCheckpoint(directory);
    expect(read.config).toEqual({ ...tinyConfig, torch_dtype: 'float32' });
    expect(await read.assets.file(kept[1])).toEqual(new Uint8Array([35]));
    for (const name of model.weights.tensors.keys())
      expect((await read.weights.read(name)).bytes).toEqual((await model.weights.read(name)).bytes);
    await read.close();
  });

  it('shards hold at most maxShardBytes and are found through the index', async () => {
    const directory = join(root, 'shards');
    const files = await writeHuggingFace(model, nodeOutputFolder(directory), { maxShardBytes: 10_000 });
    const index = JSON.parse(readFileSync(join(directory, 'model.safetensors.index.json'), 'utf8')) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    expect(new Set(Object.values(index.weight_map)).size).toBe(files.length - 2);
    const read = await openCheckpoint(directory);
    let total = 0;
    const sizes = new Map<string, number>();
    for (const [name, { byteLength }] of read.weights.tensors) {
      total += byteLength;
      sizes.set(index.weight_map[name], (sizes.get(index.weight_map[name]) ?? 0) + byteLength);
      expect((await read.weights.read(name)).bytes).toEqual((await model.weights.read(name)).bytes);
    }
    expect(total).toBe(index.metadata.total_size);
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(10_000);
    await read.close();
  });

  it('dtype converts and is written into the config', async () => {
    const directory = join(root, 'half');
    await writeHuggingFace(
      { ...model, config: { ...tinyConfig, dtype: 'float32' } },
      nodeOutputFolder(directory),
      { dtype: 'BF16' },
    );
    const read = await openCheckpoint(directory);
    expect(read.config.dtype).toBe('bfloat16');
    for (const [name, { dtype }] of read.weights.tensors) {
      expect(dtype).toBe('BF16');
      const [was, is] = [
        dequantize(await model.weights.read(name)),
        dequantize(await read.weights.read(name)),
      ];
      for (let i = 0; i < was.length; i++)
        expect(Math.abs(is[i] - was[i])).toBeLessThanOrEqual(Math.abs(was[i]) * 2 ** -8);
    }
    await read.close();
  });

  it('refuses unknown options', async () => {
    await expect(writeHuggingFace(model, nodeOutputFolder(root), { type: 'F16' } as object)).rejects.toThrow(
      TypeError,
    );
    await expect(writeHuggingFace(model, nodeOutputFolder(root), { maxShardBytes: 0 })).rejects.toThrow(
      RangeError,
    );
  });
});
