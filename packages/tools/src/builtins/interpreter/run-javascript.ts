// JavaScript from a model, run where it can do nothing: QuickJS compiled to WebAssembly, in a worker of its own that is killed at the deadline. The
// interrupt inside stops ordinary loops; native ones (`Array.join`, `JSON.parse`) only the kill stops. No files, network, timers, host objects.
// Needs the optional peers `quickjs-emscripten-core` and `@jitl/quickjs-wasmfile-release-sync`. Node only.
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { workerSource } from './worker-source.ts';

/** Limits of one run. */
export interface SandboxLimits {
  readonly timeoutMs?: number;
  readonly memoryBytes?: number;
  /** Characters of output and of the result, each. */
  readonly outputChars?: number;
  readonly signal?: AbortSignal;
}
/** What a run gave. */
export interface SandboxResult {
  readonly ok: boolean;
  /** The value of the last expression, as text. */
  readonly value?: string;
  /** What went wrong; `timeout` and `memory` by name. */
  readonly error?: string;
  /** What was logged. */
  readonly output: string;
  /** True when output was cut. */
  readonly cut: boolean;
}

/**
 * Runs a script and answers its last value.
 *
 * @throws Error when the optional peers are not installed.
 */
export async function runJavascript(code: string, limits: SandboxLimits = {}): Promise<SandboxResult> {
  const { timeoutMs = 1000, memoryBytes = 32 * 1024 * 1024, outputChars = 10_000, signal } = limits;
  if (code.length > 1_000_000)
    return { ok: false, error: 'code: expected at most 1000000 characters', output: '', cut: false };
  const require = createRequire(import.meta.url);
  let core: string;
  let variant: string;
  try {
    core = require.resolve('quickjs-emscripten-core');
    variant = require.resolve('@jitl/quickjs-wasmfile-release-sync');
  } catch {
    throw new Error('interpreter: install quickjs-emscripten-core and @jitl/quickjs-wasmfile-release-sync');
  }
  const worker = new Worker(workerSource, {
    eval: true,
    workerData: { core, variant, code, memoryBytes, outputChars, timeoutMs },
    env: {},
    argv: [],
    execArgv: [],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  return new Promise<SandboxResult>((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = (result: SandboxResult): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(result);
      void worker.terminate();
    };
    const fail = (error: string): void => end({ ok: false, error, output: '', cut: false });
    const onAbort = (): void => fail('stopped');
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    // The clock starts when the script does; loading the sandbox has a time of its own.
    timer = setTimeout(() => fail('timeout'), timeoutMs + 30_000);
    worker.on('message', (message: SandboxResult & { readonly ready?: true }) => {
      if (message.ready) {
        clearTimeout(timer);
        timer = setTimeout(() => fail('timeout'), timeoutMs + 300);
        return;
      }
      const error = message.error;
      if (error !== undefined && /out of memory|memory access|allocat/i.test(error))
        end({ ...message, error: 'memory' });
      else if (error !== undefined && /interrupted/i.test(error)) end({ ...message, error: 'timeout' });
      else end(message);
    });
    worker.once('error', (error) =>
      fail(/memory|heap/i.test(String(error)) ? 'memory' : 'the sandbox failed'),
    );
    worker.once('exit', () => fail('the sandbox ended'));
  });
}
