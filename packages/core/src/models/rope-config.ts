// Reads rotary settings from both forms of config.json: the older (`rope_theta`, `rope_scaling`, `partial_rotary_factor`,
// `rotary_pct`, `rope_local_base_freq`) and the newer (`rope_parameters`, flat or one object a layer type). Both mean the same.
import type { RopeConfig, RopeKind } from './model-config.ts';
import type { RawConfig } from './raw-config.ts';

/** What a family fixes about rotary positions. */
export interface RopeFamily {
  /** Base when the configuration names none. */
  readonly theta: number;
  readonly interleaved?: boolean;
  /** Fraction of the head that is rotated when the configuration names none. */
  readonly partial?: number;
  /** Families with a base of their own for sliding layers (Gemma 3). */
  readonly localTheta?: number;
  /** Older configurations' `rope_scaling` speaks of the full layers only (OLMo 3; with `localTheta` always). */
  readonly scalesFullLayersOnly?: boolean;
}

const kinds: readonly RopeKind[] = ['default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope'];

/** The rotary settings of layers of type `layerType` (`full_attention` or `sliding_attention`). */
export function readRopeConfig(
  raw: RawConfig,
  family: RopeFamily,
  layerType: string,
  sizes: { readonly headDim: number; readonly maxPositions: number },
): RopeConfig {
  const given = raw.object('rope_parameters');
  const nested =
    given !== undefined &&
    Object.values(given).some((v) => typeof v === 'object' && v !== null && !Array.isArray(v));
  const scaling = raw.object('rope_scaling');
  const local = family.localTheta !== undefined && layerType === 'sliding_attention';
  // Gemma 3: an older rope_scaling speaks of the full layers only.
  const own = nested ? record(given[layerType]) : local ? undefined : given;
  const unscaled = local || (family.scalesFullLayersOnly === true && layerType === 'sliding_attention');
  const parameters = { ...own, ...(unscaled ? undefined : scaling) };

  const oldTheta = local
    ? raw.value('rope_local_base_freq', 'local_rope_theta')
    : raw.value('rope_theta', 'rotary_emb_base', 'global_rope_theta');
  const theta = number(
    'rope_theta',
    parameters['rope_theta'] ?? oldTheta ?? (local ? family.localTheta : family.theta),
  );
  const partial = number(
    'partial_rotary_factor',
    parameters['partial_rotary_factor'] ??
      raw.value('partial_rotary_factor', 'rotary_pct') ??
      family.partial ??
      1,
  );
  if (!(theta > 0)) throw new RangeError(`config rope_theta: expected > 0, got ${theta}`);
  if (!(partial > 0 && partial <= 1)) {
    throw new RangeError(`config partial_rotary_factor: expected 0 < p <= 1, got ${partial}`);
  }
  const name = String(parameters['rope_type'] ?? parameters['type'] ?? 'default');
  const kind = (name === 'su' ? 'longrope' : name) as RopeKind;
  if (!kinds.includes(kind)) {
    throw new RangeError(
      `config rope_type: expected one of ${kinds.join(', ')}, got ${JSON.stringify(name)}`,
    );
  }
  // Phi-3 keeps the trained length outside of the rope settings, and that one wins.
  const outside =
    kind === 'llama3' || kind === 'yarn' || kind === 'longrope'
      ? raw.value('original_max_position_embeddings')
      : undefined;
  const originalMaxPositions = number(
    'original_max_position_embeddings',
    outside ?? parameters['original_max_position_embeddings'] ?? sizes.maxPositions,
  );
  const impliedFactor = sizes.maxPositions / originalMaxPositions;
  const needsFactor = kind === 'linear' || kind === 'dynamic' || kind === 'llama3';
  const factor = number('factor', parameters['factor'] ?? (needsFactor ? undefined : impliedFactor));
  if (!(factor > 0)) throw new RangeError(`config rope factor: expected > 0, got ${factor}`);
  const rotaryDim = Math.trunc(sizes.headDim * partial);
  if (rotaryDim < 2 || rotaryDim % 2 !== 0) {
    throw new RangeError(
      `config partial_rotary_factor: expected an even number of rotated components, got ${rotaryDim}`,
    );
  }
  const optional = (key: string) => (parameters[key] == null ? undefined : number(key, parameters[key]));
  const list = (key: string): readonly number[] | undefined => {
    const found = parameters[key];
    if (found == null) return undefined;
    const length = rotaryDim / 2;
    if (
      !Array.isArray(found) ||
      found.length !== length ||
      !found.every((v) => typeof v === 'number' && v > 0)
    ) {
      throw new TypeError(
        `config ${key}: expected ${length} numbers > 0, got ${JSON.stringify(found)?.slice(0, 80)}`,
      );
    }
    return found;
  };
  if (kind === 'longrope' && (parameters['short_factor'] == null || parameters['long_factor'] == null)) {
    throw new TypeError('config rope_scaling: expected short_factor and long_factor with rope_type longrope');
  }
  const llama3 = kind === 'llama3';
  return {
    kind,
    theta,
    rotaryDim,
    interleaved: raw.boolean('rope_interleaved', family.interleaved ?? false),
    factor,
    originalMaxPositions,
    maxPositions: sizes.maxPositions,
    lowFrequencyFactor: llama3 ? number('low_freq_factor', parameters['low_freq_factor']) : undefined,
    highFrequencyFactor: llama3 ? number('high_freq_factor', parameters['high_freq_factor']) : undefined,
    betaFast: optional('beta_fast'),
    betaSlow: optional('beta_slow'),
    truncate: parameters['truncate'] === undefined ? undefined : parameters['truncate'] === true,
    attentionFactor: optional('attention_factor'),
    mscale: optional('mscale'),
    mscaleAllDim: optional('mscale_all_dim'),
    shortFactor: list('short_factor'),
    longFactor: list('long_factor'),
  };
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function number(key: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new TypeError(`config ${key}: expected a finite number, got ${JSON.stringify(value) ?? 'nothing'}`);
  }
  return value;
}
