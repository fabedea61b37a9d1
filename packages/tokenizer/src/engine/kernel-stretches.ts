// Stretches by the kernels. Long texts go through their memory in windows that end where every split cuts, so that it does not grow with the text; one
// in which there is no such place is taken whole, and the memory that became large is let go behind it, as is one that has run out.
import { lastSafeCut } from '../safe-cut.ts';
import type { Scanner } from '../scanners/character-classes.ts';
import { type BytePairEngine, DEFAULT_CACHE_BYTES } from './byte-pair-engine.ts';
import { type EncodingKernels, openEncodingKernels } from './encoding-kernels.ts';
import { EngineStretches } from './engine-stretches.ts';
import type { StretchEncoder } from './stretch-encoder.ts';
import { takeIds } from './take-ids.ts';

const WINDOW = 1 << 20; // UTF-16 units
const KEPT = 1 << 24; // bytes that memory may grow by and stay, beside those of learned pieces
const TABLES = 8; // at most bytes of tables, left ones included, for each byte of learned pieces
const PADDING = 64;
const SHORT = 64; // units up to which a call into the encoder costs more than a loop

/** Encodes by the kernels, and by the engine where they cannot be had. */
export function stretchEncoder(engine: BytePairEngine, scanner: Scanner): StretchEncoder {
  const { kernel } = scanner;
  const fallback = new EngineStretches(engine, scanner);
  return kernel === undefined
    ? fallback
    : new KernelStretches(() => openEncodingKernels(kernel, engine.rules), fallback, engine.rules.cacheBytes);
}

/** The kernels at work with room for a text and its ids. The arrays have no length when the memory has grown since. */
interface Room {
  readonly kernels: EncodingKernels;
  /** Units of the longest text. */
  readonly units: number;
  readonly text: number;
  readonly out: number;
  readonly bytes: Uint8Array;
  readonly ids: Int32Array;
  /** Bytes of memory beyond which it is let go. */
  readonly most: number;
}

export class KernelStretches implements StretchEncoder {
  private readonly open: () => EncodingKernels | undefined;
  private readonly fallback: StretchEncoder;
  private readonly encoder = new TextEncoder();
  private readonly kept: number;
  private room: Room | undefined;
  private isRefused = false;

  /** `open` is called when the first text comes, and again when the memory was let go. `cacheBytes`: what learned pieces may take. */
  constructor(
    open: () => EncodingKernels | undefined,
    fallback: StretchEncoder,
    cacheBytes = DEFAULT_CACHE_BYTES,
  ) {
    this.open = open;
    this.fallback = fallback;
    this.kept = KEPT + TABLES * cacheBytes;
  }

  encode(text: string, prefix: 0 | 1): number[] {
    if (text.length > WINDOW) return this.encodeLong(text, prefix);
    const room = this.take(text.length);
    const count = room === undefined ? -1 : this.run(room, text, prefix);
    if (room === undefined || count < 0) return this.fallback.encode(text, prefix);
    const ids = takeIds(idsOf(room, count), count);
    this.release(room);
    return ids;
  }

  count(text: string, prefix: 0 | 1, limit: number): number {
    if (text.length <= WINDOW) return this.countWindow(text, prefix, limit);
    let ids = 0;
    for (let at = 0; at < text.length && ids <= limit; ) {
      const part = windowAt(text, at);
      ids += this.countWindow(part, at === 0 ? prefix : 0, limit - ids);
      at += part.length;
    }
    return ids;
  }

  private countWindow(text: string, prefix: 0 | 1, limit: number): number {
    const room = this.take(text.length);
    if (room === undefined) return this.fallback.count(text, prefix, limit);
    const end = room.text + this.setText(room, text, prefix);
    const count = room.kernels.count(room.text, end, room.out, Math.min(limit, 0x7fffffff));
    if (count < 0) this.room = undefined;
    else this.release(room);
    return count < 0 ? this.fallback.count(text, prefix, limit) : count;
  }

  private encodeLong(text: string, prefix: 0 | 1): number[] {
    const parts: ArrayLike<number>[] = [];
    let total = 0;
    for (let at = 0; at < text.length; ) {
      const part = windowAt(text, at);
      const before = at === 0 ? prefix : 0;
      const room = this.take(part.length);
      const count = room === undefined ? -1 : this.run(room, part, before);
      const ids =
        room === undefined || count < 0
          ? this.fallback.encode(part, before)
          : idsOf(room, count).slice(0, count);
      if (room !== undefined) this.release(room);
      parts.push(ids);
      total += ids.length;
      at += part.length;
    }
    const all = new Array<number>(total);
    let write = 0;
    for (const part of parts) for (let i = 0; i < part.length; i++) all[write++] = part[i];
    return all;
  }

  /** Encodes into the room; returns how many ids there are, or -1. */
  private run(room: Room, text: string, prefix: 0 | 1): number {
    const end = room.text + this.setText(room, text, prefix);
    const count = room.kernels.encode(room.text, end, room.out);
    if (count < 0) this.room = undefined;
    return count;
  }

  /** The room for a text of so many units, or undefined where it cannot be had. */
  private take(units: number): Room | undefined {
    const { room } = this;
    if (room !== undefined && units <= room.units && room.ids.length > 0) return room;
    return this.makeRoom(units);
  }

  private makeRoom(units: number): Room | undefined {
    if (this.isRefused) return undefined;
    let { room } = this;
    if (room === undefined || units > room.units) {
      const kernels = room?.kernels ?? this.open();
      if (kernels === undefined) {
        this.isRefused = true;
        return undefined;
      }
      const most = Math.max(units, WINDOW);
      const text = kernels.allocate(most * 3 + 1 + PADDING);
      const out = text === 0 ? 0 : kernels.allocate((most * 3 + 1) * 4 + PADDING);
      if (out === 0) return undefined;
      room = viewsOn({ kernels, units: most, text, out, most: kernels.memory.buffer.byteLength + this.kept });
    } else room = viewsOn(room);
    this.room = room;
    return room;
  }

  /** Lets a memory go that was for an uncommonly long text or has become large. */
  private release(room: Room): void {
    const isLarge = room.ids.length === 0 && room.kernels.memory.buffer.byteLength > room.most;
    if (isLarge || room.units > WINDOW) this.room = undefined;
  }

  /** Writes the UTF-8 of a text; a lone surrogate becomes U+FFFD. Returns how many bytes there are. */
  private setText({ bytes }: Room, text: string, prefix: 0 | 1): number {
    const { length } = text;
    if (prefix > 0) bytes[0] = 32;
    if (length <= SHORT) {
      let i = 0;
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit >= 0x80) break;
        bytes[prefix + i] = unit;
      }
      if (i === length) return prefix + length;
    }
    return prefix + this.encoder.encodeInto(text, prefix > 0 ? bytes.subarray(prefix) : bytes).written;
  }
}

type Place = Omit<Room, 'bytes' | 'ids'>;

function viewsOn({ kernels, units, text, out, most }: Place): Room {
  const { buffer } = kernels.memory;
  const bytes = new Uint8Array(buffer, text, units * 3 + 1);
  return { kernels, units, text, out, bytes, ids: new Int32Array(buffer, out, units * 3 + 1), most };
}

/** The ids, wherever the memory is now. */
function idsOf(room: Room, count: number): Int32Array {
  return room.ids.length > 0 ? room.ids : new Int32Array(room.kernels.memory.buffer, room.out, count);
}

/** The text from `at` on up to a safe cut in the window, or in a larger one where there is none. */
function windowAt(text: string, at: number): string {
  for (let size = WINDOW; ; size *= 2) {
    if (text.length - at <= size) return text.slice(at);
    const part = text.slice(at, at + size);
    const cut = lastSafeCut(part);
    if (cut > 0) return part.slice(0, cut);
  }
}
