// For tests: adapters whose terms are felt, and a pass in which sequences have their own.
import { tensor2d } from '@tensorflow/tfjs-core';
import type { Model } from '../models/model.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { type Adapter, linearSpecs, loraConfig } from '../train/lora/lora.ts';

/** An adapter with values in both of its matrices. */
export function waveAdapter(
  config: ModelConfig,
  by: number,
  rank: number,
  targets?: (name: string) => boolean,
): Adapter {
  const lora = loraConfig(config, { rank, alpha: 3, ...(targets === undefined ? {} : { targets }) });
  const shapes = new Map(linearSpecs(config).map((s) => [s.name, s.shape]));
  const wave = (shape: [number, number], phase: number) =>
    tensor2d(
      Float32Array.from({ length: shape[0] * shape[1] }, (_, k) => 0.2 * Math.sin(k * by + phase)),
      shape,
    );
  const tensors = lora.targets.flatMap((name, i) => {
    const [inputs, outputs] = shapes.get(name) as readonly number[];
    return [
      [`${name}.loraA`, wave([inputs, rank], i)] as const,
      [`${name}.loraB`, wave([rank, outputs], i + 0.5)] as const,
    ];
  });
  return { tensors: new Map(tensors), lora };
}

/** Logits behind each sequence's last id; the sequences take unequal steps of one pass, with their adapters. */
export async function stepped(
  model: Model,
  prompts: readonly number[][],
  own: readonly (Adapter | undefined)[],
) {
  const sequences = prompts.map(() => model.newSequence());
  own.forEach((adapter, i) => {
    model.useAdapter(adapter, sequences[i]);
  });
  await model.step(prompts.map((ids, i) => ({ sequence: sequences[i], ids: ids.slice(0, -1) })));
  const rows = await model.step(prompts.map((ids, i) => ({ sequence: sequences[i], ids: ids.slice(-1) })));
  for (const sequence of sequences) sequence.dispose();
  return rows;
}
