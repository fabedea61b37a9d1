// The folder of a run: each stage leaves its result (JSON) and, where it trains, its state; a stage whose result is there is not done again.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { disposeTrainState, type TrainState } from '@ashlar/core';
import { loadTrainState, saveTrainState } from '@ashlar/core/node';
import type * as tf from '@tensorflow/tfjs-core';

export interface RunFolder {
  /** The result of a stage: read when it is there, else made and written. */
  stage<T>(name: string, make: () => Promise<T>): Promise<T>;
  /** The state a stage had reached, or undefined. */
  load(name: string): Promise<TrainState | undefined>;
  save(name: string, state: TrainState): Promise<void>;
  /** A stage's final parameters; optimizer slots are freed. */
  parameters(name: string): Promise<Map<string, tf.Tensor>>;
  write(file: string, text: string): Promise<void>;
}

export async function openRun(folder: string): Promise<RunFolder> {
  await mkdir(folder, { recursive: true });
  const at = (file: string): string => join(folder, file);
  const run: RunFolder = {
    async stage(name, make) {
      const file = at(`${name}.json`);
      if (existsSync(file)) {
        console.log(`${name}: done before`);
        return JSON.parse(await readFile(file, 'utf8'));
      }
      const started = performance.now();
      console.log(`${name} ...`);
      const result = await make();
      console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
      await run.write(`${name}.json`, `${JSON.stringify(result, null, 1)}\n`);
      return result;
    },
    async load(name) {
      return (await loadTrainState(at(`${name}.state`)))?.state;
    },
    save: (name, state) => saveTrainState(at(`${name}.state`), state),
    async parameters(name) {
      const state = await run.load(name);
      if (state === undefined) throw new RangeError(`${name}.state: expected the stage's state, got no file`);
      const parameters = new Map(state.parameters);
      disposeTrainState({ ...state, parameters: new Map() });
      return parameters;
    },
    async write(file, text) {
      await writeFile(at(`${file}.new`), text);
      await rename(at(`${file}.new`), at(file));
    },
  };
  return run;
}
