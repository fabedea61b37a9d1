// `models`: a checkpoint with reference logits and greedy ids. On the composite path logits come from whole sequences without cache and greedy ids from
// generate() through the paged cache, so a case checks both; a fused executor has only the cached way.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { generateBatch, loadModel, type Model, memorySource, readSafetensors } from '@ashlar/core';
import { useBackend } from '../backends.ts';
import { type CaseGroup, type GroupResult, type Kind, readBytes, readJson } from '../case.ts';
import { type Divergence, divergence } from './models-divergence.ts';

interface Meta {
  readonly checkpoint?: string;
  readonly atol?: number;
  readonly rtol?: number;
  readonly gapTolerance?: number;
  readonly quantizedActivations?: { readonly meanKl: number; readonly top1: number };
}

interface ModelCase {
  readonly ids: Int32Array;
  readonly rows: Int32Array;
  readonly logits: Float32Array;
  readonly greedy: Int32Array;
  readonly gap?: Float32Array;
}

export const kind: Kind = {
  usesBackend: true,
  async run(group, { backend }) {
    await useBackend(backend);
    const meta = (await readJson<Meta>(group, 'meta.json')) ?? {};
    const cases = await readModelCases(group);
    using model = await loadModel(checkpointPath(group, meta));
    // Awaited here: `using` disposes the model when this function is left.
    return await (model.quantizesActivations ? judgeQuantized : judgeExact)(model, cases, meta);
  },
};

function checkpointPath(group: CaseGroup, meta: Meta): string {
  if (meta.checkpoint !== undefined) return join(group.path, meta.checkpoint);
  for (const file of ['model.gguf', 'model.bin']) {
    if (existsSync(join(group.path, file))) return join(group.path, file);
  }
  return group.path;
}

async function readModelCases(group: CaseGroup): Promise<ModelCase[]> {
  const file = await readSafetensors(memorySource(await readBytes(group, 'cases.safetensors')));
  const list: ModelCase[] = [];
  for (let n = 0; file.tensors.has(`${n}.ids`); n++) {
    const read = async (part: string) => {
      if (!file.tensors.has(`${n}.${part}`)) return undefined;
      const { bytes } = await file.read(`${n}.${part}`);
      return bytes.slice().buffer;
    };
    const ids = new Int32Array((await read('ids')) as ArrayBuffer);
    const rows = await read('rows');
    const gap = await read('gap');
    list.push({
      ids,
      rows: rows === undefined ? Int32Array.from(ids.keys()) : new Int32Array(rows),
      logits: new Float32Array((await read('logits')) as ArrayBuffer),
      greedy: new Int32Array((await read('greedy')) ?? new ArrayBuffer(0)),
      gap: gap === undefined ? undefined : new Float32Array(gap),
    });
  }
  return list;
}

async function judgeExact(model: Model, cases: readonly ModelCase[], meta: Meta): Promise<GroupResult> {
  const { atol = 2e-4, rtol = 2e-3, gapTolerance = 0 } = meta;
  const failures: string[] = [];
  let passed = 0;
  let worst = 0;
  const wrong = await wrongGreedy(model, cases, gapTolerance);
  for (const [n, one] of cases.entries()) {
    const rows = await logitRows(model, one);
    let off = 0;
    one.logits.forEach((expected, i) => {
      const error = Math.abs(rows[i] - expected);
      if (!(error <= worst)) worst = error;
      if (!(error <= atol + rtol * Math.abs(expected))) off++;
    });
    if (off > 0) failures.push(`case ${n}: ${off} of ${one.logits.length} logits out of tolerance`);
    else if (wrong[n] !== undefined) failures.push(`case ${n}: ${wrong[n]}`);
    else passed++;
  }
  return { passed, failures, note: `max |dlogit| ${worst.toExponential(1)}` };
}

/** The rows [K, V] of the reference: of a whole pass on the composite path, through the cache from row to row on a fused executor. */
async function logitRows(model: Model, { ids, rows }: ModelCase): Promise<Float32Array> {
  if (model.executor !== 'composite') return steppedRows(model, ids, rows);
  const logits = model.forward(ids);
  const all = (await logits.data()) as Float32Array;
  logits.dispose();
  const picked = new Float32Array(rows.length * model.vocabSize);
  rows.forEach((row, k) => {
    picked.set(all.subarray(row * model.vocabSize, (row + 1) * model.vocabSize), k * model.vocabSize);
  });
  return picked;
}

async function steppedRows(model: Model, ids: Int32Array, rows: Int32Array): Promise<Float32Array> {
  const picked = new Float32Array(rows.length * model.vocabSize);
  using sequence = model.newSequence();
  const order = [...rows.keys()].sort((a, b) => rows[a] - rows[b]);
  for (const k of order) {
    const next = ids.subarray(sequence.length, rows[k] + 1);
    const [row] = await model.step([{ sequence, ids: next }]);
    picked.set(row, k * model.vocabSize);
  }
  return picked;
}

/**
 * What is wrong with each case's greedy ids, or undefined. All cases run as one batch, which must not change any of them. A case counts up to the first
 * step whose top-2 gap is under the tolerance: from there on either continuation is right.
 */
async function wrongGreedy(
  model: Model,
  cases: readonly ModelCase[],
  gapTolerance: number,
): Promise<(string | undefined)[]> {
  const certain = cases.map(({ greedy, gap }) => {
    const unsure = gap?.findIndex((one) => one < gapTolerance) ?? -1;
    return unsure < 0 ? greedy.length : unsure;
  });
  const lanes = [...cases.keys()].filter((n) => certain[n] > 0);
  const made = cases.map((): number[] => []);
  const maxNewTokens = Math.max(0, ...certain);
  const prompts = lanes.map((n) => cases[n].ids);
  for await (const { id, sequence } of generateBatch(model, prompts, { maxNewTokens, stopIds: [] })) {
    made[lanes[sequence]].push(id);
  }
  return cases.map(({ greedy }, n) => {
    const at = greedy.subarray(0, certain[n]).findIndex((id, i) => id !== made[n][i]);
    return at < 0 ? undefined : `greedy id ${at}: expected ${greedy[at]}, got ${made[n][at]}`;
  });
}

async function judgeQuantized(model: Model, cases: readonly ModelCase[], meta: Meta): Promise<GroupResult> {
  const { meanKl = 0.01, top1 = 0.8 } = meta.quantizedActivations ?? {};
  const all: Divergence[] = [];
  for (const one of cases) {
    const rows = await logitRows(model, one);
    for (let k = 0; k < one.rows.length; k++) {
      const row = (values: Float32Array) => values.subarray(k * model.vocabSize, (k + 1) * model.vocabSize);
      all.push(divergence(row(one.logits), row(rows)));
    }
  }
  const kl = all.reduce((sum, d) => sum + d.kl, 0) / all.length;
  const same = all.filter((d) => d.sameArgMax).length / all.length;
  const note = `quantised activations: mean KL ${kl.toExponential(1)}, same arg max ${same.toFixed(3)}`;
  const holds = kl <= meanKl && same >= top1;
  return holds
    ? { passed: cases.length, failures: [], note }
    : {
        passed: 0,
        failures: cases.map((_, n) => `case ${n}: expected mean KL <= ${meanKl}, top1 >= ${top1}`),
        note,
      };
}
