// A model as a straight list of fused steps, from its configuration alone. Executors walk the list with their own kernels on the same weights
// and cache; what a step does is said once, here. The names are those of `listParameters`.
// Where a row has an adapter, every `linear` below is W x + scale B (A x): the term belongs to the row, not to the plan, so it is no step of its own.
import type { Activation, ModelConfig, NormConfig, RopeConfig } from '../models/model-config.ts';

/** A norm by the name of its parameters. */
export interface PlanNorm {
  readonly name: string;
  readonly config: NormConfig;
}

/** x = embedding[ids] * scale (+ positions), through a projection and a norm where the family has them. */
export interface EmbedStep {
  readonly op: 'embed';
  readonly scale: number;
  readonly projection: boolean;
  readonly learnedPositions: boolean;
  readonly positionOffset: number;
  readonly norm?: PlanNorm;
}

/** q, k, v = linear(norm(x)), clipped, normed and rotated as the family does; k and v go into the cache. */
export interface QkvStep {
  readonly op: 'qkv';
  readonly layer: number;
  /** Absent: the residual stream as it is. */
  readonly norm?: PlanNorm;
  readonly bias: boolean;
  readonly clip?: number;
  readonly queryKeyNorm?: { readonly scope: 'full' | 'head' | 'each-head'; readonly norm: NormConfig };
  readonly rope?: RopeConfig;
}

/** heads = attention(q, cache). */
export interface AttendStep {
  readonly op: 'attend';
  readonly layer: number;
  readonly scale: number;
  readonly softcap?: number;
  readonly window?: number;
  readonly alibi: boolean;
}

/** x += scale * norm?(linear(heads)), or for the original placement x = norm(x + linear(heads)). */
export interface OutStep {
  readonly op: 'out';
  readonly layer: number;
  readonly bias: boolean;
  readonly scale: number;
  /** Norm of what is added. */
  readonly postNorm?: PlanNorm;
  /** Norm of the sum, in place (the original Transformer). */
  readonly sumNorm?: PlanNorm;
}

/** y = mlp(source): gate, up and activation; then x += scale * norm?(down(y)). */
export interface MlpStep {
  readonly op: 'mlp';
  readonly layer: number;
  /** Absent: `reuse` or the residual stream as it is. */
  readonly norm?: PlanNorm;
  /** True: the input is the norm that attention had (parallel layers with one norm). */
  readonly reuse: boolean;
  readonly gated: boolean;
  readonly activation: Activation;
  readonly bias: boolean;
  readonly experts: boolean;
  readonly scale: number;
  readonly postNorm?: PlanNorm;
  readonly sumNorm?: PlanNorm;
}

/** logits = softcap(scale * head(norm(x))). */
export interface HeadStep {
  readonly op: 'head';
  readonly norm?: PlanNorm;
  readonly projection: boolean;
  readonly tied: boolean;
  readonly bias: boolean;
  readonly scale: number;
  readonly softcap?: number;
}

/** One fused step. */
export type PlanStep = EmbedStep | QkvStep | AttendStep | OutStep | MlpStep | HeadStep;

/**
 * The steps of a decoder in order: embed; per layer qkv, attend, out, mlp; head. Parallel layers read the MLP's input before attention's output is added.
 * @throws {TypeError} for a model that does not generate (encoders, checkpoints without a head)
 */
export function compilePlan(config: ModelConfig): PlanStep[] {
  if (!config.attention.causal || !config.head.present) {
    throw new TypeError(`plan: expected a decoder with a head, got ${config.family} without`);
  }
  const named = (name: string): PlanNorm => ({ name, config: config.norm });
  const { placement, sharedNorm, residualScale, attention, mlp } = config;
  const before = placement === 'pre' || placement === 'sandwich' || placement === 'parallel';
  const behind = placement === 'post' || placement === 'sandwich';
  const original = placement === 'original';
  const wide = config.embedding.width !== config.hiddenSize;
  const steps: PlanStep[] = [
    {
      op: 'embed',
      scale: config.embedding.scale,
      projection: wide,
      learnedPositions: config.embedding.learnedPositions,
      positionOffset: config.embedding.positionOffset,
      ...(config.embedding.norm ? { norm: named('embeddingNorm') } : {}),
    },
  ];
  config.layers.forEach((layer, i) => {
    const at = `layers.${i}`;
    steps.push({
      op: 'qkv',
      layer: i,
      bias: attention.queryBias,
      ...(before && layer.attentionNorm ? { norm: named(`${at}.attentionNorm`) } : {}),
      ...(attention.clip === undefined ? {} : { clip: attention.clip }),
      ...(attention.queryKeyNorm === undefined ? {} : { queryKeyNorm: attention.queryKeyNorm }),
      ...(layer.rope === undefined ? {} : { rope: layer.rope }),
    });
    steps.push({
      op: 'attend',
      layer: i,
      scale: layer.attentionScale,
      alibi: attention.alibi,
      ...(attention.softcap === undefined ? {} : { softcap: attention.softcap }),
      ...(layer.window === undefined ? {} : { window: layer.window }),
    });
    const out: OutStep = {
      op: 'out',
      layer: i,
      bias: attention.outputBias,
      scale: residualScale,
      ...(behind ? { postNorm: named(`${at}.attentionPostNorm`) } : {}),
      ...(original ? { sumNorm: named(`${at}.attentionNorm`) } : {}),
    };
    const fed: MlpStep = {
      op: 'mlp',
      layer: i,
      reuse: placement === 'parallel' && sharedNorm,
      gated: mlp.gated,
      activation: mlp.activation,
      bias: mlp.bias,
      experts: layer.mlp === 'experts',
      scale: residualScale,
      ...(before && !(placement === 'parallel' && sharedNorm) ? { norm: named(`${at}.mlpNorm`) } : {}),
      ...(behind ? { postNorm: named(`${at}.mlpPostNorm`) } : {}),
      ...(original ? { sumNorm: named(`${at}.mlpNorm`) } : {}),
    };
    // A parallel layer's MLP reads x as it was before attention, so it comes first; the two sums commute.
    if (placement === 'parallel') steps.push(fed, out);
    else steps.push(out, fed);
  });
  const { tied, bias, scale, softcap } = config.head;
  steps.push({
    op: 'head',
    projection: wide,
    tied,
    bias,
    scale,
    ...(config.finalNorm ? { norm: named('finalNorm') } : {}),
    ...(softcap === undefined ? {} : { softcap }),
  });
  return steps;
}

/** The plan as text, a line a step; runs of layers that differ in nothing but their number are folded. */
export function describePlan(steps: readonly PlanStep[]): string {
  const lines: string[] = [];
  let block: string[] = [];
  let blockStart = 0;
  let previous = '';
  let repeated = 0;
  const flush = () => {
    if (block.length === 0) return;
    const text = block.join('\n');
    if (text === previous) repeated++;
    else {
      if (repeated > 0) lines.push(`  ... and ${repeated} more such layers`);
      repeated = 0;
      lines.push(`layer ${blockStart}`, text);
      previous = text;
    }
    block = [];
  };
  for (const step of steps) {
    if ('layer' in step) {
      if (step.op === 'qkv') {
        flush();
        blockStart = step.layer;
      }
      block.push(`  ${describe(step)}`);
    } else {
      flush();
      if (repeated > 0) lines.push(`  ... and ${repeated} more such layers`);
      repeated = 0;
      lines.push(describe(step));
    }
  }
  return lines.join('\n');
}

function describe(step: PlanStep): string {
  const norm = (n: PlanNorm | undefined) => (n === undefined ? 'x' : `${n.config.kind}Norm(x)`);
  const by = (scale: number) => (scale === 1 ? '' : `${scale} * `);
  switch (step.op) {
    case 'embed':
      return `embed   x = ${by(step.scale)}embedding[ids]${step.learnedPositions ? ' + positions' : ''}${step.norm ? ', normed' : ''}`;
    case 'qkv': {
      const extras = [
        step.queryKeyNorm && `q and k normed (${step.queryKeyNorm.scope})`,
        step.rope && `rope ${step.rope.kind} theta ${step.rope.theta}`,
        step.clip && `clipped to ${step.clip}`,
      ].filter(Boolean);
      return `qkv     q, k, v = linear(${norm(step.norm)})${extras.length > 0 ? `; ${extras.join('; ')}` : ''}; append k, v`;
    }
    case 'attend':
      return `attend  heads = softmax(${step.softcap ? `softcap ${step.softcap}, ` : ''}${step.scale.toPrecision(4)} q k${step.alibi ? ' + alibi' : ''}) v${step.window ? `, window ${step.window}` : ''}`;
    case 'out':
      return `out     x += ${by(step.scale)}${step.postNorm ? 'norm(linear(heads))' : 'linear(heads)'}${step.sumNorm ? '; x = norm(x)' : ''}`;
    case 'mlp': {
      const input = step.reuse ? "attention's norm" : norm(step.norm);
      const inner = step.gated ? `${step.activation}(gate) * up` : `${step.activation}(up)`;
      return `mlp     x += ${by(step.scale)}${step.postNorm ? 'norm of ' : ''}down(${inner}) of ${input}${step.experts ? ', experts' : ''}${step.sumNorm ? '; x = norm(x)' : ''}`;
    }
    case 'head':
      return `head    logits = ${step.softcap ? `softcap ${step.softcap} of ` : ''}${by(step.scale)}${step.tied ? 'embedding' : 'head'}(${norm(step.norm)})`;
  }
}
