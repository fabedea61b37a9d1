// The one decoder. It reads a ModelConfig and asks for its parameters by name; nothing here knows a family. Of stock tfjs ops, so
// it runs on any backend, has gradients (ask for variables) and can be read and written at every named point (`tap`).

import {
  add,
  cast,
  clipByValue,
  cumsum,
  gather,
  mul,
  notEqual,
  reshape,
  scalar,
  slice,
  stack,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tanh,
} from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { activate } from '../ops/activate.ts';
import { attend } from '../ops/attend.ts';
import { chooseExperts } from '../ops/choose-experts.ts';
import { gated } from '../ops/gated.ts';
import { joinHeads, splitHeads } from '../ops/heads.ts';
import { linear, linearTransposed } from '../ops/linear.ts';
import { type LowRank, lowRank } from '../ops/low-rank.ts';
import { normalize } from '../ops/normalize.ts';
import { relativeBias } from '../ops/relative-bias.ts';
import type { RopeTables } from '../ops/rope.ts';
import type { LayerConfig, ModelConfig, NormConfig, RopeConfig } from './model-config.ts';

/** Where the decoder gets its parameters: by the names of `parameters.ts`. */
export interface WeightSource {
  /** The parameter of that name; throws when there is none. */
  get(name: string): Tensor;
  /** Whether there is one. */
  has(name: string): boolean;
  /** What is added beside the product with that linear weight: an adapter's term. */
  beside?(name: string): LowRank | undefined;
}

/** What surrounds the tokens of a pass: where they stand and which keys and values came before. */
export interface DecoderContext {
  /** Position of token t of row b. */
  readonly positions: readonly (readonly number[])[];
  /** Takes this pass's keys and values [B, G, T, d] of a layer and answers all that the layer sees [B, G, S, d]. */
  extend(layer: number, keys: Tensor4D, values: Tensor4D): { keys: Tensor4D; values: Tensor4D };
  /** Additive mask for a layer's window; undefined when every query sees every key. */
  mask(window: number | undefined): Tensor | undefined;
  /** Linear biases on the scores, [B or 1, H, 1, S]. */
  alibi(heads: number): Tensor;
  /** Tables of cos and sin for the positions of this pass. */
  rope(config: RopeConfig): RopeTables;
}

/** Sees the activation at a named point and answers it or another in its place. */
export interface Tap {
  <T extends Tensor>(point: string, value: T): T;
  /** False: nobody looks at this point, so a fused kernel need not bring it about. Absent: somebody may. */
  wants?(point: string): boolean;
}

/** Options of a pass. */
export interface DecodeOptions {
  readonly tap?: Tap;
  /** Cuts the hidden states [B, T, C] down before the head, when not every row's logits are wanted. */
  readonly select?: (hidden: Tensor3D) => Tensor3D;
}

/** Leaves every activation as it is and asks for none. */
export const untapped: Tap = Object.assign(<T extends Tensor>(_: string, value: T) => value, {
  wants: () => false,
});

/** ids [B, T] -> logits [B, T, V]. Call it inside `tf.tidy`. */
export function decode(
  config: ModelConfig,
  weights: WeightSource,
  ids: Tensor2D,
  context: DecoderContext,
  options: DecodeOptions = {},
): Tensor3D {
  checkOptions(options, ['tap', 'select'], 'decode');
  const hidden = decodeHidden(config, weights, ids, context, options);
  const rows = options.select === undefined ? hidden : options.select(hidden);
  return (options.tap ?? untapped)('logits', head(config, weights, rows));
}

/** ids [B, T] -> hidden states after the final norm [B, T, C]. */
export function decodeHidden(
  config: ModelConfig,
  weights: WeightSource,
  ids: Tensor2D,
  context: DecoderContext,
  options: DecodeOptions = {},
): Tensor3D {
  checkOptions(options, ['tap', 'select'], 'decodeHidden');
  const { tap = untapped } = options;
  let x = tap('embedding', embed(config, weights, ids, context));
  config.layers.forEach((layer, i) => {
    x = decodeLayer(config, layer, i, weights, x, context, tap);
  });
  return tap('finalNorm', finalNorm(config, weights, x));
}

/** The norm in front of the head, where the decoder has one. */
export function finalNorm<T extends Tensor>(config: ModelConfig, weights: WeightSource, x: T): T {
  return config.finalNorm ? norm(config.norm, weights, 'finalNorm', x) : x;
}

/** Hidden states [..., C] -> logits [..., V]: projection, head, scale and softcap. */
export function head<T extends Tensor>(config: ModelConfig, weights: WeightSource, hidden: T): T {
  const { present, tied, bias, scale, softcap } = config.head;
  if (!present) throw new TypeError(`head: expected a model with logits, got ${config.family} without head`);
  const wide = weights.has('headProjection.weight')
    ? project(weights, 'headProjection', hidden, false)
    : hidden;
  const offset = bias ? (weights.get('head.bias') as Tensor1D) : undefined;
  // A tied head is the table of embeddings; a source may keep a transposed copy under the head's own name.
  let logits: Tensor =
    tied && !weights.has('head.weight')
      ? linearTransposed(wide, weights.get('embedding.weight') as Tensor2D, offset)
      : linear(wide, weights.get('head.weight') as Tensor2D, offset);
  if (scale !== 1) logits = mul(logits, scale);
  if (softcap !== undefined) logits = mul(tanh(mul(logits, 1 / softcap)), softcap);
  return logits as T;
}

/** ids [B, T] -> embeddings [B, T, C] with their positions, before the first layer. */
export function embed(
  config: ModelConfig,
  weights: WeightSource,
  ids: Tensor2D,
  context: DecoderContext,
): Tensor3D {
  const { scale, learnedPositions, positionOffset, uncountedId, narrow } = config.embedding;
  let x: Tensor = gather(weights.get('embedding.weight'), ids);
  if (scale !== 1) x = mul(x, scale);
  const isProjected = weights.has('embeddingProjection.weight');
  if (isProjected && !narrow) x = project(weights, 'embeddingProjection', x, false);
  if (learnedPositions) {
    const table = weights.get('positions.weight');
    if (uncountedId === undefined) {
      const rows = context.positions.map((row) =>
        gather(
          table,
          row.map((p) => p + positionOffset),
        ),
      );
      x = add(x, stack(rows));
    } else x = add(x, gather(table, countedRows(ids, uncountedId)));
  }
  // All tokens are of the first type: encoders of single texts.
  if (config.embedding.tokenTypes > 0) x = add(x, slice(weights.get('tokenTypes.weight'), [0, 0], [1, -1]));
  if (config.embedding.norm) x = norm(config.norm, weights, 'embeddingNorm', x);
  return (isProjected && narrow ? project(weights, 'embeddingProjection', x, true) : x) as Tensor3D;
}

/** [B, T]: the row of `id` where it stands, elsewhere as many rows after it as other ids stand up to there. */
function countedRows(ids: Tensor2D, id: number): Tensor2D {
  const counted = cast(notEqual(ids, scalar(id, 'int32')), 'float32');
  return cast(add(mul(cumsum(counted, 1), counted), id), 'int32') as Tensor2D;
}

/** One layer: residual stream [B, T, C] in and out. The parts of `decodeHidden`, for those who run the layers one by one. */
export function decodeLayer(
  config: ModelConfig,
  layer: LayerConfig,
  i: number,
  weights: WeightSource,
  input: Tensor3D,
  context: DecoderContext,
  tap: Tap,
): Tensor3D {
  const at = `layers.${i}`;
  const own = `layers.${layer.shares ?? i}`; // whose parameters these are
  const { placement } = config;
  const n = (name: string, x: Tensor3D) => norm(config.norm, weights, `${own}.${name}`, x);
  const grow = (x: Tensor3D, by: Tensor3D): Tensor3D =>
    add(x, config.residualScale === 1 ? by : mul(by, config.residualScale));
  const attention = (x: Tensor3D) => attentionBlock(config, layer, i, weights, x, context, tap);
  const mlp = (x: Tensor3D) => tap(`${at}.mlp.output`, mlpBlock(config, layer, own, weights, x));

  const x = tap(`${at}.residual.before`, input);
  let middle: Tensor3D;
  let after: Tensor3D;
  if (placement === 'parallel') {
    const normed = n('attentionNorm', x);
    const mixed = attention(normed);
    middle = grow(x, mixed);
    after = grow(middle, mlp(config.sharedNorm ? normed : n('mlpNorm', x)));
  } else if (placement === 'original') {
    middle = tap(`${at}.residual.middle`, n('attentionNorm', grow(x, attention(x))));
    after = n('mlpNorm', grow(middle, mlp(middle)));
  } else {
    const before = placement !== 'post';
    const behind = placement !== 'pre';
    const mixed = attention(before && layer.attentionNorm ? n('attentionNorm', x) : x);
    middle = tap(`${at}.residual.middle`, grow(x, behind ? n('attentionPostNorm', mixed) : mixed));
    const fed = mlp(before ? n('mlpNorm', middle) : middle);
    after = grow(middle, behind ? n('mlpPostNorm', fed) : fed);
  }
  return tap(`${at}.residual.after`, after);
}

function attentionBlock(
  config: ModelConfig,
  layer: LayerConfig,
  i: number,
  weights: WeightSource,
  x: Tensor3D,
  context: DecoderContext,
  tap: Tap,
): Tensor3D {
  const at = `layers.${i}.attention`;
  const own = `layers.${layer.shares ?? i}.attention`;
  const { numHeads, numKeyValueHeads, headDim } = config;
  const { queryBias, outputBias, softcap, alibi, relativeBuckets, queryKeyNorm, clip } = config.attention;
  const [batch, length] = x.shape;
  const rotation = layer.rope && { rope: layer.rope, tables: context.rope(layer.rope) };
  const project1 = (part: 'q' | 'k' | 'v', heads: number): Tensor4D => {
    let y: Tensor = project(weights, `${own}.${part}`, x, queryBias);
    if (clip !== undefined) y = clipByValue(y, -clip, clip);
    const name = part === 'q' ? `${own}.queryNorm` : `${own}.keyNorm`;
    const normed = queryKeyNorm !== undefined && part !== 'v';
    if (normed && queryKeyNorm.scope === 'full') y = norm(queryKeyNorm.norm, weights, name, y);
    y = reshape(y, [batch, length, heads, headDim]);
    // One weight for all heads [d], or one for each [heads, d]: both broadcast over the last axes.
    if (normed && queryKeyNorm.scope !== 'full') y = norm(queryKeyNorm.norm, weights, name, y);
    return splitHeads(y as Tensor4D, part === 'v' ? undefined : rotation);
  };
  let q = project1('q', numHeads);
  let k = project1('k', numKeyValueHeads);
  let v = project1('v', numKeyValueHeads);
  q = tap(`${at}.query`, q);
  k = tap(`${at}.key`, k);
  v = tap(`${at}.value`, v);
  const all = context.extend(i, k, v);
  const mixed = attend(q, all.keys, all.values, {
    scale: layer.attentionScale,
    softcap,
    mask: context.mask(layer.window),
    bias: alibi
      ? context.alibi(numHeads)
      : relativeBuckets === undefined
        ? undefined
        : relativeBias(weights.get('relativeBias.weight') as Tensor2D, length),
    onPattern:
      tap.wants?.(`${at}.pattern`) === false ? undefined : (pattern) => tap(`${at}.pattern`, pattern),
  });
  const heads = tap(`${at}.heads`, mixed);
  return tap(`${at}.output`, project(weights, `${own}.output`, joinHeads(heads), outputBias));
}

function mlpBlock(
  config: ModelConfig,
  layer: LayerConfig,
  at: string,
  weights: WeightSource,
  x: Tensor3D,
): Tensor3D {
  if (layer.mlp === 'dense') return feedForward(config, weights, `${at}.mlp`, x);
  const { count, perToken, normalize: scaled } = config.experts as NonNullable<ModelConfig['experts']>;
  const flat = reshape(x, [-1, config.hiddenSize]) as Tensor2D;
  const routed = chooseExperts(project(weights, `${at}.experts.router`, flat, false), perToken, scaled);
  let sum: Tensor2D | undefined;
  for (let e = 0; e < count; e++) {
    const weight = slice(routed, [0, e], [-1, 1]);
    const part = mul(feedForward(config, weights, `${at}.experts.${e}`, flat), weight) as Tensor2D;
    sum = sum === undefined ? part : add(sum, part);
  }
  return reshape(sum as Tensor2D, x.shape);
}

function feedForward<T extends Tensor>(config: ModelConfig, weights: WeightSource, at: string, x: T): T {
  const { activation, bias } = config.mlp;
  const up = project(weights, `${at}.up`, x, bias);
  const inner = config.mlp.gated
    ? gated(project(weights, `${at}.gate`, x, bias), up, activation)
    : activate(up, activation);
  return project(weights, `${at}.down`, inner as T, bias);
}

function project<T extends Tensor>(weights: WeightSource, name: string, x: T, bias: boolean): T {
  const weight = weights.get(`${name}.weight`) as Tensor2D;
  const y = linear(x, weight, bias ? (weights.get(`${name}.bias`) as Tensor1D) : undefined);
  const term = weights.beside?.(`${name}.weight`);
  return term === undefined ? y : add(y, lowRank(x, term));
}

function norm<T extends Tensor>(config: NormConfig, weights: WeightSource, name: string, x: T): T {
  return normalize(
    x,
    config,
    config.weight ? weights.get(`${name}.weight`) : undefined,
    config.bias ? weights.get(`${name}.bias`) : undefined,
  );
}
