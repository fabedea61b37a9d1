// llama.cpp through llama-cpp-python as a contestant. `ASHLAR_PYTHON` names a Python that has it; else a venv under .cache is made, whose pip compiles
// llama.cpp (minutes).
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from './files.ts';

/** A running Python; rates in tokens a second. */
export interface PythonLlama {
  readonly version: string;
  ask(what: 'decode' | 'prefill', count: number): Promise<number>;
  dispose(): void;
}

const run = promisify(execFile);
const hasIt = async (python: string): Promise<string> =>
  (
    await run(python, ['-c', 'import llama_cpp; print(llama_cpp.__version__)'], { timeout: 60_000 })
  ).stdout.trim();

async function findPython(): Promise<{ python: string; version: string }> {
  const given = process.env['ASHLAR_PYTHON'];
  if (given !== undefined) return { python: given, version: await hasIt(given) };
  const folder = join(cacheFolder, 'llama-venv');
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python)) await run('python3', ['-m', 'venv', folder], { timeout: 60_000 });
  try {
    return { python, version: await hasIt(python) };
  } catch {
    await run(python, ['-m', 'pip', 'install', '-q', 'llama-cpp-python'], { timeout: 900_000 });
    return { python, version: await hasIt(python) };
  }
}

/** Loads a GGUF file on two threads. */
export async function openPythonLlama(file: string): Promise<PythonLlama | { reason: string }> {
  let child: ChildProcess | undefined;
  try {
    const { python, version } = await findPython();
    const script = join(dirname(fileURLToPath(import.meta.url)), 'llama-python.py');
    const started = spawn(python, [script, file], { stdio: ['pipe', 'pipe', 'ignore'] });
    child = started;
    const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error('it ended early');
      return value as string;
    };
    await next();
    return {
      version,
      async ask(what, count) {
        started.stdin.write(`${what} ${count}\n`);
        return Number(await next());
      },
      dispose: () => void started.kill(),
    };
  } catch (error) {
    child?.kill();
    return { reason: `llama-cpp-python: ${(error as Error).message.trim().split('\n').at(-1)}` };
  }
}
