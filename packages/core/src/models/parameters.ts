// The parameters of a decoder, from its configuration alone: our names and shapes, and for each where the checkpoint keeps it. This list
// is what loading, saving, random initialisation and memory estimates walk over.
import { families } from './families.ts';
import type { ModelConfig } from './model-config.ts';
import type { FusedSource, TensorNames } from './tensor-names.ts';

/** Rows of a stored matrix: `groups` runs of `count` rows, the g-th starting at `offset + g * stride`. */
export interface RowSelection {
  readonly groups: number;
  readonly stride: number;
  readonly offset: number;
  readonly count: number;
}

/** One parameter of the decoder. */
export interface ParameterSpec {
  /** Our name, such as `layers.0.attention.q.weight`. */
  readonly name: string;
  /** Our shape; a linear layer's weight is [in, out]. */
  readonly shape: readonly number[];
  readonly role: 'linear' | 'embedding' | 'norm' | 'bias';
  /** Where it is stored. */
  readonly stored: {
    readonly name: string;
    readonly shape: readonly number[];
    /** Linear layers only: the axis order of the stored matrix. */
    readonly layout: 'out-in' | 'in-out';
    /** Part of a fused tensor along its outputs; absent: all of it. */
    readonly rows?: RowSelection;
    /** The parameter's rows are this many tensors, `{h}` in the name counting them. */
    readonly stack?: number;
  };
}

/**
 * All parameters of `config`, in the order in which the decoder uses them.
 *
 * @example
 * ```ts
 * import { listParameters, parseModelConfig } from '@ashlar/core';
 * const config = parseModelConfig({ model_type: 'gpt2', vocab_size: 10, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 4 });
 * const value = listParameters(config).find((spec) => spec.name === 'layers.0.attention.v.weight');
 * value?.shape // => [8, 8]
 * value?.stored.name // => 'transformer.h.0.attn.c_attn.weight'
 * value?.stored.rows // => { groups: 1, stride: 24, offset: 16, count: 8 }
 * ```
 */
export function listParameters(config: ModelConfig): ParameterSpec[] {
  const family = families.find((f) => f.name === config.family);
  if (family === undefined) throw new RangeError(`family: expected one of the table, got ${config.family}`);
  const names = family.tensors;
  const list: ParameterSpec[] = [];
  const {
    hiddenSize,
    numHeads,
    numKeyValueHeads,
    headDim,
    intermediateSize,
    vocabSize,
    norm,
    attention,
    mlp,
  } = config;
  const queryWidth = numHeads * headDim;
  const keyWidth = numKeyValueHeads * headDim;

  const linear = (
    module: string,
    inputs: number,
    outputs: number,
    bias: boolean,
    siblings: readonly number[] = [],
  ) => {
    const { name, rows, total } = locate(names, module, outputs, siblings, headDim);
    const layout = names.inputsFirst && !module.startsWith('head') ? 'in-out' : 'out-in';
    const shape = layout === 'in-out' ? [inputs, total] : [total, inputs];
    list.push({
      name: `${module}.weight`,
      shape: [inputs, outputs],
      role: 'linear',
      stored: { name: `${name}.weight`, shape, layout, rows },
    });
    if (bias)
      vector(`${module}.bias`, [outputs], 'bias', { name: `${name}.bias`, shape: [total], layout, rows });
  };
  const vector = (name: string, shape: number[], role: 'norm' | 'bias', stored: ParameterSpec['stored']) =>
    list.push({ name, shape, role, stored });
  const table = (module: string, shape: number[]) => {
    const { name } = locate(names, module, 0, [], 0);
    list.push({
      name: `${module}.weight`,
      shape,
      role: 'embedding',
      stored: { name: `${name}.weight`, shape, layout: 'in-out' },
    });
  };
  const normOf = (module: string, shape: number[], bias: boolean, weight = true) => {
    const { name } = locate(names, module, 0, [], 0);
    const stack = name.includes('{h}') ? shape[0] : undefined;
    for (const kind of [...(weight ? ['weight'] : []), ...(bias ? ['bias'] : [])]) {
      const own = stack === undefined ? shape : shape.slice(1);
      vector(`${module}.${kind}`, shape, 'norm', {
        name: `${name}.${kind}`,
        shape: own,
        layout: 'in-out',
        stack,
      });
    }
  };
  const plainNorm = (module: string) => normOf(module, [hiddenSize], norm.bias, norm.weight);

  const width = config.embedding.width;
  table('embedding', [vocabSize, width]);
  const { narrow, learnedPositions, tokenTypes } = config.embedding;
  const inner = narrow ? width : hiddenSize;
  if (narrow || width !== hiddenSize) linear('embeddingProjection', width, hiddenSize, narrow);
  if (learnedPositions) table('positions', [config.maxPositions + config.embedding.positionOffset, inner]);
  if (tokenTypes > 0) table('tokenTypes', [tokenTypes, inner]);
  if (config.embedding.norm) normOf('embeddingNorm', [inner], norm.bias, norm.weight);
  if (attention.relativeBuckets !== undefined) table('relativeBias', [attention.relativeBuckets, numHeads]);
  config.layers.forEach((layer, i) => {
    if (layer.shares !== undefined && config.layers[i - 1]?.shares === layer.shares) return;
    const at = `layers.${layer.shares ?? i}`;
    const qkv = [queryWidth, keyWidth, keyWidth];
    if (config.placement !== 'post' && layer.attentionNorm) plainNorm(`${at}.attentionNorm`);
    linear(`${at}.attention.q`, hiddenSize, queryWidth, attention.queryBias, qkv);
    linear(`${at}.attention.k`, hiddenSize, keyWidth, attention.queryBias, qkv);
    linear(`${at}.attention.v`, hiddenSize, keyWidth, attention.queryBias, qkv);
    const qk = attention.queryKeyNorm;
    if (qk !== undefined) {
      for (const [module, heads] of [
        ['queryNorm', numHeads],
        ['keyNorm', numKeyValueHeads],
      ] as const) {
        const shape =
          qk.scope === 'full' ? [heads * headDim] : qk.scope === 'head' ? [headDim] : [heads, headDim];
        normOf(`${at}.attention.${module}`, shape, qk.norm.bias);
      }
    }
    linear(`${at}.attention.output`, queryWidth, hiddenSize, attention.outputBias);
    if (config.placement === 'post' || config.placement === 'sandwich') plainNorm(`${at}.attentionPostNorm`);
    if (config.placement !== 'post' && !config.sharedNorm) plainNorm(`${at}.mlpNorm`);
    const feedForward = (module: string, inner: number) => {
      if (mlp.gated) linear(`${module}.gate`, hiddenSize, inner, mlp.bias, [inner, inner]);
      linear(`${module}.up`, hiddenSize, inner, mlp.bias, mlp.gated ? [inner, inner] : []);
      linear(`${module}.down`, inner, hiddenSize, mlp.bias);
    };
    if (layer.mlp === 'dense') feedForward(`${at}.mlp`, intermediateSize);
    else if (config.experts !== undefined) {
      linear(`${at}.experts.router`, hiddenSize, config.experts.count, false);
      for (let e = 0; e < config.experts.count; e++)
        feedForward(`${at}.experts.${e}`, config.experts.intermediateSize);
    }
    if (config.placement === 'post' || config.placement === 'sandwich') plainNorm(`${at}.mlpPostNorm`);
  });
  if (config.finalNorm) plainNorm('finalNorm');
  if (width !== hiddenSize && !narrow) linear('headProjection', hiddenSize, width, false);
  if (!config.head.present) return list;
  if (!config.head.tied) linear('head', width, vocabSize, config.head.bias);
  else if (config.head.bias) {
    const { name } = locate(names, 'head', 0, [], 0);
    vector('head.bias', [vocabSize], 'bias', { name: `${name}.bias`, shape: [vocabSize], layout: 'out-in' });
  }
  return list;
}

interface Location {
  readonly name: string;
  readonly rows?: RowSelection;
  /** Outputs of the stored module. */
  readonly total: number;
}

/** Finds `module` in the family's names; a fused one gives the rows of its part. `siblings` are the outputs of all parts in order. */
function locate(
  names: TensorNames,
  module: string,
  outputs: number,
  siblings: readonly number[],
  headDim: number,
): Location {
  const [, layer] = /^layers\.(\d+)\./.exec(module) ?? [];
  const [, expert] = /\.experts\.(\d+)\./.exec(module) ?? [];
  const pattern = module
    .replace(/^layers\.\d+\./, 'layers.{i}.')
    .replace(/\.experts\.\d+\./, '.experts.{e}.');
  const source: string | FusedSource | undefined = names.modules[pattern];
  if (source === undefined) throw new RangeError(`tensor names: expected an entry for ${pattern}`);
  const fill = (text: string) => text.replace('{i}', layer).replace('{e}', expert);
  if (typeof source === 'string') return { name: fill(source), total: outputs };
  const total = siblings.reduce((sum, n) => sum + n, 0);
  if (source.order === 'per-head') {
    const rows = {
      groups: outputs / headDim,
      stride: 3 * headDim,
      offset: source.part * headDim,
      count: headDim,
    };
    return { name: fill(source.from), rows, total };
  }
  const offset = siblings.slice(0, source.part).reduce((sum, n) => sum + n, 0);
  return { name: fill(source.from), rows: { groups: 1, stride: total, offset, count: outputs }, total };
}
