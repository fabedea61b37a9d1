// One named stream read in order, for consumers that want "the next number" (shuffles, initialisation, resampling) and
// not a keyed one. The state is one integer, so it is saved and restored as such.
import type { UniformSource } from './random.ts';

/** Numbers of one named stream, one after another. */
export interface RandomStream {
  /** How many uniforms have been used; assign it to rewind or to restore a saved stream. */
  position: number;
  /** The next uniform in (0, 1). */
  next(): number;
  /** The next integer in [0, below), each equally likely up to 2^-52. */
  integer(below: number): number;
  /** The next standard normal number (Box-Muller, the cosine branch; uses two uniforms). */
  normal(): number;
  /** Shuffles in place (Fisher-Yates, from the end) and returns the same array. */
  shuffle<T>(items: T[]): T[];
}

/**
 * A stream that reads `random.uniform(name, 0, lane, 0), (.., 1), ...` in order.
 *
 * @throws RangeError from `integer` when `below` is not a positive integer.
 * @example
 * ```ts
 * import { createRandom, randomStream } from '@ashlar/sampling';
 * const stream = randomStream(createRandom(1), 'shuffle');
 * stream.shuffle([1, 2, 3, 4]).length // => 4
 * stream.position // => 3
 * ```
 */
export function randomStream(random: UniformSource, name: string, lane = 0): RandomStream {
  const stream: RandomStream = {
    position: 0,
    next() {
      const index = stream.position++;
      // 2^32 numbers a position: the position carries what the index cannot hold.
      return random.uniform(name, Math.floor(index / 2 ** 32), lane, index >>> 0);
    },
    integer(below) {
      if (!Number.isSafeInteger(below) || below < 1)
        throw new RangeError(`below: expected a positive integer, got ${below}`);
      return Math.floor(stream.next() * below);
    },
    normal() {
      const radius = Math.sqrt(-2 * Math.log(stream.next()));
      return radius * Math.cos(2 * Math.PI * stream.next());
    },
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = stream.integer(i + 1);
        const held = items[i];
        items[i] = items[j];
        items[j] = held;
      }
      return items;
    },
  };
  return stream;
}
