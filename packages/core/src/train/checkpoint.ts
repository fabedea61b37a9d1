// A training run as one safetensors file: parameters, optimizer slots and average as float32 bits, and the counters as JSON in the header's metadata. Data order and schedules are
// functions of the counters, so nothing else is needed to go on bit for bit.
import * as tf from '@tensorflow/tfjs-core';
import { memorySource } from '../weights/bytes/memory-source.ts';
import { CheckpointError } from '../weights/checkpoint-error.ts';
import { readSafetensors } from '../weights/formats/safetensors/read-safetensors.ts';
import { writeSafetensors } from '../weights/formats/safetensors/write-safetensors.ts';
import { memorySink } from '../weights/write/byte-sink.ts';
import type { Slots } from './optimizers/optimizer.ts';
import type { TrainState } from './train-step.ts';

const format = 'ashlar-train-state';

interface Counters {
  readonly step: number;
  readonly windows: number;
  readonly tokens: number;
  readonly skipped: number;
  /** Parameter names in the state's order, which fixes the order of sums. */
  readonly names: readonly string[];
  readonly hasAverage: boolean;
  /** What the caller keeps beside the state: configuration, seeds. */
  readonly extra: unknown;
}

/** A state read back, and what the caller had put beside it. */
export interface LoadedTrainState {
  readonly state: TrainState;
  readonly extra: unknown;
}

/** The bytes of a checkpoint; `extra` is any JSON value to keep beside the state (seeds, configuration, a position in a packing buffer). */
export async function encodeTrainState(state: TrainState, extra: unknown = null): Promise<Uint8Array> {
  const tensors: { name: string; tensor: tf.Tensor }[] = [];
  for (const [name, tensor] of state.parameters) tensors.push({ name: `parameter/${name}`, tensor });
  for (const [name, tensor] of state.average ?? []) tensors.push({ name: `average/${name}`, tensor });
  for (const [name, slots] of state.optimizer.slots)
    for (const [slot, tensor] of Object.entries(slots))
      tensors.push({ name: `slot/${slot}/${name}`, tensor });
  const counters: Counters = {
    step: state.optimizer.step,
    windows: state.windows,
    tokens: state.tokens,
    skipped: state.skipped,
    names: [...state.parameters.keys()],
    hasAverage: state.average !== undefined,
    extra,
  };
  const sink = memorySink();
  await writeSafetensors(
    sink,
    tensors.map(({ name, tensor }) => ({
      name,
      dtype: 'F32' as const,
      shape: tensor.shape,
      byteLength: 4 * tensor.size,
      read: async () => {
        const values = (await tensor.data()) as Float32Array;
        return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      },
    })),
    { metadata: { format, version: '1', state: JSON.stringify(counters) } },
  );
  return sink.bytes();
}

/** The state in a checkpoint's bytes, its tensors kept on the current backend; throws a CheckpointError when damaged. */
export async function decodeTrainState(bytes: Uint8Array, name = 'checkpoint'): Promise<LoadedTrainState> {
  const file = await readSafetensors(memorySource(bytes, name));
  if (file.metadata.get('format') !== format || file.metadata.get('version') !== '1')
    throw new CheckpointError(name, 'format', `${format} version 1`, file.metadata.get('format'));
  const counters = parseCounters(name, file.metadata.get('state'));
  const read = async (key: string): Promise<tf.Tensor> => {
    const stored = await file.read(key);
    if (stored.dtype !== 'F32') throw new CheckpointError(name, key, 'F32', stored.dtype);
    const values = new Float32Array(new Uint8Array(stored.bytes).buffer);
    return tf.keep(tf.tensor(values, [...stored.shape], 'float32'));
  };
  const parameters = new Map<string, tf.Tensor>();
  const average = new Map<string, tf.Tensor>();
  const slots = new Map<string, Record<string, tf.Tensor>>();
  for (const parameter of counters.names) {
    parameters.set(parameter, await read(`parameter/${parameter}`));
    if (counters.hasAverage) average.set(parameter, await read(`average/${parameter}`));
    slots.set(parameter, {});
  }
  for (const key of file.tensors.keys()) {
    const [, slot, parameter] = /^slot\/([^/]+)\/(.*)$/s.exec(key) ?? [];
    const own = parameter === undefined ? undefined : slots.get(parameter);
    if (own !== undefined) own[slot] = await read(key);
  }
  return {
    state: {
      parameters,
      optimizer: { step: counters.step, slots: slots as Map<string, Slots> },
      ...(counters.hasAverage ? { average } : {}),
      windows: counters.windows,
      tokens: counters.tokens,
      skipped: counters.skipped,
    },
    extra: counters.extra,
  };
}

function parseCounters(name: string, text: string | undefined): Counters {
  try {
    const value = JSON.parse(text ?? '') as Counters;
    const whole = [value.step, value.windows, value.tokens, value.skipped].every(
      (n) => Number.isSafeInteger(n) && n >= 0,
    );
    if (whole && Array.isArray(value.names) && value.names.every((n) => typeof n === 'string')) return value;
  } catch {
    // falls through to the one error below
  }
  throw new CheckpointError(name, 'state', 'the counters of a run', text?.slice(0, 60));
}
