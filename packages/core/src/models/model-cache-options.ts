import type { CacheDtype } from '../kv-cache/page-store.ts';

/** How a model keeps its cache. */
export interface ModelCacheOptions {
  /** Tokens that all sequences together may hold; default four full contexts, at least 4096. Memory is taken page by page as it is used. */
  readonly cacheTokens?: number;
  /** Tokens a page; default 32. */
  readonly pageSize?: number;
  /** Attend to this many latest tokens only, also in layers that were trained without window. */
  readonly window?: number;
  /** With a window: first tokens that stay visible (arXiv:2309.17453; positions stay those of the text). */
  readonly sinks?: number;
  /** Longest run of prompt tokens computed at a time; default 512. */
  readonly prefillChunk?: number;
  /** How keys and values are kept; default `float32`. A fused executor also takes `float16` (half the memory) and `int8` (about a quarter). */
  readonly dtype?: CacheDtype;
}

const names = ['cacheTokens', 'pageSize', 'window', 'sinks', 'prefillChunk', 'dtype'];

/** What is wrong with the options as given or with what they come to, for a store that keeps `kept`; undefined when nothing is. */
export function invalidCacheOption(
  given: ModelCacheOptions,
  { window, sinks, dtype, ...counts }: Required<Omit<ModelCacheOptions, 'window'>> & { window?: number },
  kept: CacheDtype,
): string | undefined {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) return `cache: unknown option ${unknown}, expected one of ${names.join(', ')}`;
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < 1) return `${name}: expected an integer >= 1, got ${value}`;
  }
  if (window !== undefined && !(window >= 1)) return `window: expected >= 1, got ${window}`;
  if (!(Number.isInteger(sinks) && sinks >= 0)) return `sinks: expected an integer >= 0, got ${sinks}`;
  if (!['float32', 'float16', 'int8'].includes(dtype))
    return `dtype: expected float32, float16 or int8, got ${dtype}`;
  if (dtype !== kept) return `dtype: expected ${kept} (the composite path keeps no other), got ${dtype}`;
  return undefined;
}
