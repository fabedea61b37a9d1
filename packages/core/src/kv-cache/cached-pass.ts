// The context of a pass over the composite path's cache: new keys and values go into the sequences' pages, and all pages of a sequence come
// back side by side. Sequences of unequal length are filled up with empty pages, which the mask hides.
import { concat, slice, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import type { RopeConfig } from '../models/model-config.ts';
import type { DecoderContext } from '../models/transformer.ts';
import { alibiBias, attentionMask } from '../ops/attention-mask.ts';
import { type RopeTables, ropeTables } from '../ops/rope.ts';
import type { Reservation } from './kv-cache.ts';
import type { TensorPageStore } from './tensor-page-store.ts';

/** A context for `count` new tokens in each of the reserved sequences. Use it inside one `tf.tidy`; commit the reservations after it. */
export function cachedPass(
  store: TensorPageStore,
  reservations: readonly Reservation[],
  count: number,
  {
    window: widest = Number.POSITIVE_INFINITY,
    sinks = 0,
  }: { readonly window?: number; readonly sinks?: number } = {},
): DecoderContext {
  const { pageSize } = store.shape;
  const positions = reservations.map(({ start }) => Array.from({ length: count }, (_, t) => start + t));
  const most = Math.max(...reservations.map(({ blocks }) => blocks.length));
  const keyPositions = reservations.map(({ blocks, start }) => {
    const row = new Array<number>(most * pageSize).fill(-1);
    blocks.forEach((block, i) => {
      for (let p = 0; p < pageSize; p++) {
        if (block.start + p < start + count) row[i * pageSize + p] = block.start + p;
      }
    });
    return row;
  });
  const masks = new Map<number, Tensor>();
  const tables = new Map<RopeConfig, RopeTables>();
  let bias: Tensor | undefined;

  const appendRow = (layer: number, { blocks, start }: Reservation, keys: Tensor4D, values: Tensor4D) => {
    const [, groups, , size] = keys.shape;
    for (let done = 0; done < count; ) {
      const block = blocks.find((b) => b.start <= start + done && start + done < b.start + pageSize);
      if (block === undefined)
        throw new RangeError(`reservation: expected a block for token ${start + done}`);
      const offset = start + done - block.start;
      const taken = Math.min(count - done, pageSize - offset);
      const part = (x: Tensor4D) =>
        taken === count ? x : slice(x, [0, 0, done, 0], [1, groups, taken, size]);
      store.append(block.page, layer, offset, part(keys), part(values));
      done += taken;
    }
  };

  return {
    positions,
    extend(layer, keys, values) {
      const [, groups, , size] = keys.shape;
      const gathered = reservations.map((reservation, b) => {
        const row = (x: Tensor4D) =>
          reservations.length === 1 ? x : slice(x, [b, 0, 0, 0], [1, groups, count, size]);
        appendRow(layer, reservation, row(keys), row(values));
        return store.gather(
          reservation.blocks.map((block) => block.page),
          layer,
          most,
        );
      });
      if (gathered.length === 1) return gathered[0];
      return {
        keys: concat(
          gathered.map((g) => g.keys),
          0,
        ) as Tensor4D,
        values: concat(
          gathered.map((g) => g.values),
          0,
        ) as Tensor4D,
      };
    },
    mask(layerWindow = Number.POSITIVE_INFINITY) {
      const window = Math.min(layerWindow, widest);
      const known = masks.get(window);
      if (known !== undefined) return known;
      const made = attentionMask(positions, keyPositions, { window, sinks });
      masks.set(window, made);
      return made;
    },
    alibi(heads) {
      bias ??= alibiBias(heads, keyPositions);
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
