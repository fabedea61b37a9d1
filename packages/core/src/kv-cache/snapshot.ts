// A sequence's cache as bytes: magic, length of a JSON header, header, then each page's float32 values, little-endian. Read
// without trust: every count is checked against the bytes that are there.
import { KvSnapshotError } from './kv-cache-error.ts';
import type { PageShape } from './page-store.ts';

/** What a snapshot holds. */
export interface KvSnapshot {
  readonly modelHash: string;
  readonly shape: PageShape;
  readonly ids: number[];
  readonly pages: readonly { readonly start: number; readonly values: Float32Array }[];
}

const magic = 'ASHLARKV';
const version = 1;

/** Bytes of `snapshot`. */
export function writeKvSnapshot({ modelHash, shape, ids, pages }: KvSnapshot): Uint8Array {
  const header = new TextEncoder().encode(
    JSON.stringify({ version, modelHash, ...shape, ids, starts: pages.map((page) => page.start) }),
  );
  const headerRoom = Math.ceil((12 + header.length) / 4) * 4;
  const pageBytes = 4 * valuesPerPage(shape);
  const bytes = new Uint8Array(headerRoom + pages.length * pageBytes);
  bytes.set(new TextEncoder().encode(magic));
  new DataView(bytes.buffer).setUint32(8, header.length, true);
  bytes.set(header, 12);
  pages.forEach(({ values }, i) => {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, pageBytes), headerRoom + i * pageBytes);
  });
  return bytes;
}

/** Reads `writeKvSnapshot`'s bytes. Throws `KvSnapshotError` when they are damaged. */
export function readKvSnapshot(bytes: Uint8Array): KvSnapshot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || new TextDecoder().decode(bytes.subarray(0, 8)) !== magic) {
    throw new KvSnapshotError('snapshot: expected the bytes of snapshot(), got something else');
  }
  const headerLength = view.getUint32(8, true);
  if (12 + headerLength > bytes.length) damaged('header length', `<= ${bytes.length - 12}`, headerLength);
  const header = parse(bytes.subarray(12, 12 + headerLength));
  if (header['version'] !== version) damaged('version', version, header['version']);
  const shape = {
    layers: integer(header, 'layers'),
    groups: integer(header, 'groups'),
    pageSize: integer(header, 'pageSize'),
    headDim: integer(header, 'headDim'),
  };
  const ids = integers(header, 'ids');
  const starts = integers(header, 'starts');
  const size = valuesPerPage(shape);
  const headerRoom = Math.ceil((12 + headerLength) / 4) * 4;
  const expected = headerRoom + starts.length * size * 4;
  if (bytes.length !== expected) damaged('length', expected, bytes.length);
  starts.forEach((start, i) => {
    const inOrder = start % shape.pageSize === 0 && start < ids.length && (i === 0 || start > starts[i - 1]);
    if (!inOrder)
      damaged('starts', 'growing multiples of pageSize within ids', JSON.stringify(starts).slice(0, 80));
  });
  const pages = starts.map((start, i) => {
    const from = headerRoom + i * size * 4;
    return { start, values: new Float32Array(copyOf(bytes, from, from + size * 4)) };
  });
  return { modelHash: String(header['modelHash']), shape, ids, pages };
}

const valuesPerPage = ({ layers, groups, pageSize, headDim }: PageShape) =>
  layers * 2 * groups * pageSize * headDim;

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // falls through to the one error
  }
  throw new KvSnapshotError('snapshot header: expected a JSON object, got something else');
}

function integer(header: Record<string, unknown>, key: string): number {
  const value = header[key];
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 2 ** 24)
    damaged(key, 'a positive integer', value);
  return value as number;
}

function integers(header: Record<string, unknown>, key: string): number[] {
  const value = header[key];
  if (!Array.isArray(value) || !value.every((n) => Number.isInteger(n) && n >= 0))
    damaged(key, 'a list of integers >= 0', typeof value);
  return value as number[];
}

function damaged(field: string, expected: unknown, got: unknown): never {
  throw new KvSnapshotError(`snapshot ${field}: expected ${expected}, got ${got}`);
}

/** Bytes from..to in a buffer of their own. (A Node Buffer's own `slice` shares the file's memory.) */
function copyOf(bytes: Uint8Array, from: number, to: number): ArrayBuffer {
  return new Uint8Array(bytes.subarray(from, to)).buffer;
}
