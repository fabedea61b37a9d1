import { expect, it } from 'vitest';
import { cl100kScanner } from '../scanners/cl100k-scanner.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { BytePairEngine } from './byte-pair-engine.ts';
import { openEncodingKernels } from './encoding-kernels.ts';
import { EngineStretches } from './engine-stretches.ts';
import { KernelStretches } from './kernel-stretches.ts';
import { TokenTable } from './token-table.ts';

it('a page has the kernels on its main thread, and ids are those of the engine', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const words = ['th', 'the', ' the', '\u65e5', '\u65e5\u672c', 'in', 'ing', '  '].map(encodeUtf8);
  const rules = { table: TokenTable.from([...bytes, ...words]), wholePieces: true };
  const scanner = cl100kScanner(3);
  const slow = new EngineStretches(new BytePairEngine(rules), scanner);
  const fast = new KernelStretches(() => {
    const kernels = openEncodingKernels(scanner.kernel!, rules);
    expect(kernels).toBeDefined();
    return kernels;
  }, slow);
  const text = "the other thing, \u65e5\u672c\u8a9e isn't  nothing\n\ud83d\ude00 1234 \ud800 ";
  for (const t of [text, text.repeat(40_000), 'inthe'.repeat(200), text]) {
    expect(fast.encode(t, 0)).toEqual(slow.encode(t, 0));
    expect(fast.count(t, 0, 1e9)).toBe(slow.count(t, 0, 1e9));
  }
});
