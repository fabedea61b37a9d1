// Named points of the decoder that can be read and written: a hook sees the activation there and may answer another tensor of the same
// shape, which the rest of the pass then uses (patching, steering, ablation).
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../models/model-config.ts';
import type { Tap } from '../models/transformer.ts';

/**
 * Sees the activation at a point. Answering a tensor of the same shape puts it in the activation's place; answering nothing leaves it.
 * The tensor lives until the pass ends: `tf.keep(t.clone())` to hold on to it.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
export type Hook = (activation: Tensor, point: string) => Tensor | void;

/** Hooks by point: a name of `hookPoints`, or one with `*` for every layer (`layers.*.mlp.output`). */
export type Hooks = Readonly<Record<string, Hook>>;

const layerPoints = [
  'residual.before',
  'attention.query',
  'attention.key',
  'attention.value',
  'attention.pattern',
  'attention.heads',
  'attention.output',
  'residual.middle',
  'mlp.output',
  'residual.after',
];

/**
 * Names of the points of a decoder, in the order in which a pass reaches them.
 *
 * Shapes: residual.*, *.output, embedding, finalNorm [B, T, C]; query, heads [B, H, T, d]; key, value [B, G, T, d]; pattern [B, H, T, S];
 * logits [B, T, V]. A parallel layer (GPT-NeoX, Phi, Cohere) has no residual.middle.
 *
 * @example
 * ```ts
 * import { hookPoints, parseModelConfig } from '@ashlar/core';
 * const config = parseModelConfig({ model_type: 'gpt2', vocab_size: 10, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 4 });
 * hookPoints(config).slice(0, 3) // => ['embedding', 'layers.0.residual.before', 'layers.0.attention.query']
 * ```
 */
export function hookPoints(config: ModelConfig): string[] {
  const own = layerPoints.filter((point) => point !== 'residual.middle' || config.placement !== 'parallel');
  return [
    'embedding',
    ...config.layers.flatMap((_, i) => own.map((point) => `layers.${i}.${point}`)),
    'finalNorm',
    'logits',
  ];
}

/** Three points to show: those that share a word with what was asked for, layer 0 first. */
function nearestPoints(points: readonly string[], name: string): string[] {
  const words = name.split('.').filter((word) => /^\w{3,}$/.test(word) && word !== 'layers');
  const near = points.filter((point) => words.some((word) => point.includes(word)));
  return (near.length > 0 ? near : points).slice(0, 3);
}

/** Turns hooks into the decoder's tap. Throws for a name that is no point of this decoder. */
export function hooksToTap(hooks: Hooks | undefined, config: ModelConfig): Tap | undefined {
  if (hooks === undefined) return undefined;
  const points = hookPoints(config);
  const byPoint = new Map<string, Hook[]>();
  for (const [name, hook] of Object.entries(hooks)) {
    const matched = name.includes('*')
      ? points.filter((point) => point.replace(/^layers\.\d+\./, 'layers.*.') === name)
      : points.filter((point) => point === name);
    if (matched.length === 0)
      throw new RangeError(
        `hooks: expected a point of the model (${nearestPoints(points, name).join(', ')}, ...; all: hookPoints(model.config)), got ${name}`,
      );
    for (const point of matched) byPoint.set(point, [...(byPoint.get(point) ?? []), hook]);
  }
  const tap = <T extends Tensor>(point: string, value: T): T => {
    let current: Tensor = value;
    for (const hook of byPoint.get(point) ?? []) {
      const answer = hook(current, point);
      if (answer === undefined) continue;
      if (answer.shape.join() !== value.shape.join()) {
        throw new RangeError(`hook ${point}: expected shape [${value.shape}], got [${answer.shape}]`);
      }
      current = answer;
    }
    return current as T;
  };
  return Object.assign(tap, { wants: (point: string) => byPoint.has(point) });
}
