import { CheckpointError } from '../../checkpoint-error.ts';

/** Typed look-ups in GGUF metadata; `arch` keys are given without their `llama.` prefix. Throws `CheckpointError` for a wrong type. */
export interface MetadataReader {
  readonly file: string;
  readonly architecture: string;
  /** A non-negative integer below 2^32. */
  integer(key: string): number | undefined;
  /** The same, but it must be there and be at least 1. */
  size(key: string): number;
  number(key: string): number | undefined;
  boolean(key: string): boolean | undefined;
  /** A list of `length` booleans; undefined when absent or one number for all. */
  booleans(key: string, length: number): readonly boolean[] | undefined;
  string(key: string): string | undefined;
  /** A token id of `tokenizer.ggml.`; undefined when absent or outside the vocabulary (4294967295 means none). */
  tokenId(key: string): number | undefined;
}

/** Look-ups under one architecture's prefix. */
export function metadataReader(
  file: string,
  metadata: ReadonlyMap<string, unknown>,
  architecture: string,
): MetadataReader {
  const get = (key: string) => metadata.get(`${architecture}.${key}`);
  const wrong = (key: string, expected: string, value: unknown) =>
    new CheckpointError(file, `${architecture}.${key}`, expected, value);
  const integer = (key: string) => {
    const raw = uniform(get(key));
    if (raw === undefined) return undefined;
    const value = typeof raw === 'bigint' ? Number(raw) : raw;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** 32)
      throw wrong(key, 'an integer from 0 to 2^32 - 1', get(key));
    return value;
  };
  return {
    file,
    architecture,
    integer,
    size(key) {
      const value = integer(key);
      if (value === undefined || value < 1) throw wrong(key, 'an integer >= 1', value);
      return value;
    },
    number(key) {
      const value = get(key);
      if (value === undefined) return undefined;
      if (typeof value === 'bigint') return Number(value);
      if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(key, 'a finite number', value);
      return shortest(value);
    },
    boolean(key) {
      const value = get(key);
      if (value !== undefined && typeof value !== 'boolean') throw wrong(key, 'a boolean', value);
      return value;
    },
    booleans(key, length) {
      const value = get(key);
      if (!Array.isArray(value)) return undefined;
      if (value.length !== length || value.some((one) => typeof one !== 'boolean'))
        throw wrong(key, `${length} booleans`, value);
      return value;
    },
    string(key) {
      const value = get(key);
      if (value !== undefined && typeof value !== 'string') throw wrong(key, 'a string', value);
      return value;
    },
    tokenId(key) {
      const value = metadata.get(`tokenizer.ggml.${key}`);
      const tokens = metadata.get('tokenizer.ggml.tokens');
      const size = Array.isArray(tokens) ? tokens.length : 2 ** 31;
      return typeof value === 'number' && value < size ? value : undefined;
    },
  };
}

// Some writers give per-layer arrays (heads, feed-forward length); one that says the same for every layer is that number.
function uniform(value: unknown): unknown {
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return value;
  const list = value as unknown as ArrayLike<number | bigint>;
  for (let i = 1; i < list.length; i++) if (list[i] !== list[0]) return value;
  return list.length > 0 ? list[0] : undefined;
}

/** The shortest decimal that is this float32: 9.999999747378752e-6 was written as 1e-5 and is meant as that. */
function shortest(value: number): number {
  if (Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}
