// Reads the adapters that peft_cases.py wrote, compares logits, and writes them again for it to read:
//
//   python peft_cases.py write DIR
//   node --conditions=@ashlar/source --import tsx conformance/reference/peft-check.ts DIR
//   python peft_cases.py read DIR
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CheckpointFolder,
  loadModel,
  loadPeft,
  memorySource,
  readSafetensors,
  savePeft,
} from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

const directory = process.argv[2] ?? '';
await tf.setBackend('cpu');
const source = async (path: string) => memorySource(new Uint8Array(await readFile(path)));
const checkpoint = (path: string): CheckpointFolder => ({
  name: path,
  list: () => readdir(path),
  open: async (file) => ((await readdir(path)).includes(file) ? source(join(path, file)) : undefined),
});
for (const name of (await readdir(directory)).sort()) {
  if (name === 'base' || name === 'ours') continue;
  const folder = join(directory, name);
  const one = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8')) as {
    base: string;
    ids: number[];
    logits: number[];
  };
  const config = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'));
  const model = await loadModel(checkpoint(join(directory, 'base', one.base)));
  try {
    const { adapters, lora } = await loadPeft(
      config,
      await readSafetensors(await source(join(folder, 'adapter_model.safetensors'))),
      model.config,
    );
    model.useAdapter({ tensors: adapters, lora });
    const logits = await logitsOf(model, one.ids);
    const worst = Math.max(...one.logits.map((l, i) => Math.abs(l - logits[i])));
    console.log(`${name}: max |dlogit| ${worst.toExponential(1)}${worst < 1e-4 ? '' : '   WRONG'}`);
    const out = join(directory, 'ours', name);
    await mkdir(out, { recursive: true });
    try {
      await savePeft({ create: async (file) => fileSink(join(out, file)) }, model.config, adapters, lora);
      await writeFile(join(out, 'case.json'), JSON.stringify({ ...one, logits }));
    } catch (error) {
      console.log(`  not saved: ${(error as Error).message}`);
      await rm(out, { recursive: true });
    }
  } catch (error) {
    console.log(`${name}: ${(error as Error).name}: ${(error as Error).message}`);
  }
}
async function logitsOf(
  model: Awaited<ReturnType<typeof loadModel>>,
  ids: readonly number[],
): Promise<number[]> {
  using sequence = model.newSequence();
  const all: number[] = [];
  for (const id of ids) all.push(...(await model.step([{ sequence, ids: Int32Array.of(id) }]))[0]);
  return all;
}

function fileSink(path: string) {
  const parts: Uint8Array[] = [];
  return {
    write: async (bytes: Uint8Array) => void parts.push(bytes.slice()),
    close: async () => writeFile(path, Buffer.concat(parts)),
  };
}
