// What changes from pass to pass, written into small buffers: for every row its id, position, pages and angles.
import type { RopeConfig } from '../../models/model-config.ts';
import { ropeFrequencies } from '../../ops/rope-frequencies.ts';
import type { PassRequest, ReadPassRequest } from '../step-executor.ts';
import type { DeviceMemory } from './device-memory.ts';
import { rowFields, rowWords } from './kernels/gather.ts';
import type { PassBuffers } from './pass-buffers.ts';
import type { WebgpuPageStore } from './webgpu-page-store.ts';

/** A token of a pass. */
export interface RowOf {
  readonly id: number;
  readonly position: number;
  readonly request: number;
  /** Whether something of its logits is. */
  readonly wanted: boolean;
}

/** All tokens of the requests, in order. */
export const rowsOf = (requests: readonly ReadPassRequest[]): RowOf[] =>
  requests.flatMap(({ ids, reservation, read }, request) =>
    Array.from({ length: ids.length }, (_, t) => ({
      id: ids[t],
      position: reservation.start + t,
      request,
      wanted: t === ids.length - 1 && read !== 'nothing',
    })),
  );

/** Writes the tables of passes. */
export interface PassTables {
  /** Pages by slot and first position; replaced when a pass has more than fit. */
  readonly blocks: GPUBuffer;
  /** Writes the tables for `rows`; `lengths` are those of the requests' sequences after the whole run. Answers the most keys that a row sees. */
  write(rows: readonly RowOf[], requests: readonly PassRequest[], lengths: readonly number[]): number;
}

/** Tables in `buffers`. */
export function createPassTables(
  memory: DeviceMemory,
  buffers: PassBuffers,
  store: WebgpuPageStore,
): PassTables {
  const { queue } = memory.device;
  const { pageSize } = store.shape;
  let room = 512;
  let blocks = memory.storage(room * 8, 'blocks');

  // Frequencies are the same for every token unless they depend on the length.
  const fixed = new Map<RopeConfig, ReturnType<typeof ropeFrequencies>>();
  const frequencies = (rope: RopeConfig, length: number) => {
    if (rope.kind === 'dynamic' || rope.kind === 'longrope') return ropeFrequencies(rope, length);
    const known = fixed.get(rope) ?? ropeFrequencies(rope, length);
    fixed.set(rope, known);
    return known;
  };

  const writeAngles = (rows: readonly RowOf[], lengths: readonly number[]) => {
    for (const [rope, { buffer, half }] of buffers.angles) {
      if (half === 0) continue;
      const values = new Float32Array(rows.length * half * 2);
      rows.forEach(({ position, request }, r) => {
        const { inverse, scale } = frequencies(rope, lengths[request]);
        for (let i = 0, at = r * half * 2; i < half; i++, at += 2) {
          const angle = Math.fround(position * inverse[i]);
          values[at] = Math.fround(Math.cos(angle)) * scale;
          values[at + 1] = Math.fround(Math.sin(angle)) * scale;
        }
      });
      queue.writeBuffer(buffer, 0, values);
    }
  };

  return {
    get blocks() {
      return blocks;
    },
    write(rows, requests, lengths) {
      const used = [...new Set(rows.map((row) => row.request))];
      const count = used.reduce((sum, r) => sum + requests[r].reservation.blocks.length, 0);
      if (count > room) {
        memory.free(blocks);
        room = count * 2;
        blocks = memory.storage(room * 8, 'blocks');
      }
      store.ensure(used.flatMap((r) => requests[r].reservation.blocks.map(({ page }) => page)));
      const firsts = new Map<number, number>();
      const blockWords = new Uint32Array(count * 2);
      let at = 0;
      for (const r of used) {
        firsts.set(r, at);
        for (const { page, start } of requests[r].reservation.blocks) {
          blockWords[at * 2] = store.slot(page);
          blockWords[at * 2 + 1] = start;
          at++;
        }
      }
      queue.writeBuffer(blocks, 0, blockWords);
      const lines = new Uint32Array(rows.length * rowWords);
      let most = 0;
      rows.forEach(({ id, position, request }, i) => {
        const own = requests[request].reservation.blocks;
        // Blocks stand in order; only a window leaves gaps.
        let index = Math.min(own.length - 1, Math.floor(position / pageSize));
        while (index >= 0 && own[index].start > position) index--;
        if (index < 0 || position - own[index].start >= pageSize)
          throw new RangeError(`reservation: expected a block for token ${position}`);
        const line = i * rowWords;
        lines[line + rowFields.id] = id;
        lines[line + rowFields.position] = position;
        lines[line + rowFields.firstBlock] = firsts.get(request) as number;
        lines[line + rowFields.blocks] = index + 1;
        lines[line + rowFields.slot] = store.slot(own[index].page);
        lines[line + rowFields.offset] = position - own[index].start;
        most = Math.max(most, (index + 1) * pageSize);
      });
      queue.writeBuffer(buffers.lines, 0, lines);
      queue.writeBuffer(buffers.pass, 0, Uint32Array.of(rows.length, 0, 0, 0));
      writeAngles(rows, lengths);
      return most;
    },
  };
}
