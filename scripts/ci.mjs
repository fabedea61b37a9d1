// All of CI, step by step, on a bare clone; the last line is the count of everything that ran. A step's own count is read from its output (vitest's
// "Tests N passed", the conformance runner's "N passed, N failed"); a step without a count is one. `--only NAME[,NAME]` runs some steps.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const only = process.argv
  .find((arg) => arg.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const goldens = join('..', 'shared', 'goldens');
const hasGoldens = existsSync(join(root, goldens));
const tensorflowBuild = join('..', 'shared', 'tensorflow', 'build.sh');
const bin = (name) => join('node_modules', '.bin', name);
const source = ['--conditions=@ashlar/source', '--import', 'tsx'];
const conformance = (...args) => ['node', [...source, 'conformance/run.ts', ...args]];
// SwiftShader needs seconds a step for SmolLM2's 135 million parameters: every checkpoint but that one.
const webgpuGroups = ['models', 'embeddings'].flatMap((kind) =>
  hasGoldens
    ? readdirSync(join(root, goldens, kind))
        .filter((name) => name !== 'smollm2-135m')
        .map((name) => join(goldens, kind, name))
    : [],
);

const steps = [
  // What README promises.
  { name: 'test', run: ['npm', ['test']] },
  { name: 'demo', run: ['npm', ['run', 'demo', '--', '--max-new-tokens', '120']] },
  // The heavy optional peers, so that every backend is there for what follows.
  { name: 'peers', run: ['node', ['scripts/setup.mjs', '--peers']] },
  {
    name: 'tensorflow binding',
    run: ['bash', [tensorflowBuild, 'peers/node_modules/@tensorflow/tfjs-node-gpu']],
    absent: existsSync(join(root, tensorflowBuild)) ? undefined : `${tensorflowBuild} is not here`,
  },
  // Smaller runs of the checks against tiktoken and native tokenizers; CONTRIBUTING.md has the larger ones.
  { name: 'tokenizer parity', run: ['node', [...source, 'scripts/tokenizer-parity.ts', '4000']] },
  { name: 'tokenizer pipelines', run: ['node', [...source, 'scripts/tokenizer-pipelines.ts', '20']] },
  { name: 'lint', run: [bin('biome'), ['ci', '.']] },
  { name: 'types', run: [bin('tsc'), ['-b']] },
  { name: 'build', run: ['node', ['scripts/build.mjs']] },
  { name: 'packaging', run: ['node', ['scripts/packaging.mjs']] },
  { name: 'newcomer', run: ['node', ['scripts/newcomer.mjs']] },
  { name: 'api', run: ['node', ['scripts/api-report.mjs']] },
  { name: 'docs', run: [bin('typedoc'), []] },
  { name: 'backends', run: [bin('vitest'), ['run', '--project', 'backends']] },
  {
    name: 'browser',
    run: [bin('vitest'), ['run', '--project', 'browser']],
    absent: existsSync('/usr/bin/chromium') ? undefined : 'no chromium',
  },
  {
    name: 'node 22',
    run: [
      'npx',
      [
        '-y',
        'node@22',
        'node_modules/vitest/vitest.mjs',
        'run',
        '--project',
        'pure',
        '--project',
        'backends',
      ],
    ],
  },
  // A script alone keeps Node alive by its own means only, which a test runner hides.
  {
    name: 'demo on node 24',
    run: ['npx', ['-y', 'node@24', ...source, 'examples/demo/main.ts', '--max-new-tokens', '60']],
  },
  { name: 'examples', run: ['node', [...source, 'examples/run-all.ts']] },
  {
    name: 'conformance',
    // The project's own cases are there without ../shared.
    run: conformance(...(hasGoldens ? [goldens] : []), 'conformance/cases', '--known-gaps'),
  },
  ...['wasm', 'simd', 'tensorflow'].map((backend) => ({
    name: `conformance on ${backend}`,
    run: conformance(goldens, '--known-gaps', '--backend', backend, 'models', 'embeddings'),
    absent: hasGoldens ? undefined : `${goldens} is not here`,
  })),
  {
    name: 'conformance on webgpu (without smollm2-135m)',
    run: conformance(...webgpuGroups, '--known-gaps', '--backend', 'webgpu'),
    absent: hasGoldens ? undefined : `${goldens} is not here`,
  },
];

let passed = 0;
let failed = 0;
let skipped = 0;
const summary = [];
mkdirSync(join(root, '.cache', 'ci'), { recursive: true });
for (const step of steps) {
  if (only !== undefined && !only.includes(step.name)) continue;
  if (step.absent !== undefined) {
    skipped++;
    summary.push(`skipped  ${step.name}: ${step.absent}`);
    continue;
  }
  const start = Date.now();
  const [command, args] = step.run;
  console.log(`\n=== ${step.name}: ${command} ${args.join(' ')}`);
  const env = {
    ...process.env,
    CI: 'true',
    NO_COLOR: '1',
    FORCE_COLOR: '0',
    XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? '/tmp',
  };
  const result = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 20 * 60_000,
    shell: process.platform === 'win32',
  });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  writeFileSync(join(root, '.cache', 'ci', `${step.name.replaceAll(' ', '-')}.log`), output);
  const ok = result.status === 0;
  console.log(ok ? output.split('\n').slice(-25).join('\n') : output.split('\n').slice(-400).join('\n'));
  const count = counts(output, ok);
  passed += count.passed;
  failed += count.failed;
  skipped += count.skipped;
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  summary.push(
    `${ok ? 'ok      ' : 'FAILED  '} ${step.name} (${seconds} s): ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`,
  );
  console.log(summary.at(-1));
}
console.log(`\n${summary.join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 ? 1 : 0);

function counts(output, ok) {
  const vitest = [...output.matchAll(/^\s*Tests\s+(.*)$/gm)].at(-1)?.[1];
  const runner = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) known gaps)?$/gm)].at(-1);
  const number = (text, word) => Number(new RegExp(`(\\d+) ${word}`).exec(text)?.[1] ?? 0);
  let found = { passed: ok ? 1 : 0, failed: 0, skipped: 0 };
  if (vitest !== undefined)
    found = {
      passed: number(vitest, 'passed'),
      failed: number(vitest, 'failed'),
      skipped: number(vitest, 'skipped'),
    };
  else if (runner !== undefined)
    found = {
      passed: Number(runner[1]),
      failed: ok ? 0 : Number(runner[2]),
      skipped: Number(runner[3] ?? 0),
    };
  // A step that failed counts at least one failure, whatever its runner counted.
  if (!ok && found.failed === 0) found.failed = 1;
  return found;
}
