// Measured cuts: they change no product, they are kept, and what cannot be believed is not. On whatever adapter Dawn finds; the times are made up where a choice is looked at.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { webgpuDevice } from '../../backends/webgpu.ts';
import { parseModelConfig } from '../../models/config.ts';
import { loadModel } from '../../models/load-model.ts';
import type { ModelConfig } from '../../models/model-config.ts';
import { listParameters } from '../../models/parameters.ts';
import { openCheckpoint } from '../../weights/open-checkpoint.ts';
import { autotune, gemvCandidates, productKey } from './autotune.ts';
import { createDeviceMemory, type DeviceMemory } from './device-memory.ts';
import { type DeviceParameters, loadDeviceParameters } from './device-parameters.ts';
import { gpuTuning, type ProductSize, softwareTuning } from './linear-tuning.ts';
import { loadWebgpuModel } from './load-webgpu-model.ts';
import { createDispatchTimer, type DispatchTimer } from './time-dispatch.ts';
import { forgetTuning, nodeTuningStorage, openTuningCache, type TuningStorage } from './tuning-cache.ts';

const place = join(dirname(fileURLToPath(import.meta.url)), '../../../../../models/stories');
allowSwiftShader();
const started = await chooseBackend('webgpu', { peers, allowSoftwareGpu: true }).then(
  () => true,
  () => false,
);

describe.skipIf(!started)('autotune', () => {
  let device: GPUDevice;
  let memory: DeviceMemory;
  let config: ModelConfig;
  let parameters: DeviceParameters;
  let checkpoint: Awaited<ReturnType<typeof openCheckpoint>>;
  beforeAll(async () => {
    device = webgpuDevice() as GPUDevice;
    memory = createDeviceMemory(device);
    checkpoint = await openCheckpoint(place);
    config = parseModelConfig(checkpoint.config);
    ({ parameters } = await loadDeviceParameters(memory, listParameters(config), checkpoint.weights));
  });
  afterEach(forgetTuning);
  afterAll(async () => {
    memory?.dispose();
    await checkpoint?.close();
  });

  /** The size of the down projection. */
  const sizeOf = (): ProductSize => {
    const { kind, columns, rows } = parameters.matrix(parameters.member('layers.0.mlp.down.weight').group);
    return { rows: 1, kind: kind.name, eights: Math.ceil(columns / 8), each: 1, outputs: rows };
  };
  /** Says that of every product's candidates the `n`-th is the fastest, and counts. */
  const favour =
    (n: number, count: number, calls = { made: 0 }): DispatchTimer =>
    async () =>
      calls.made++ % count === n ? 1 : 2;
  const tune = async (time: DispatchTimer, storage?: TuningStorage, budget = 60_000) =>
    autotune(device, config, parameters, softwareTuning, await openTuningCache('test', storage), time, {
      budget,
    });
  const inMap = (map = new Map<string, string>()): TuningStorage & { map: Map<string, string> } => ({
    map,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => map.set(key, value),
  });

  it('takes the candidate with the shortest time, for one row only', async () => {
    const size = sizeOf();
    const candidates = gemvCandidates(size, softwareTuning);
    const tuning = await tune(favour(2, candidates.length));
    expect(tuning.gemv(size)).toEqual({ rowsAtATime: 1, ...candidates[2] });
    expect(tuning.gemv({ ...size, rows: 4 })).toEqual(softwareTuning.gemv({ ...size, rows: 4 }));
    expect(tuning.gemv({ ...size, outputs: size.outputs + 8 })).toEqual(softwareTuning.gemv(size));
  });

  it('keeps the default for a gain within the noise, without time, and where there are no times', async () => {
    const size = sizeOf();
    const { length } = gemvCandidates(size, softwareTuning);
    let calls = 0;
    for (const [time, budget] of [
      [async () => (calls++ % length === 1 ? 0.97 : 1), 60_000],
      [favour(2, length), 0],
      [async () => 0, 60_000],
      [async () => Number.NaN, 60_000],
    ] as const) {
      expect((await tune(time, undefined, budget)).gemv(size)).toEqual(softwareTuning.gemv(size));
      forgetTuning();
    }
  });

  it('measures once: again from memory, and from a storage in another process', async () => {
    const size = sizeOf();
    const candidates = gemvCandidates(size, softwareTuning);
    const storage = inMap();
    const never: DispatchTimer = async () => {
      throw new Error('measured again');
    };
    const first = await tune(favour(1, candidates.length), storage);
    expect((await tune(never)).gemv(size)).toEqual(first.gemv(size));
    forgetTuning();
    expect((await tune(never, storage)).gemv(size)).toEqual(first.gemv(size));
    expect(first.gemv(size)).toEqual({ rowsAtATime: 1, ...candidates[1] });
  });

  it('what a storage says is believed only where it is a candidate', async () => {
    const size = sizeOf();
    const key = productKey(size);
    const candidates = gemvCandidates(size, softwareTuning);
    const bad = [
      '',
      'nonsense',
      '[]',
      'null',
      '7',
      `{"${key}":{"threads":1e9,"outputs":1}}`,
      `{"${key}":"fast"}`,
      `{"${key}":null}`,
    ];
    for (const text of bad) {
      const calls = { made: 0 };
      const tuning = await tune(favour(3, candidates.length, calls), inMap(new Map([['test', text]])));
      expect(tuning.gemv(size)).toEqual({ rowsAtATime: 1, ...candidates[3] });
      expect(calls.made).toBeGreaterThan(0);
      forgetTuning();
    }
    const broken: TuningStorage = {
      getItem: () => Promise.reject(new Error('unreadable')),
      setItem: () => Promise.reject(new Error('read-only')),
    };
    expect((await tune(favour(1, candidates.length), broken)).gemv(size).threads).toBe(
      candidates[1]?.threads,
    );
  });

  it('in Node the storage is a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-tuning-'));
    try {
      const storage = nodeTuningStorage(folder) as TuningStorage;
      expect(await storage.getItem('a/../b: c')).toBeUndefined();
      await storage.setItem('a/../b: c', '{}');
      expect(await storage.getItem('a/../b: c')).toBe('{}');
      expect(await readdir(folder)).toHaveLength(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('a timer of the device answers milliseconds', async () => {
    const times: number[] = [];
    const timer = createDispatchTimer(device);
    await tune(async (dispatch) => {
      if (times.length === 0) times.push(await timer(dispatch));
      return 1;
    });
    expect(times[0]).toBeGreaterThan(0);
    expect(times[0]).toBeLessThan(10_000);
  });

  it('every candidate gives the same logits', async () => {
    const logits = async (tuning: typeof gpuTuning) => {
      const { executor, parameters: tensors } = await loadWebgpuModel(
        config,
        listParameters(config),
        checkpoint.weights,
        { tuning },
      );
      const { createModel } = await import('../../models/model.ts');
      using model = createModel({
        config,
        parameters: tensors,
        assets: checkpoint.assets,
        hash: '',
        executor,
      });
      using sequence = model.newSequence();
      return (await model.step([{ sequence, ids: [5] }]))[0];
    };
    for (const base of [softwareTuning, { ...gpuTuning, attendThreads: 32 }]) {
      const expected = await logits(base);
      const most = gemvCandidates(sizeOf(), base).length;
      for (let n = 1; n < most; n++) {
        const got = await logits({
          ...base,
          gemv: (size) =>
            size.rows === 1
              ? { rowsAtATime: 1, ...(gemvCandidates(size, base)[n] ?? base.gemv(size)) }
              : base.gemv(size),
        });
        expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i])))).toBeLessThan(1e-4);
      }
    }
  });

  it('is an option of loadModel, for the webgpu executor alone', async () => {
    const storage = inMap();
    using measured = await loadModel(place, { autotune: storage });
    using sequence = measured.newSequence();
    const [row] = await measured.step([{ sequence, ids: [5] }]);
    expect(row.every(Number.isFinite)).toBe(true);
    expect(storage.map.size).toBe(1);
    await expect(loadModel(place, { autotune: true, executor: 'composite' })).rejects.toThrow(
      'autotune: has no effect',
    );
    await expect(loadModel(place, { autotune: 1 as unknown as boolean })).rejects.toThrow(
      'autotune: expected true',
    );
    expect(tf.getBackend()).toBe('webgpu');
  });
});
