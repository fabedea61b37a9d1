// The laws of executors on whatever adapter Dawn finds, and the webgpu executor's own.
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { allowSwiftShader, peers } from '../../../../../peers/modules.ts';
import { chooseBackend } from '../../backends/choose.ts';
import { estimateMemory } from '../../inspect/estimate-memory.ts';
import { parseModelConfig } from '../../models/config.ts';
import { loadModel } from '../../models/load-model.ts';
import { createModel } from '../../models/model.ts';
import { listParameters } from '../../models/parameters.ts';
import { openCheckpoint } from '../../weights/open-checkpoint.ts';
import { embeddedModel, executorContract, expectClose, rowBehind } from '../contract.ts';
import { gpuTuning } from './linear-tuning.ts';
import { loadWebgpuModel } from './load-webgpu-model.ts';

allowSwiftShader();
const start = () => chooseBackend('webgpu', { peers, allowSoftwareGpu: true });
const started = await start().then(
  () => true,
  () => false,
);
const twin = 5e-4;

executorContract(
  'webgpu',
  async () => {
    // The slow twin on cpu: the composite path on a software GPU takes a second a step.
    await chooseBackend('cpu');
    const oracle = await loadModel(embeddedModel);
    await start();
    const fused = await loadModel(embeddedModel);
    return {
      fused,
      oracle,
      async expected(ids) {
        await tf.setBackend('cpu');
        const row = await rowBehind(oracle, ids);
        await tf.setBackend('webgpu');
        return row;
      },
      async dispose() {
        fused.dispose();
        await tf.setBackend('cpu');
        oracle.dispose();
      },
    };
  },
  { skip: !started, twin, itself: 1e-4, runs: 6 },
  (sides) => {
    it('answers the same with the kernels of a GPU, with and without subgroups', async () => {
      const checkpoint = await openCheckpoint(embeddedModel);
      const config = parseModelConfig(checkpoint.config);
      for (const subgroups of [undefined, false]) {
        const options = { tuning: gpuTuning, subgroups };
        const { executor, parameters, hash } = await loadWebgpuModel(
          config,
          listParameters(config),
          checkpoint.weights,
          options,
        );
        using model = createModel({ config, parameters, assets: checkpoint.assets, hash, executor });
        for (const length of subgroups === false ? [3] : [1, 3, 12, 40]) {
          const ids = Array.from({ length }, (_, i) => (i * 37 + length) % 1024);
          expectClose(await rowBehind(model, ids), await sides().expected(ids), twin);
        }
      }
      await checkpoint.close();
    });

    it.each(['float32', 'float16', 'int8'] as const)(
      'with a cache of %s: holds what estimateMemory says, within a tenth',
      async (dtype) => {
        const checkpoint = await openCheckpoint(embeddedModel);
        const config = parseModelConfig(checkpoint.config);
        const { executor, parameters, hash } = await loadWebgpuModel(
          config,
          listParameters(config),
          checkpoint.weights,
          {},
          { dtype },
        );
        const { assets } = checkpoint;
        using model = createModel({ config, parameters, assets, hash, executor, cache: { dtype } });
        const count = dtype === 'float32' ? 320 : 768;
        const before = executor.deviceBytes;
        await rowBehind(
          model,
          Array.from({ length: count }, (_, i) => i % 1024),
        );
        const estimate = estimateMemory(config, {
          contextTokens: count,
          stored: checkpoint.weights,
          executor: 'webgpu',
          cacheDtype: dtype,
        });
        expect(Math.abs(executor.deviceBytes / estimate.total - 1)).toBeLessThan(0.1);
        // The pages alone, but for the logits and the table of blocks that grow with them.
        const grown = executor.deviceBytes - before - config.vocabSize * 4;
        if (dtype !== 'float32') expect(Math.abs(grown / estimate.kvCache - 1)).toBeLessThan(0.1);
        await checkpoint.close();
      },
    );
  },
);
