// What a user meets first: a project of their own, outside of this repository, with the packed packages from `npm install`. README's twelve lines are type-checked there and must print in Node what
// README says; then a page that Vite builds with its default settings, on a server that answers every unknown path with the page (as servers of single-page apps do), must tell the same story in
// Chromium, also from a worker, with and without cross-origin isolation. Run after scripts/build.mjs. The last line is the count.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { chromium } from 'playwright';
import { build } from 'vite';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { packageManager, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const app = mkdtempSync(join(tmpdir(), 'ashlar-newcomer-'));
let [passed, failed] = [0, 0];

function check(label, ok, what) {
  if (ok) passed++;
  else failed++;
  console.log(ok ? `ok      ${label}` : `FAILED  ${label}\n${what}`);
  return ok;
}

function run(label, command, args, cwd = app) {
  const windows = process.platform === 'win32';
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: windows,
    env: { ...process.env, NO_COLOR: '1' },
  });
  check(label, result.status === 0, `${result.stdout}${result.stderr}`);
  return result.stdout;
}

const tarballs = join(app, 'tarballs');
mkdirSync(tarballs);
for (const name of readdirSync(join(root, 'packages')))
  run(
    `pack @ashlar/${name}`,
    'npx',
    ['--yes', packageManager, 'pack', '--pack-destination', tarballs],
    join(root, 'packages', name),
  );
writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'newcomer', private: true, type: 'module' }));
const peers = ['core', 'backend-cpu'].map(
  (name) => `@tensorflow/tfjs-${name}@${devDependencies[`@tensorflow/tfjs-${name}`]}`,
);
run('npm install', 'npm', [
  'install',
  '--no-audit',
  '--no-fund',
  ...readdirSync(tarballs).map((file) => `./tarballs/${file}`),
  ...peers,
]);

// Node.
const hello = readFileSync(join(root, 'examples', '01-hello.ts'), 'utf8').replace(
  /\/\/ last line: .*\n$/,
  '',
);
cpSync(join(root, 'models'), join(app, 'models'), { recursive: true });
writeFileSync(join(app, 'hello.ts'), hello);
// Every entry, beside README's lines: what a strict project sees that brings neither @types/node nor a newer `lib`. tfjs-core's own declarations have errors then, ours have none.
const entries = readdirSync(join(root, 'packages')).flatMap((name) =>
  Object.keys(JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => `@ashlar/${name}${entry.slice(1)}`),
);
writeFileSync(
  join(app, 'entries.ts'),
  entries.map((entry, n) => `import * as entry${n} from '${entry}';\nvoid entry${n};\n`).join(''),
);
for (const [module, moduleResolution] of [
  ['ESNext', 'Bundler'],
  ['Node16', 'Node16'],
  ['NodeNext', 'NodeNext'],
]) {
  const compilerOptions = {
    ...{ target: 'ES2022', module, moduleResolution, strict: true, exactOptionalPropertyTypes: true },
    ...{ lib: ['ES2022', 'DOM'], types: [], skipLibCheck: false },
  };
  writeFileSync(
    join(app, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['hello.ts', 'entries.ts'] }),
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: app, encoding: 'utf8' });
  const wrong = stdout
    .split('\n')
    .filter((line) => /error TS/.test(line) && !/@(webgpu|tensorflow)\/|lib\.dom\.d\.ts/.test(line));
  check(
    `README's lines and every entry are well typed (${moduleResolution})`,
    wrong.length === 0,
    wrong.join('\n'),
  );
}
const story = run('they run in Node', process.execPath, ['hello.js']).trim();
check(
  'and print what README says',
  story !== '' && readFileSync(join(root, 'README.md'), 'utf8').includes(story),
  story,
);

// A page.
mkdirSync(join(app, 'public'));
cpSync(join(root, 'models'), join(app, 'public', 'models'), { recursive: true });
writeFileSync(
  join(app, 'index.html'),
  '<!doctype html><title>Ashlar</title><pre></pre><script type="module" src="/main.ts"></script>',
);
writeFileSync(
  join(app, 'main.ts'),
  `import { chooseBackend, generate, loadModel } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { loadTokenizer } from '@ashlar/tokenizer';

const out = document.querySelector('pre')!;
try {
  const { device } = await chooseBackend('simd');
  const told: string[] = [];
  for (const worker of [false, true] as const) {
    const model = await (worker
      ? loadModel(new URL('/models/stories', location.href), { worker: true })
      : loadModel(new URL('/models/stories', location.href)));
    const codec = await loadTokenizer(model.assets);
    let text = 'Once upon a time';
    const options = { codec, sampler: sampler({ temperature: 0.7, topP: 0.95, seed: 7 }), maxNewTokens: 40 };
    for await (const step of generate(model, text, options)) text += step.text;
    told.push(text);
    model.dispose();
  }
  out.textContent = JSON.stringify({ device, told });
} catch (error) {
  out.textContent = JSON.stringify({ error: String((error as Error).stack) });
}
document.title = 'done';
`,
);
let built;
try {
  await build({ root: app, logLevel: 'error', configFile: false });
  built = true;
} catch (error) {
  built = error.message;
}
// Without the optional peers, which are absent here: warnings.
const bundled = await esbuild({
  ...{
    entryPoints: [join(app, 'main.ts')],
    outdir: join(app, 'esbuild'),
    bundle: true,
    format: 'esm',
    splitting: true,
  },
  ...{ logLevel: 'silent', nodePaths: [] },
}).catch((error) => error);
check('esbuild bundles it', bundled.errors?.length === 0, bundled.message);
const types = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json' };

/** The built page, every unknown path of it too, and files in ranges. */
function serve(isolated) {
  const folder = join(app, 'dist');
  return createServer((request, response) => {
    const wanted = join(folder, decodeURIComponent(new URL(request.url, 'http://page').pathname));
    const found = wanted.startsWith(folder) && existsSync(wanted) && statSync(wanted).isFile();
    const path = found ? wanted : join(folder, 'index.html');
    const body = readFileSync(path);
    const headers = {
      'content-type': types[extname(path)] ?? 'application/octet-stream',
      ...(isolated
        ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
        : {}),
    };
    const range = found && /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (!range) return response.writeHead(200, headers).end(body);
    const [first, last] = [Number(range[1]), Math.min(Number(range[2]), body.length - 1)];
    response.writeHead(206, { ...headers, 'content-range': `bytes ${first}-${last}/${body.length}` });
    return response.end(body.subarray(first, last + 1));
  });
}

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
if (
  check('Vite builds a page with its default settings', built === true, built) &&
  existsSync(executablePath)
) {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  for (const isolated of [true, false]) {
    const server = serve(isolated);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction(() => document.title === 'done', null, { timeout: 120_000 }).catch(() => {});
    const { device, told, error } = JSON.parse(
      (await page.textContent('pre')) || '{"error":"nothing after two minutes"}',
    );
    const where = isolated ? 'a cross-origin-isolated page' : 'a page without isolation';
    check(
      `${where} tells Node's story, in a worker too (${device})`,
      told?.every((text) => text === story) === true,
      error ?? told,
    );
    await page.close();
    server.close();
  }
  await browser.close();
} else if (built === true) console.log(`skipped: no Chromium at ${executablePath}`);
rmSync(app, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
