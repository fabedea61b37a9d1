// training/<name>: config.json, init.safetensors, batches.safetensors (`STEP.MICRO.ids`, `.labels`), curve.json with the optimizer, the learning rates and the reference's
// losses and gradient norms. Each loss within 1e-3, each norm within 1e-2 relative. A group is one case: a whole run.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  adamw,
  type CheckpointFolder,
  disposeTrainState,
  initTrainState,
  languageModelObjective,
  lion,
  loadModel,
  memorySource,
  muon,
  type Optimizer,
  readSafetensors,
  rmsprop,
  sgd,
  type TokenBatch,
  trainStep,
  type WeightFile,
} from '@ashlar/core';
import { useBackend } from '../backends.ts';
import { type CaseGroup, type GroupResult, type Kind, type RunOptions, readJson } from '../case.ts';

interface Curve {
  /** The library's own options beside the name; `decayOnly` says what ours do anyway, without it all parameters decay. */
  readonly optimizer: {
    readonly name: string;
    readonly decayOnly?: string;
    readonly [option: string]: unknown;
  };
  readonly clipByGlobalNorm?: number;
  readonly accumulate: number;
  readonly learningRate: readonly number[];
  readonly loss: readonly number[];
  readonly gradNorm: readonly number[];
}

const optimizers: Readonly<Record<string, (options: object) => Optimizer>> = {
  adamw,
  lion,
  muon,
  rmsprop,
  sgd,
};

const ranksAboveOne = 'tensors of rank >= 2';

/** The case's optimizer. A case that says nothing of what decays means what torch does: all. */
function optimizerOf({ name, decayOnly, ...constants }: Curve['optimizer']): Optimizer {
  const make = optimizers[name];
  if (make === undefined) throw new RangeError(`unknown optimizer ${name}`);
  if (decayOnly !== undefined && decayOnly !== ranksAboveOne)
    throw new RangeError(`decayOnly: expected '${ranksAboveOne}', got '${decayOnly}'`);
  const all = decayOnly === undefined && constants['weightDecay'] !== undefined;
  return make(all ? { ...constants, decays: () => true } : constants);
}

export const kind: Kind = {
  usesBackend: true,
  async run(group: CaseGroup, { backend }: RunOptions): Promise<GroupResult> {
    await useBackend(backend);
    const curve = await readJson<Curve>(group, 'curve.json');
    if (curve === undefined) throw new RangeError('curve.json: expected a file, got none');
    const optimizer = optimizerOf(curve.optimizer);
    const model = await loadModel(initialCheckpoint(group));
    const objective = languageModelObjective(model.config);
    const batches = await source(join(group.path, 'batches.safetensors'));
    const file = await readSafetensors(batches);
    // The trainer takes the tensors over; the model object is not used again.
    let state = initTrainState(new Map(model.parameters), optimizer);
    const worst = { loss: 0, gradNorm: 0 };
    const wrong: string[] = [];
    for (const [step, expected] of curve.loss.entries()) {
      const window: TokenBatch[] = [];
      for (let m = 0; m < curve.accumulate; m++) window.push(await readBatch(file, `${step}.${m}`));
      const result = await trainStep(state, window, objective, {
        optimizer,
        learningRate: curve.learningRate[step],
        ...(curve.clipByGlobalNorm === undefined ? {} : { maxNorm: curve.clipByGlobalNorm }),
      });
      state = result.state;
      const loss = Math.abs(result.report.loss - expected);
      const gradNorm = Math.abs(result.report.gradNorm / curve.gradNorm[step] - 1);
      worst.loss = Math.max(worst.loss, loss);
      worst.gradNorm = Math.max(worst.gradNorm, gradNorm);
      if (!(loss <= 1e-3)) wrong.push(`step ${step}: loss expected ${expected}, got ${result.report.loss}`);
      if (!(gradNorm <= 1e-2))
        wrong.push(
          `step ${step}: gradient norm expected ${curve.gradNorm[step]}, got ${result.report.gradNorm}`,
        );
    }
    disposeTrainState(state);
    const note = `${curve.loss.length} steps, max |dloss| ${worst.loss.toExponential(1)}, gradient norm ${worst.gradNorm.toExponential(1)}`;
    return { passed: wrong.length === 0 ? 1 : 0, failures: wrong.length === 0 ? [] : [wrong[0]], note };
  },
};

const source = async (path: string) => memorySource(new Uint8Array(await readFile(path)));

/** The case's directory as a checkpoint whose weights are init.safetensors. */
function initialCheckpoint(group: CaseGroup): CheckpointFolder {
  const files: Readonly<Record<string, string>> = {
    'config.json': 'config.json',
    'model.safetensors': 'init.safetensors',
  };
  return {
    name: group.name,
    list: async () => Object.keys(files),
    open: async (file) => (files[file] === undefined ? undefined : source(join(group.path, files[file]))),
  };
}

async function readBatch(file: WeightFile, at: string): Promise<TokenBatch> {
  const ids = await file.read(`${at}.ids`);
  const labels = await file.read(`${at}.labels`);
  const [rows, length] = ids.shape;
  const integers = (bytes: Uint8Array): Int32Array => new Int32Array(bytes.slice().buffer);
  return { rows, length, ids: integers(ids.bytes), labels: integers(labels.bytes) };
}
