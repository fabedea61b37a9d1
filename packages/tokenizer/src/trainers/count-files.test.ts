// Counting files gives the counts of their lines, however the files are cut, in this thread and in workers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { countFiles } from '../node.ts';
import { GPT2_PATTERN as pattern } from '../scanners/known-scanners.ts';
import { countRange } from './count-files.ts';
import { countPieces, pieceCounter } from './count-pieces.ts';
import { PieceCounts } from './piece-counts.ts';

const folder = mkdtempSync(join(tmpdir(), 'ashlar-count-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sorted = (counts: PieceCounts): string[] =>
  [...counts.entries()].map(({ bytes, count }) => `${Buffer.from(bytes)} ${count}`).sort();
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

it('ranges that meet count every line once', async () => {
  const path = join(folder, 'ranges.txt');
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('a', 'the ', '\n', '\u00e9', '\ud83d\ude00') }),
      fc.nat(40),
      async (text, cut) => {
        writeFileSync(path, text);
        const size = Buffer.byteLength(text);
        const middle = Math.min(cut, size);
        const counts = new PieceCounts();
        const counter = pieceCounter(counts, { pattern });
        await countRange({ path, start: 0, end: middle }, counter);
        await countRange({ path, start: middle, end: size }, counter);
        counter.finish();
        expect(sorted(counts)).toEqual(sorted(await countPieces(linesOf(text), { pattern })));
      },
    ),
    { numRuns: 60 },
  );
});

it('files count as their lines', async () => {
  const texts = ['one two\nthree\n', 'two three two'];
  const paths = texts.map((_text, i) => join(folder, `${i}.txt`));
  paths.forEach((path, i) => {
    writeFileSync(path, texts[i]);
  });
  const expected = sorted(await countPieces(texts.flatMap(linesOf), { pattern }));
  expect(sorted(await countFiles(paths, { pattern, workers: 0 }))).toEqual(expected);
  // Worker threads load the package as JavaScript, as it is published.
  const module = join(folder, 'node.mjs');
  buildSync({
    entryPoints: [join(import.meta.dirname, '../node.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: module,
  });
  const script = `const { countFiles } = await import(${JSON.stringify(pathToFileURL(module).href)});
    const counts = await countFiles(${JSON.stringify(paths)}, { pattern: ${JSON.stringify(pattern)}, workers: 2 });
    console.log(JSON.stringify([...counts.entries()].map(({ bytes, count }) => Buffer.from(bytes) + ' ' + count).sort()));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual(expected);
});

it('a bad number of workers is refused', async () => {
  await expect(countFiles([], { pattern, workers: 1.5 })).rejects.toThrow(
    'workers: expected an integer >= 0, got 1.5',
  );
});
