import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkFingerprint } from './compile-kernels.ts';
import { kernelsFingerprint } from './kernels-fingerprint.ts';

describe("the kernels' fingerprint", () => {
  it('is of the sources as they are: a build changes neither it nor the built modules', () => {
    const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const { status } = spawnSync(process.execPath, [here('../../../scripts/build-kernels.mjs')]);
    expect(status).toBe(0);
    expect(readFileSync(here('kernels-fingerprint.ts'), 'utf8')).toContain(`'${kernelsFingerprint}'`);
    for (const name of ['plain', 'relaxed'])
      expect(readFileSync(here(`generated/${name}.ts`), 'utf8')).toContain(
        `sources = '${kernelsFingerprint}'`,
      );
  });

  it('refuses kernels built of other sources', () => {
    expect(() => checkFingerprint(kernelsFingerprint)).not.toThrow();
    expect(() => checkFingerprint('0123456789abcdef')).toThrow(
      `simd kernels: expected a build of sources ${kernelsFingerprint}, got 0123456789abcdef: run npm run setup`,
    );
    expect(() => checkFingerprint(undefined)).toThrow('got an older form');
  });
});
