// Drives Chromium through a page that records tokens on its WebGPU device (SwiftShader where there is no GPU).
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, type Report } from './measure.ts';
import type { RecordTimes } from './webgpu-models.ts';

const executable = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const flags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--disable-background-networking',
  '--no-first-run',
];

interface Times extends RecordTimes {
  readonly device: string;
}

/** Reports the time to record a token of 24 layers in a page. */
export async function recordInChromium(report: Report): Promise<void> {
  if (!existsSync(executable)) {
    report({
      metric: 'record a token in Chromium, 24 layers',
      unit: 'ms',
      ours: Number.NaN,
      peer: 'target',
      peerValue: null,
      reason: `${executable} is not there`,
    });
    return;
  }
  // Only here: the bundle for GPU machines has neither.
  const [{ build }, { chromium }] = await Promise.all([import('esbuild'), import('playwright')]);
  const { outputFiles } = await build({
    entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'webgpu-page.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@ashlar/source'],
    logLevel: 'warning',
    external: [
      'node:*',
      '@tensorflow/tfjs-node*',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgl',
      'webgpu',
      '@huggingface/hub',
    ],
  });
  const page = '<!doctype html><script type="module" src="/page.js"></script>';
  const server = createServer(({ url }, response) => {
    // Isolated pages have a clock of 5 us instead of 100.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    const script = url === '/page.js';
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
    response.end(script ? outputFiles[0].contents : page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: executable, args: flags });
  try {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => console.error(error.message));
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab.waitForFunction(() => 'recordTimes' in globalThis);
    const times: Times = await tab.evaluate(() =>
      (globalThis as unknown as { recordTimes(): Promise<Times> }).recordTimes(),
    );
    console.error(`Chromium ${browser.version()}, ${times.device}`);
    reportRecords(report, times, 'Chromium', 2);
  } finally {
    await browser.close();
    server.close();
  }
}

/** Two lines: a pass recorded, and all that a token takes of the thread. */
export function reportRecords(
  report: Report,
  { dispatches, records, tokens }: RecordTimes,
  where: string,
  target: number,
): void {
  for (const [metric, times] of [
    ['record a token', records],
    ['host thread for a token: tables, submission, next recording', tokens],
  ] as const)
    report({
      metric: `${where}: ${metric}, 24 layers, ${dispatches} dispatches`,
      unit: 'ms',
      ours: median([...times]),
      peer: 'target',
      peerValue: target,
      lowerIsBetter: true,
      runs: times.length,
    });
}
