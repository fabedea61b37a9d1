// Uniform numbers keyed by (seed, stream, position, lane): seed of the request, a named stream for each consumer (so
// that XTC never eats the noise of the draw: llama.cpp seeds both alike and their streams overlap), position in the
// sequence, lane in the batch. Being a function of the key, the source has nothing to clone, rewind or lock: rollback
// of a sequence rolls its randomness back too.
import { philox4x32 } from './philox.ts';

/** Where every random number of this package comes from; inject another one to enumerate or to replay. */
export interface UniformSource {
  /**
   * A number in the open interval (0, 1), the same whenever the same key is asked for.
   *
   * @param stream who asks: `'draw'`, `'xtc'`, `'draft'`, `'accept'`, ...
   * @param position the place in the sequence, 0 <= position < 2^32
   * @param lane the row of the batch, 0 <= lane < 2^32
   * @param index which number of this key, 0 (the default) <= index < 2^32
   */
  uniform(stream: string, position: number, lane: number, index?: number): number;
}

/** A {@link UniformSource} made from a seed: serialised by its seed alone. */
export interface Random extends UniformSource {
  /** The seed, 0 <= seed < 2^64. */
  readonly seed: bigint;
}

const twoTo26 = 2 ** 26;
const twoToMinus53 = 2 ** -53;

/**
 * `u = (2k + 1) 2^-53` with k the upper 52 bits of two Philox 4x32-10 words: a 53-bit double, never 0 and never 1.
 *
 * Key = the seed's two words; counter = (index / 2, position, lane, FNV-1a of the stream's name).
 *
 * @throws RangeError when the seed is not an integer in [0, 2^64), or a part of the key is not an integer in [0,
 *   2^32).
 * @example
 * ```ts
 * import { createRandom } from '@ashlar/sampling';
 * const random = createRandom(42);
 * random.uniform('draw', 7, 0) === createRandom(42).uniform('draw', 7, 0) // => true
 * random.uniform('draw', 7, 0) === random.uniform('xtc', 7, 0) // => false
 * ```
 */
export function createRandom(seed: number | bigint = 0): Random {
  const wide = checkSeed(seed);
  const key = Uint32Array.of(Number(wide & 0xffffffffn), Number(wide >> 32n));
  const counter = new Uint32Array(4);
  const words = new Uint32Array(4);
  return {
    seed: wide,
    uniform(stream, position, lane, index = 0) {
      counter[0] = checkWord('index', index) >>> 1;
      counter[1] = checkWord('position', position);
      counter[2] = checkWord('lane', lane);
      counter[3] = streamWord(stream);
      philox4x32(counter, key, words);
      const pair = (index & 1) * 2;
      return 2 * ((words[pair] >>> 6) * twoTo26 + (words[pair + 1] >>> 6)) * twoToMinus53 + twoToMinus53;
    },
  };
}

/**
 * A fresh 64-bit seed from the platform's `crypto`, for callers that want another text every time.
 */
export function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0];
}

const streamWords = new Map<string, number>();

/** The 32-bit FNV-1a hash of the stream's name, by UTF-16 code units. */
function streamWord(stream: string): number {
  const known = streamWords.get(stream);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193) >>> 0;
  streamWords.set(stream, hash);
  return hash;
}

function checkSeed(seed: number | bigint): bigint {
  const ok =
    typeof seed === 'bigint' ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!ok) throw new RangeError(`seed: expected an integer in [0, 2^64), got ${String(seed)}`);
  return BigInt(seed);
}

function checkWord(name: string, value: number): number {
  if (value >>> 0 !== value) throw new RangeError(`${name}: expected an integer in [0, 2^32), got ${value}`);
  return value;
}
