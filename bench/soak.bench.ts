// 1e5 tokens of the embedded model on the simd backend, in sequences that begin, fork, end and begin again: memory must not grow. The figures compared are those
// after the first tenth, when everything has been touched once, and at the end. `ASHLAR_SOAK_TOKENS` asks for another number.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseBackend, loadModel } from '@ashlar/core';
import type { Report } from './measure.ts';

interface Memory {
  readonly rss: number;
  readonly heap: number;
  readonly tensors: number;
  readonly pages: number;
}

export async function run(report: Report): Promise<void> {
  const total = Number(process.env['ASHLAR_SOAK_TOKENS'] ?? 100_000);
  if (!Number.isInteger(total) || total < 1000)
    throw new RangeError(`ASHLAR_SOAK_TOKENS: expected an integer >= 1000, got ${total}`);
  const tf = await import('@tensorflow/tfjs-core');
  await chooseBackend('simd');
  const model = await loadModel(join(dirname(fileURLToPath(import.meta.url)), '..', 'models', 'stories'));
  const memory = (): Memory => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    const { pool } = model.cache;
    return {
      rss: rss / 1e6,
      heap: heapUsed / 1e6,
      tensors: tf.memory().numTensors,
      pages: pool.capacity - pool.free,
    };
  };
  const start = performance.now();
  let done = 0;
  let early: Memory | undefined;
  const most = Math.min(model.maxPositions, 256) - 1;
  while (done < total) {
    using sequence = model.newSequence();
    await model.step([{ sequence, ids: [1 + (done % 500), 2, 3, 4, 5] }]);
    using fork = sequence.fork();
    for (let t = 6; t < most; t++) {
      const id = (done * 31 + t * 7) % model.vocabSize;
      await model.step([
        { sequence, ids: [id] },
        { sequence: fork, ids: [(id + 1) % model.vocabSize] },
      ]);
      done += 2;
    }
    if (early === undefined && done >= total / 10) early = memory();
  }
  const late = memory();
  const before = early as Memory;
  const lower = { lowerIsBetter: true, runs: 1 } as const;
  const peer = 'after a tenth of it';
  report({
    metric: `RSS after ${done} tokens`,
    unit: 'MB',
    ours: late.rss,
    peer,
    peerValue: before.rss,
    ...lower,
  });
  report({
    metric: `JavaScript heap after ${done} tokens`,
    unit: 'MB',
    ours: late.heap,
    peer,
    peerValue: before.heap,
    ...lower,
  });
  report({
    metric: 'tensors',
    unit: 'more than then',
    ours: late.tensors - before.tensors,
    peer,
    peerValue: null,
    reason: 'a difference',
  });
  report({
    metric: 'pages in use',
    unit: '',
    ours: late.pages,
    peer,
    peerValue: null,
    reason: `${before.pages} then`,
    ...lower,
  });
  report({
    metric: 'soak, two sequences',
    unit: 'tok/s',
    ours: done / ((performance.now() - start) / 1000),
    peer: 'none',
    peerValue: null,
    reason: 'a rate for the record',
    runs: 1,
  });
  model.dispose();
}
