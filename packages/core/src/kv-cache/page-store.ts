// What a backend does with the content of pages. The block tables above it (kv-cache.ts) never look inside, so the composite path, WASM and
// WebGPU keep keys and values as suits them and share all of the rest: forks, truncation, windows, snapshots.

/** Sizes of a page: `layers` times keys and values [groups, pageSize, headDim]. */
export interface PageShape {
  readonly layers: number;
  /** Key-value heads. */
  readonly groups: number;
  /** Tokens a page. */
  readonly pageSize: number;
  readonly headDim: number;
}

/** How keys and values are kept: as they are, rounded to binary16, or to 8 bits with a scale a token. */
export type CacheDtype = 'float32' | 'float16' | 'int8';

/** Content of pages on one backend. */
export interface PageStore {
  readonly shape: PageShape;
  /** Absent: float32. */
  readonly dtype?: CacheDtype;
  /** Gives page `to` the first `tokens` tokens of page `from` (copy on write). */
  copy(from: number, to: number, tokens: number): void;
  /** Forgets a page's content. */
  clear(page: number): void;
  /** The page as float32 [layers, 2, groups, pageSize, headDim]. */
  read(page: number): Promise<Float32Array>;
  /** Puts what `read` gave into a page. */
  write(page: number, values: Float32Array): void;
  /** Frees all pages. */
  dispose(): void;
}
