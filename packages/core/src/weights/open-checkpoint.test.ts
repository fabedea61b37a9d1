import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { writeGgufCheckpoint } from './formats/gguf/write-gguf-checkpoint.ts';
import { tinyLlama2c } from './formats/llama2c/tiny-llama2c.ts';
import { type CheckpointPlace, openCheckpoint } from './open-checkpoint.ts';
import { dequantize } from './quantization/dequantize.ts';
import { quantize } from './quantization/quantize.ts';
import { tinyCheckpoint, tinyConfig, tinyWeights } from './tiny-checkpoint.ts';
import { memorySink } from './write/byte-sink.ts';

const directory = mkdtempSync(join(tmpdir(), 'ashlar-open-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function gguf(dtype: 'F32' | 'Q8_0' | 'Q4_0'): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  await writeGgufCheckpoint(sink, { config: tinyConfig, weights: tinyWeights() }, { dtype });
  return sink.bytes();
}

const file = (name: string, bytes: Uint8Array) => new File([bytes as Uint8Array<ArrayBuffer>], name);

async function values(where: CheckpointPlace): Promise<Map<string, number[]>> {
  const checkpoint = await openCheckpoint(where);
  const all = new Map<string, number[]>();
  for (const name of checkpoint.weights.tensors.keys())
    all.set(name, Array.from(dequantize(await checkpoint.weights.read(name))));
  await checkpoint.close();
  return new Map([...all].sort((a, b) => (a[0] < b[0] ? -1 : 1)));
}

describe('openCheckpoint', () => {
  it('one model in safetensors, GGUF and llama2.c v0 and v1 has the same names, values and config', async () => {
    const files = [...(await tinyCheckpoint())].map(([name, bytes]) => file(name, bytes));
    const expected = await values(files);
    expect(expected.size).toBe(21);
    expect(await values(file('a.gguf', await gguf('F32')))).toEqual(expected);
    expect(await values(file('a.bin', await tinyLlama2c(0)))).toEqual(expected);
    expect(await values(file('a.bin', await tinyLlama2c(1)))).toEqual(expected);
    for (const place of [file('a.gguf', await gguf('F32')), file('a.bin', await tinyLlama2c(0))]) {
      const { config } = await openCheckpoint(place);
      expect(config).toMatchObject(tinyConfig);
    }
  });

  it('packed rows are reordered without being unpacked: llama2.c v2 and GGUF Q8_0 agree with quantising afterwards', async () => {
    const expected = new Map<string, number[]>();
    for (const [name, { shape }] of tinyWeights().tensors) {
      const { bytes } = await tinyWeights().read(name);
      const packed =
        shape.length === 2
          ? ({ dtype: 'Q8_0', bytes: quantize(dequantize({ dtype: 'F32', shape, bytes }), 'Q8_0') } as const)
          : ({ dtype: 'F32', bytes } as const);
      expected.set(name, Array.from(dequantize({ ...packed, shape })));
    }
    expect(new Map(await values(file('a.gguf', await gguf('Q8_0'))))).toEqual(new Map([...expected].sort()));
    expect(await values(file('a.bin', await tinyLlama2c(2)))).toEqual(new Map([...expected].sort()));
  });

  it('a directory, a path, a file: URL and a Blob are the same place', async () => {
    for (const [name, bytes] of await tinyCheckpoint()) writeFileSync(join(directory, name), bytes);
    const expected = await values(directory);
    expect(await values(join(directory, 'model.safetensors'))).toEqual(expected);
    expect(await values(pathToFileURL(directory))).toEqual(expected);
    const opened = await openCheckpoint(directory);
    expect(new TextDecoder().decode(await opened.assets.file('tokenizer.json'))).toBe('{}');
    expect(await opened.assets.file('chat_template.jinja')).toBeUndefined();
    await opened.close();
  });

  it('further chat templates are listed and read, from disk and of files that were picked', async () => {
    const folder = 'additional_chat_templates';
    const place = join(directory, 'with-templates');
    mkdirSync(join(place, folder), { recursive: true });
    const picked: File[] = [];
    const put = (name: string, bytes: Uint8Array | string) => {
      writeFileSync(join(place, name), bytes);
      const one = new File([bytes as BlobPart], name.split('/').at(-1)!);
      Object.defineProperty(one, 'webkitRelativePath', { value: `with-templates/${name}` });
      picked.push(one);
    };
    for (const [name, bytes] of await tinyCheckpoint()) put(name, bytes);
    put(`${folder}/tool_use.jinja`, 'T');
    put(`${folder}/tokenizer.json`, 'not the one');
    for (const where of [place, picked]) {
      const { assets, close } = await openCheckpoint(where);
      expect(new Set(await assets.list?.(folder))).toEqual(new Set(['tool_use.jinja', 'tokenizer.json']));
      expect(await assets.list?.('nowhere')).toEqual([]);
      await expect(assets.list?.('../..')).rejects.toThrow(/folder: expected/);
      const read = async (name: string) => new TextDecoder().decode(await assets.file(name));
      expect(await read(`${folder}/tool_use.jinja`)).toBe('T');
      expect(await read('tokenizer.json')).toBe('{}');
      await close();
    }
  });

  it('reads tensor by tensor: opening reads the header only, a read one tensor', async () => {
    const bytes = await gguf('F32');
    const reads: number[] = [];
    const folder = {
      name: 'counted',
      list: async () => ['model.gguf'],
      open: async (name: string) =>
        name !== 'model.gguf'
          ? undefined
          : {
              name,
              size: bytes.byteLength * 1000, // so that the prefix is not the whole file
              read: async (offset: number, length: number) => {
                reads.push(length);
                return bytes.slice(offset, offset + length);
              },
              close: async () => {},
            },
    };
    const checkpoint: Checkpoint = await openCheckpoint(folder);
    const opened = reads.splice(0).reduce((sum, length) => sum + length, 0);
    expect(opened).toBeLessThanOrEqual((1 << 20) + 4);
    for (const [name, { byteLength }] of checkpoint.weights.tensors) {
      await checkpoint.weights.read(name);
      expect(reads.splice(0)).toEqual([byteLength]);
    }
  });

  it('says what is missing or not known', async () => {
    const files = await tinyCheckpoint();
    const without = (name: string) =>
      [...files].filter(([other]) => other !== name).map(([n, b]) => file(n, b));
    await expect(openCheckpoint(without('config.json'))).rejects.toThrow(
      /config\.json: file: expected to exist/,
    );
    await expect(openCheckpoint(without('model.safetensors'))).rejects.toThrow(/expected one weight file/);
    await expect(openCheckpoint(join(directory, 'nothing'))).rejects.toThrow(CheckpointError);
    await expect(openCheckpoint('owner/name')).rejects.toThrow(
      "owner/name: path: expected a file or a directory (of the hub: 'hf:owner/name'), got no such file",
    );
    for (const nowhere of ['', undefined, null, 7])
      await expect(openCheckpoint(nowhere as never)).rejects.toThrow(/^where: expected a path, URL, hf: id/);
    await expect(openCheckpoint(file('config.json', new TextEncoder().encode('{ "a": 1 }')))).rejects.toThrow(
      'got JSON: name the folder that it lies in',
    );
    await expect(openCheckpoint(file('notes.md', new TextEncoder().encode('# Notes')))).rejects.toThrow(
      'got a file that begins with "# No"',
    );
    await expect(openCheckpoint(file('a.onnx', new Uint8Array(64)))).rejects.toThrow(
      /safetensors, GGUF or llama2\.c/,
    );
    await expect(openCheckpoint(files as never)).rejects.toThrow(TypeError);
    await expect(openCheckpoint(directory, { fil: 'x' } as object)).rejects.toThrow(
      /unknown option fil, expected one of file, hub/,
    );
    await expect(openCheckpoint(directory, { file: '../secret.safetensors' })).rejects.toThrow(
      /inside the folder/,
    );
    const pickle = file('pytorch_model.bin', Uint8Array.from([0x80, 2, ...new Array<number>(100).fill(0)]));
    await expect(openCheckpoint(pickle)).rejects.toThrow(/PyTorch pickle/);
    await expect(openCheckpoint('hf:nonsense')).rejects.toThrow(/hf:owner\/name/);
    const checkpoint = await openCheckpoint(directory);
    await expect(checkpoint.weights.read('model.nothing')).rejects.toThrow(CheckpointError);
    await checkpoint.close();
  });
});

const shared = fileURLToPath(new URL('../../../../../shared/', import.meta.url));
const models = `${shared}data/models/`;

describe.skipIf(!existsSync(models))('openCheckpoint: files of other tools (skipped when absent)', () => {
  it('stories260K is the same in llama2.c v0, v1 and in the GGUF that llama.cpp made', async () => {
    const v0 = await values(`${models}llama2c/stories260K.bin`);
    expect(await values(`${models}llama2c/stories260K_v1.bin`)).toEqual(v0);
    const converted = await values(`${models}gguf/tinyllamas-260k-v3.gguf`);
    converted.delete('lm_head.weight'); // llama.cpp stores the shared output layer twice
    expect(converted).toEqual(v0);
  });

  it('SmolLM2 opens with its config and vocabulary', async () => {
    const checkpoint = await openCheckpoint(`${models}smollm2`);
    expect(checkpoint.config).toMatchObject({
      model_type: 'llama',
      hidden_size: 576,
      num_key_value_heads: 3,
      rope_theta: 100000,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: true,
    });
    expect(checkpoint.assets.metadata?.get('tokenizer.ggml.tokens')).toHaveLength(49152);
    expect(checkpoint.weights.tensors.size).toBe(272);
    await checkpoint.close();
  });
});
