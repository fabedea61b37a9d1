import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { quantize } from './quantize.ts';

// Written by scripts/make-quantize-fixture.py with gguf-py 0.19.
const fixture = JSON.parse(
  readFileSync(new URL('./fixtures/quantize.json', import.meta.url), 'utf8'),
) as Record<string, string>;
const bytesOf = (name: string) => new Uint8Array(Buffer.from(fixture[name], 'base64'));
const values = new Float32Array(bytesOf('values').buffer);

describe('quantize', () => {
  it.each(['F16', 'BF16', 'Q8_0', 'Q4_0'] as const)('%s packs the bytes that gguf-py packs', (dtype) => {
    expect(Buffer.from(quantize(values, dtype)).equals(bytesOf(dtype))).toBe(true);
  });
});
