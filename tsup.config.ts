import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

// One configuration for all packages: what a package.json exports is what is built. Types come from `tsc -b`; tsup makes the JavaScript only.
const packages = readdirSync('packages');

export default defineConfig(
  packages.map((name) => {
    const home = `packages/${name}`;
    // `bin` stands in publishConfig: before the build its file does not exist, and pnpm would warn at every install.
    const { exports, publishConfig } = JSON.parse(readFileSync(`${home}/package.json`, 'utf8')) as {
      exports: Record<string, string | Record<string, string>>;
      publishConfig?: { bin?: Record<string, string> };
    };
    const sources = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [] : [entry['@ashlar/source'] as string],
    );
    const commands = Object.values(publishConfig?.bin ?? {}).map((path) =>
      path.replace('./dist/', './src/').replace(/\.js$/, '.ts'),
    );
    return {
      name,
      entry: [...new Set([...sources, ...commands])].map((path) => `${home}/${path.replace('./', '')}`),
      outDir: `${home}/dist`,
      tsconfig: `${home}/tsconfig.json`,
      format: 'esm' as const,
      target: 'es2022',
      platform: 'neutral' as const,
      splitting: true,
      sourcemap: true,
      clean: false,
      dts: false,
      skipNodeModulesBundle: true,
      external: [/^node:/, /^@ashlar\//],
    };
  }),
);
