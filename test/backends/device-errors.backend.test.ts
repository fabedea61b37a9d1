import { join } from 'node:path';
import { chooseBackend, DeviceLostError, DeviceValidationError, loadModel } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { presentBackends, useBackend } from '../../conformance/backends.ts';

const { names } = await presentBackends('all');
const stories = join(import.meta.dirname, '../../models/stories');
const device = (): GPUDevice => (tf.backend() as unknown as { device: GPUDevice }).device;

describe.runIf(names.includes('webgpu'))('errors of a GPU device reach the call that suffers them', () => {
  afterAll(() => tf.setBackend('cpu'));

  it('a refused command is a DeviceValidationError, once', async () => {
    await useBackend('webgpu');
    const model = await loadModel(stories);
    using sequence = model.newSequence();
    device().createBuffer({ size: 16, usage: 0xffff0000 });
    await expect(model.step([{ sequence, ids: [1, 2] }])).rejects.toThrow(DeviceValidationError);
    expect(sequence.length).toBe(0);
    const [row] = await model.step([{ sequence, ids: [1, 2] }]);
    expect(row.some((x) => x !== 0)).toBe(true);
    model.dispose();
  });

  it('a lost device is a DeviceLostError, and choosing the backend again makes a new one', async () => {
    await useBackend('webgpu');
    const old = device();
    const chosen = await chooseBackend('webgpu', { allowSoftwareGpu: true });
    old.destroy();
    await old.lost;
    expect(() => chosen.check()).toThrow(DeviceLostError);
    await useBackend('webgpu');
    expect(device()).not.toBe(old);
    const sum = tf.add(tf.tensor1d([1, 2]), 1);
    expect([...(await sum.data())]).toEqual([2, 3]);
  });
});
