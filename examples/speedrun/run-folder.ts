// The folder of a run: each stage leaves its result (JSON) and, where it trains, its state; a stage whose result is there is not done again, one that was killed in its middle goes on
// from the state it last saved. Files are replaced whole, so a kill at any moment leaves the old one or the new one.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { disposeTrainState, type TrainState } from '@ashlar/core';
import { loadTrainState, saveTrainState } from '@ashlar/core/node';
import type * as tf from '@tensorflow/tfjs-core';

export type Curve = (readonly [number, number])[];

export interface RunFolder {
  /** The result of a stage: read when it is there, else made and written with the seconds it took. */
  stage<T>(name: string, make: () => Promise<T>): Promise<T>;
  /** The state a stage had reached and its curve until then, or undefined. */
  load(name: string): Promise<{ state: TrainState; curve: Curve } | undefined>;
  save(name: string, state: TrainState, curve: Curve): Promise<void>;
  /** A stage's final parameters; optimizer slots are freed. */
  parameters(name: string): Promise<Map<string, tf.Tensor>>;
  write(file: string, text: string): Promise<void>;
  /** Seconds of every stage, also of earlier invocations (of an interrupted stage: since the last start). */
  readonly seconds: Record<string, { wall: number; cpu: number }>;
}

export async function openRun(folder: string): Promise<RunFolder> {
  await mkdir(folder, { recursive: true });
  const at = (file: string): string => join(folder, file);
  const readJson = async (file: string) =>
    existsSync(at(file)) ? JSON.parse(await readFile(at(file), 'utf8')) : undefined;
  const seconds: RunFolder['seconds'] = (await readJson('seconds.json')) ?? {};
  const run: RunFolder = {
    seconds,
    async stage(name, make) {
      const known = await readJson(`${name}.json`);
      if (known !== undefined) {
        console.log(`${name}: done before`);
        return known;
      }
      const started = performance.now();
      const cpu = process.cpuUsage();
      console.log(`${name} ...`);
      const result = await make();
      const { user, system } = process.cpuUsage(cpu);
      seconds[name] = { wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
      console.log(`${name}: ${seconds[name].wall.toFixed(0)} s, ${seconds[name].cpu.toFixed(0)} s of CPU`);
      await run.write('seconds.json', `${JSON.stringify(seconds, null, 1)}\n`);
      await run.write(`${name}.json`, `${JSON.stringify(result, null, 1)}\n`);
      return result;
    },
    async load(name) {
      const saved = await loadTrainState(at(`${name}.state`));
      if (saved === undefined) return undefined;
      // The curve is written behind the state, so it may lack its last points, but never runs ahead of it.
      const curve: Curve = (await readJson(`${name}.curve.json`)) ?? [];
      return { state: saved.state, curve: curve.filter(([x]) => x <= saved.state.windows) };
    },
    async save(name, state, curve) {
      await saveTrainState(at(`${name}.state`), state);
      await run.write(`${name}.curve.json`, JSON.stringify(curve));
    },
    async parameters(name) {
      const saved = await run.load(name);
      if (saved === undefined) throw new RangeError(`${name}.state: expected the stage's state, got no file`);
      const parameters = new Map(saved.state.parameters);
      disposeTrainState({ ...saved.state, parameters: new Map() });
      return parameters;
    },
    async write(file, text) {
      await writeFile(at(`${file}.new`), text);
      await rename(at(`${file}.new`), at(file));
    },
  };
  return run;
}
