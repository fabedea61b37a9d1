import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

// Gzipped bytes of each entry bundled for a browser with its own code only (peers and dependencies outside). Raise a ceiling only in the commit
// that grows the entry. Roots of tokenizer, sampling and tools must hold no tfjs and no node: built-in at all.
const ceilings: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'bundle-size.json'), 'utf8'),
) as Record<string, number>;
const packages = join(dirname(fileURLToPath(import.meta.url)), '..', 'packages');
const pure = ['@ashlar/tokenizer', '@ashlar/sampling', '@ashlar/tools'];

const entries = readdirSync(packages).flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>;
  };
  return Object.entries(exports).flatMap(([entry, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            id: `@ashlar/${name}${entry.slice(1)}`,
            file: join(packages, name, target['@ashlar/source'] as string),
          },
        ],
  );
});

describe('bundle size', () => {
  it.each(entries)('$id stays under its ceiling', async ({ id, file }) => {
    const result = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      metafile: true,
      packages: 'external',
      conditions: ['@ashlar/source'],
      logLevel: 'silent',
    });
    const bytes = gzipSync(result.outputFiles[0]?.contents ?? new Uint8Array()).length;
    const ceiling = ceilings[id];
    expect(ceiling, `${id} has ${bytes} bytes gzipped and no ceiling in test/bundle-size.json`).toBeDefined();
    expect(bytes, `${id}: gzipped bytes`).toBeLessThanOrEqual(ceiling as number);
    if (pure.includes(id)) {
      const outside = Object.values(result.metafile.outputs).flatMap((o) =>
        o.imports.filter((i) => i.external).map((i) => i.path),
      );
      expect(outside.filter((path) => path.startsWith('@tensorflow/') || path.startsWith('node:'))).toEqual(
        [],
      );
    }
  });
});
