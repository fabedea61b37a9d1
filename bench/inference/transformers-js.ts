// @huggingface/transformers on cpu (onnxruntime) as a contestant, on the same checkpoint as 4-bit ONNX. Both are made once under .cache: the package by npm, the export by
// export-onnx.py in a venv (torch, transformers, accelerate, onnx, onnx_ir, onnxruntime-genai: gigabytes, minutes). `ASHLAR_ONNX_PYTHON` names a Python that has them.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from './files.ts';
import { prompt } from './prompt.ts';

/** The version that is installed. */
export const transformersJs = '@huggingface/transformers 4.3.1 (cpu, q4)';

/** Rates in tokens a second. */
export interface TransformersJs {
  decode(count: number): Promise<number>;
  prefill(count: number): Promise<number>;
  dispose(): Promise<void>;
}

interface Library {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: number[]) => object;
  readonly StoppingCriteria: new () => object;
  readonly AutoModelForCausalLM: {
    from_pretrained(
      name: string,
      options: object,
    ): Promise<{ generate(options: object): Promise<unknown>; dispose(): Promise<unknown> }>;
  };
}

const run = promisify(execFile);
const model = 'SmolLM2-135M-Instruct.onnx';

async function library(): Promise<Library> {
  const home = join(cacheFolder, 'transformers-js');
  const entry = join(home, 'node_modules', '@huggingface', 'transformers', 'dist', 'transformers.node.mjs');
  if (!existsSync(entry)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true }');
    const flags = ['install', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', [...flags, '@huggingface/transformers@4.3.1'], { cwd: home, timeout: 600_000 });
  }
  return (await import(pathToFileURL(entry).href)) as Library;
}

async function exportedModel(gguf: string): Promise<void> {
  const folder = join(cacheFolder, model);
  if (existsSync(join(folder, 'config.json'))) return;
  let python = process.env['ASHLAR_ONNX_PYTHON'];
  if (python === undefined) {
    const venv = join(cacheFolder, 'onnx-venv');
    python = join(venv, 'bin', 'python');
    const packages = ['torch', 'transformers', 'gguf', 'accelerate', 'onnx', 'onnx_ir', 'onnxruntime-genai'];
    if (!existsSync(python)) await run('python3', ['-m', 'venv', venv], { timeout: 60_000 });
    await run(python, ['-m', 'pip', 'install', '-q', ...packages], { timeout: 1_800_000 });
  }
  mkdirSync(folder, { recursive: true });
  const script = join(dirname(fileURLToPath(import.meta.url)), 'export-onnx.py');
  await run(python, [script, gguf, folder], { timeout: 1_800_000, maxBuffer: 2 ** 26 });
}

/** Exports the checkpoint if need be and loads it. */
export async function openTransformersJs(
  gguf: string,
  threads = 2,
): Promise<TransformersJs | { reason: string }> {
  try {
    const { env, Tensor, StoppingCriteria, AutoModelForCausalLM } = await library();
    await exportedModel(gguf);
    env.allowRemoteModels = false;
    env.localModelPath = `${cacheFolder}/`;
    const session_options = { intraOpNumThreads: threads, interOpNumThreads: 1 };
    const loaded = await AutoModelForCausalLM.from_pretrained(model, {
      dtype: 'q4',
      device: 'cpu',
      session_options,
    });
    const request = (length: number, tokens: number) => ({
      inputs: new Tensor('int64', BigInt64Array.from(prompt(length), BigInt), [1, length]),
      attention_mask: new Tensor('int64', new BigInt64Array(length).fill(1n), [1, length]),
      max_new_tokens: tokens,
      min_new_tokens: tokens,
      do_sample: false,
    });
    return {
      async decode(count) {
        const marks: number[] = [];
        class Clock extends StoppingCriteria {
          _call(ids: unknown[]): boolean[] {
            marks.push(performance.now());
            return ids.map(() => false);
          }
        }
        // The first mark follows the prompt.
        await loaded.generate({ ...request(16, count + 1), stopping_criteria: [new Clock()] });
        return ((marks.length - 1) * 1000) / ((marks.at(-1) as number) - (marks[0] as number));
      },
      async prefill(count) {
        const start = performance.now();
        await loaded.generate(request(count, 1));
        return (count * 1000) / (performance.now() - start);
      },
      dispose: async () => void (await loaded.dispose()),
    };
  } catch (error) {
    return { reason: `@huggingface/transformers: ${(error as Error).message.trim().split('\n').at(-1)}` };
  }
}
