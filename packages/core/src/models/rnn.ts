/// <reference lib="esnext.disposable" preserve="true" />
// A character-level recurrent language model (Karpathy 2015): embedding, layers of LSTM or GRU, head. The same interface as the decoders, so
// generate(), samplers and trainers take either; its state is a fixed size instead of a cache that grows.
import {
  gather,
  getBackend,
  keep,
  reshape,
  setBackend,
  slice,
  stack,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tensor2d,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import type { LanguageModel, Sequence, StepRequest } from '../generate/language-model.ts';
import { linear } from '../ops/linear.ts';
import { type CheckpointPlace, openCheckpoint } from '../weights/open-checkpoint.ts';
import { checkIds, type IdRows, toIdTensor } from './id-rows.ts';
import { loadParameters } from './load-parameters.ts';
import type { ParameterSpec } from './parameters.ts';
import { readRawConfig } from './raw-config.ts';
import { gatesOf, type RnnCell, type RnnState, rnnStep } from './rnn-cell.ts';
import type { WeightSource } from './transformer.ts';

/** Sizes of a recurrent language model. */
export interface RnnConfig {
  readonly cell: RnnCell;
  readonly vocabSize: number;
  /** Width of the embeddings. */
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** Longest sequence to generate; a recurrent model itself has no limit. */
  readonly maxPositions: number;
  readonly eosTokenIds: readonly number[];
}

/** A recurrent language model with its weights. */
export interface RnnModel extends LanguageModel {
  readonly config: RnnConfig;
  /** Name of the tfjs backend that holds the weights. */
  readonly backend: string;
  /** The parameters by name, shaped as `listRnnParameters` says; owned by the model. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** ids [B, T] -> logits [B, T, V], differentiable. The caller disposes the result. */
  forward(ids: IdRows): Tensor3D;
  /** Frees every tensor. Sequences end with it. */
  dispose(): void;
  /** The same, for `using`. */
  [Symbol.dispose](): void;
}

/** Reads `{model_type: 'char-rnn', cell, vocab_size, hidden_size, ...}`. */
export function parseRnnConfig(json: Readonly<Record<string, unknown>>): RnnConfig {
  const raw = readRawConfig(json, { num_hidden_layers: 1, max_position_embeddings: 2 ** 20 });
  const type = raw.string('model_type');
  if (type !== 'char-rnn') throw new RangeError(`model_type: expected char-rnn, got ${JSON.stringify(type)}`);
  const cell = raw.string('cell');
  if (cell !== 'lstm' && cell !== 'gru') {
    throw new RangeError(`config cell: expected lstm or gru, got ${JSON.stringify(cell)}`);
  }
  const hiddenSize = raw.integer('hidden_size');
  const eos = raw.optionalNumber('eos_token_id');
  return {
    cell,
    vocabSize: raw.integer('vocab_size'),
    embeddingSize: raw.integer('embedding_size', { fallback: hiddenSize }),
    hiddenSize,
    numLayers: raw.integer('num_hidden_layers', { max: 256 }),
    maxPositions: raw.integer('max_position_embeddings'),
    eosTokenIds: eos === undefined ? [] : [eos],
  };
}

/** Parameters of a recurrent model; in checkpoints they have the names and shapes of PyTorch's `embedding`, `rnn` and `head` modules. */
export function listRnnParameters(config: RnnConfig): ParameterSpec[] {
  const { vocabSize, embeddingSize, hiddenSize, numLayers } = config;
  const width = gatesOf[config.cell] * hiddenSize;
  const linearSpec = (name: string, stored: string, inputs: number, outputs: number): ParameterSpec => ({
    name,
    shape: [inputs, outputs],
    role: 'linear',
    stored: { name: stored, shape: [outputs, inputs], layout: 'out-in' },
  });
  const biasSpec = (name: string, stored: string, size: number): ParameterSpec => ({
    name,
    shape: [size],
    role: 'bias',
    stored: { name: stored, shape: [size], layout: 'out-in' },
  });
  const layers = Array.from({ length: numLayers }, (_, i) => [
    linearSpec(
      `layers.${i}.input.weight`,
      `rnn.weight_ih_l${i}`,
      i === 0 ? embeddingSize : hiddenSize,
      width,
    ),
    biasSpec(`layers.${i}.input.bias`, `rnn.bias_ih_l${i}`, width),
    linearSpec(`layers.${i}.state.weight`, `rnn.weight_hh_l${i}`, hiddenSize, width),
    biasSpec(`layers.${i}.state.bias`, `rnn.bias_hh_l${i}`, width),
  ]);
  const table = [vocabSize, embeddingSize];
  return [
    {
      name: 'embedding.weight',
      shape: table,
      role: 'embedding',
      stored: { name: 'embedding.weight', shape: table, layout: 'in-out' },
    },
    ...layers.flat(),
    linearSpec('head.weight', 'head.weight', hiddenSize, vocabSize),
    biasSpec('head.bias', 'head.bias', vocabSize),
  ];
}

/** ids [B, T] -> logits [B, T, V] and the states after the last id. Call it inside `tf.tidy`. */
export function runRnn(
  config: RnnConfig,
  weights: WeightSource,
  ids: Tensor2D,
  start?: readonly RnnState[],
): { readonly logits: Tensor3D; readonly states: readonly RnnState[] } {
  const [batch, length] = ids.shape;
  const size = config.hiddenSize;
  const blank = (): RnnState => {
    const hidden = zeros([batch, size]) as Tensor2D;
    return config.cell === 'lstm' ? { hidden, cell: zeros([batch, size]) as Tensor2D } : { hidden };
  };
  const states = Array.from({ length: config.numLayers }, (_, i) => start?.[i] ?? blank());
  const embedded = gather(weights.get('embedding.weight'), ids) as Tensor3D;
  const outputs: Tensor2D[] = [];
  for (let t = 0; t < length; t++) {
    let x = reshape(slice(embedded, [0, t, 0], [batch, 1, config.embeddingSize]), [
      batch,
      config.embeddingSize,
    ]) as Tensor2D;
    states.forEach((state, i) => {
      states[i] = rnnStep(config.cell, x, state, {
        inputWeight: weights.get(`layers.${i}.input.weight`) as Tensor2D,
        inputBias: weights.get(`layers.${i}.input.bias`) as Tensor1D,
        stateWeight: weights.get(`layers.${i}.state.weight`) as Tensor2D,
        stateBias: weights.get(`layers.${i}.state.bias`) as Tensor1D,
      });
      x = states[i].hidden;
    });
    outputs.push(x);
  }
  const hidden = stack(outputs, 1) as Tensor3D;
  const logits = linear(hidden, weights.get('head.weight') as Tensor2D, weights.get('head.bias') as Tensor1D);
  return { logits, states };
}

/** A recurrent model over parameters that lie on the current backend; it owns them from here on. */
export function createRnn(config: RnnConfig, parameters: Map<string, Tensor>): RnnModel {
  const backend = getBackend();
  const live = new Set<RnnSequence>();
  let disposed = false;
  const use = () => {
    if (disposed) throw new TypeError('model: expected a live one, got a disposed one');
    if (getBackend() !== backend) void setBackend(backend);
  };
  const weights: WeightSource = {
    has: (name) => parameters.has(name),
    get(name) {
      const found = parameters.get(name);
      if (found === undefined) throw new RangeError(`parameter: expected one of the model, got ${name}`);
      return found;
    },
  };

  const openSequence = (ids: number[], state?: readonly RnnState[]): RnnSequence => {
    const sequence = createRnnSequence(ids, state, (child) => openSequence(child.ids, child.state), live);
    live.add(sequence);
    return sequence;
  };

  const advance = (sequence: RnnSequence, ids: number[]) => {
    // After a truncation the state is that of nothing: the remaining ids are read again.
    const read = sequence.state === undefined ? [...sequence.ids, ...ids] : ids;
    return tidy(() => {
      const result = runRnn(config, weights, tensor2d([read], [1, read.length], 'int32'), sequence.state);
      const row = reshape(slice(result.logits, [0, read.length - 1, 0], [1, 1, -1]), [-1]);
      return {
        last: row,
        states: result.states.map(({ hidden, cell }) => ({
          hidden: keep(hidden),
          ...(cell && { cell: keep(cell) }),
        })),
      };
    });
  };

  const model: RnnModel = {
    config,
    backend,
    parameters,
    vocabSize: config.vocabSize,
    maxPositions: config.maxPositions,
    lastPosition: Number.POSITIVE_INFINITY,
    eosTokenIds: config.eosTokenIds,
    forward(ids) {
      use();
      return tidy(() => runRnn(config, weights, toIdTensor(ids, config.vocabSize)).logits);
    },
    newSequence() {
      use();
      return openSequence([]);
    },
    async step(requests: readonly StepRequest[]) {
      use();
      const sequences = requests.map(({ sequence, ids }) => {
        if (!live.has(sequence as RnnSequence))
          throw new TypeError('sequence: expected a live one of this model');
        if (ids.length === 0) throw new RangeError('ids: expected at least one, got none');
        checkIds(ids, config.vocabSize);
        return sequence as RnnSequence;
      });
      const added = requests.map(({ ids }) => Array.from(ids));
      const results = tidy(() => sequences.map((sequence, i) => advance(sequence, added[i])));
      return Promise.all(
        results.map(async ({ last, states }, i) => {
          sequences[i].replace([...sequences[i].ids, ...added[i]], states);
          const values = (await last.data()) as Float32Array;
          last.dispose();
          return values;
        }),
      );
    },
    dispose() {
      if (disposed) return;
      for (const sequence of [...live]) sequence.dispose();
      for (const parameter of parameters.values()) parameter.dispose();
      disposed = true;
    },
    [Symbol.dispose]: () => model.dispose(),
  };
  return model;
}

/** Loads a recurrent model: `config.json` with `model_type: "char-rnn"` and safetensors with PyTorch's names. */
export async function loadRnn(where: CheckpointPlace): Promise<RnnModel> {
  const checkpoint = await openCheckpoint(where);
  try {
    const config = parseRnnConfig(checkpoint.config);
    const { tensors } = await loadParameters(listRnnParameters(config), checkpoint.weights);
    return createRnn(config, tensors);
  } finally {
    await checkpoint.close();
  }
}

interface RnnSequence extends Sequence {
  readonly ids: number[];
  readonly state: readonly RnnState[] | undefined;
  replace(ids: number[], state: readonly RnnState[]): void;
}

function createRnnSequence(
  ids: number[],
  start: readonly RnnState[] | undefined,
  open: (copy: { ids: number[]; state: readonly RnnState[] | undefined }) => RnnSequence,
  live: Set<RnnSequence>,
): RnnSequence {
  let own = ids;
  let state = start;
  const drop = () => {
    for (const { hidden, cell } of state ?? []) {
      hidden.dispose();
      cell?.dispose();
    }
    state = undefined;
  };
  const sequence: RnnSequence = {
    get ids() {
      return own;
    },
    get length() {
      return own.length;
    },
    get state() {
      return state;
    },
    replace(next, after) {
      drop();
      own = next;
      state = after;
    },
    fork() {
      const copy = state?.map(({ hidden, cell }) => ({
        hidden: keep(hidden.clone()),
        ...(cell && { cell: keep(cell.clone()) }),
      }));
      return open({ ids: [...own], state: copy });
    },
    truncate(length) {
      if (!Number.isInteger(length) || length < 0 || length > own.length) {
        throw new RangeError(`length: expected 0 to ${own.length}, got ${length}`);
      }
      if (length === own.length) return;
      drop();
      own = own.slice(0, length);
    },
    dispose() {
      drop();
      live.delete(sequence);
    },
    [Symbol.dispose]: () => sequence.dispose(),
  };
  return sequence;
}
