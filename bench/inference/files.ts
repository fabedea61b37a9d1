// What the inference bench runs on: SmolLM2 from the shared material, other quantisations of it and a random llama2.c checkpoint, both made once under .cache.
import { execFile } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openCheckpoint, writeGgufCheckpoint } from '@ashlar/core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Made files and fetched peers; ignored by git. */
export const cacheFolder = join(root, 'bench', '.cache');

/** SmolLM2-135M-Instruct, Q4_1. */
export const smollm2 = join(
  root,
  '..',
  'shared',
  'data',
  'models',
  'smollm2',
  'SmolLM2-135M-Instruct.Q4_1.gguf',
);

/** The same model with its matrices rounded again. */
export async function requantised(dtype: 'Q8_0' | 'Q4_0'): Promise<string> {
  const path = join(cacheFolder, `SmolLM2-135M-Instruct.${dtype}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(cacheFolder, { recursive: true });
  const checkpoint = await openCheckpoint(smollm2);
  const stream = createWriteStream(`${path}.part`);
  const ended = new Promise<void>((resolve, reject) => stream.once('close', resolve).once('error', reject));
  const sink = {
    write: (bytes: Uint8Array) =>
      new Promise<void>((resolve, reject) =>
        stream.write(bytes.slice(), (error) => (error ? reject(error) : resolve())),
      ),
    close: async () => void stream.end(),
  };
  const known = [...(checkpoint.assets.metadata ?? new Map())].filter(([key]) =>
    key.startsWith('tokenizer.'),
  );
  await writeGgufCheckpoint(sink, checkpoint, { dtype, metadata: new Map(known as [string, string][]) });
  await sink.close();
  await ended;
  await checkpoint.close();
  renameSync(`${path}.part`, path);
  return path;
}

/** Random weights of the sizes of stories15M in llama2.c's first format: float32, no header but seven integers. */
export function stories15M(): string {
  const path = join(cacheFolder, 'stories15M-random.bin');
  if (existsSync(path)) return path;
  mkdirSync(cacheFolder, { recursive: true });
  const [dim, inner, layers, heads, vocab, length] = [288, 768, 6, 6, 32000, 256];
  const matrices = vocab * dim + layers * (4 * dim * dim + 3 * dim * inner);
  const count = matrices + (2 * layers + 1) * dim + length * (dim / heads);
  const floats = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    floats[i] = (state / 2 ** 32 - 0.5) / 8;
  }
  const header = Int32Array.of(dim, inner, layers, heads, heads, vocab, length);
  writeFileSync(path, Buffer.concat([Buffer.from(header.buffer), Buffer.from(floats.buffer)]));
  return path;
}

/** llama2.c's `run`, built from a clone (`ASHLAR_LLAMA2C` names one; else it is cloned), or the reason why there is none. */
export async function llama2c(): Promise<{ run: string; tokenizer: string } | { reason: string }> {
  const run = promisify(execFile);
  const folder = process.env['ASHLAR_LLAMA2C'] ?? join(cacheFolder, 'llama2.c');
  try {
    if (!existsSync(join(folder, 'run.c'))) {
      const from = 'https://github.com/karpathy/llama2.c';
      await run('git', ['clone', '--depth', '1', from, folder], { timeout: 30_000 });
    }
    mkdirSync(cacheFolder, { recursive: true });
    const binary = join(cacheFolder, 'llama2c-run');
    const flags = ['-Ofast', '-fopenmp', '-march=native', join(folder, 'run.c'), '-lm', '-o', binary];
    await run('gcc', flags, { timeout: 60_000 });
    return { run: binary, tokenizer: join(folder, 'tokenizer.bin') };
  } catch (error) {
    return { reason: `llama2.c: ${(error as Error).message.trim().split('\n').at(-1)}` };
  }
}
