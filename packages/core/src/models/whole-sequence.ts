// The context of a pass without cache: all tokens at once, every query sees the keys of its own pass. Tables and masks are made once a pass
// and shared by the layers; call it inside the same `tf.tidy` as the pass.

import type { Tensor } from '@tensorflow/tfjs-core';
import { checkOptions } from '../check-options.ts';
import { alibiBias, attentionMask } from '../ops/attention-mask.ts';
import { type RopeTables, ropeTables } from '../ops/rope.ts';
import type { RopeConfig } from './model-config.ts';
import type { DecoderContext } from './transformer.ts';

/** Options of `wholeSequence`. */
export interface WholeSequenceOptions {
  /** Every token sees every other (encoders). */
  readonly bidirectional?: boolean;
  /** Tokens of each row; what follows is padding on the right. Causal rows need none: no token sees what comes after it. */
  readonly lengths?: readonly number[];
}

/** Positions 0..T-1 in each of `batch` rows. */
export function wholeSequence(
  batch: number,
  length: number,
  options: WholeSequenceOptions = {},
): DecoderContext {
  checkOptions(options, ['bidirectional', 'lengths'], 'wholeSequence');
  const { bidirectional = false, lengths } = options;
  const row = Array.from({ length }, (_, t) => t);
  const positions = Array.from({ length: batch }, () => row);
  const padded = bidirectional && lengths?.some((n) => n < length);
  const keys = padded ? (lengths as number[]).map((n) => row.map((t) => (t < n ? t : -1))) : [row];
  const masks = new Map<number, Tensor>();
  const tables = new Map<RopeConfig, RopeTables>();
  let bias: Tensor | undefined;
  return {
    positions,
    extend: (_layer, keys, values) => ({ keys, values }),
    mask(window = Number.POSITIVE_INFINITY) {
      const wide = Math.min(window, length);
      if (length === 1 || (bidirectional && !padded && wide >= length - 1)) return undefined;
      const known = masks.get(wide);
      if (known !== undefined) return known;
      const made = attentionMask(padded ? positions : [row], keys, { window: wide, bidirectional });
      masks.set(wide, made);
      return made;
    },
    alibi(heads) {
      bias ??= alibiBias(heads, [row]);
      return bias;
    },
    rope(config) {
      const known = tables.get(config);
      if (known !== undefined) return known;
      const made = ropeTables(config, positions);
      tables.set(config, made);
      return made;
    },
  };
}
