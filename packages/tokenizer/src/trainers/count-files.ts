// Counts the pieces of text files in worker threads. Files are cut into byte ranges at line ends; every line (with its end) is a document, as Hugging Face
// tokenizers reads training files; each worker's counts come back as bytes and are merged here.
import { isUtf8 } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { type CountOptions, type PieceCounter, pieceCounter } from './count-pieces.ts';
import { PieceCounts } from './piece-counts.ts';

/** How `countFiles` cuts and with how many threads. */
export interface CountFilesOptions
  extends Pick<CountOptions, 'specialTokens' | 'maxPieceLength' | 'onProgress' | 'signal'> {
  /** The expression that cuts (see `countPieces`). */
  readonly pattern: string;
  /** Worker threads; 0 counts in this one. Default: one a core. */
  readonly workers?: number;
}

/** A stretch of a file: the lines that begin in it. */
interface Range {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

type Cut = Pick<CountOptions, 'pattern' | 'specialTokens' | 'maxPieceLength'>;

const CHUNK = 1 << 20;
const RANGE = 1 << 24;
const NEWLINE = 10;

/** `countFiles`; `module` is the address of the module that workers load, which exports `workerParts`. */
export async function countFilesFrom(
  module: string,
  paths: readonly string[],
  options: CountFilesOptions,
): Promise<PieceCounts> {
  refuseUnknownOptions('countFiles', options, [
    'pattern',
    'workers',
    'specialTokens',
    'maxPieceLength',
    'onProgress',
    'signal',
  ]);
  const {
    workers = availableParallelism(),
    pattern,
    specialTokens,
    maxPieceLength,
    onProgress,
    signal,
  } = options;
  if (!Number.isInteger(workers) || workers < 0)
    throw new RangeError(`workers: expected an integer >= 0, got ${workers}`);
  const cut: Cut = {
    pattern,
    ...(specialTokens && { specialTokens }),
    ...(maxPieceLength !== undefined && { maxPieceLength }),
  };
  const ranges: Range[] = [];
  for (const path of paths) {
    const { size } = await stat(path);
    for (let start = 0; start < size; start += RANGE)
      ranges.push({ path, start, end: Math.min(size, start + RANGE) });
  }
  const total = new PieceCounts();
  let done = 0;
  const finished = () => onProgress?.({ stage: 'count', done: ++done, of: ranges.length });
  if (workers === 0) {
    const counter = pieceCounter(total, cut);
    for (const range of ranges) {
      signal?.throwIfAborted();
      await countRange(range, counter);
      finished();
    }
    counter.finish();
    return total;
  }
  const queue = ranges.values();
  await Promise.all(
    Array.from({ length: Math.min(workers, ranges.length) }, async () => {
      const worker = startWorker(module);
      try {
        for (const range of queue) {
          signal?.throwIfAborted();
          await ask(worker, { range, cut });
          finished();
        }
        total.merge(PieceCounts.fromBytes((await ask(worker, { finish: true })) as Uint8Array));
      } finally {
        await worker.terminate();
      }
    }),
  );
  return total;
}

/** Adds the lines that begin within a range. */
export async function countRange({ path, start, end }: Range, counter: PieceCounter): Promise<void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const file = await open(path);
  try {
    let at = start === 0 ? 0 : await afterNewline(file, start - 1);
    let held = Buffer.alloc(0);
    let heldFrom = at;
    while (heldFrom < end) {
      const buffer = Buffer.allocUnsafe(held.length + CHUNK);
      held.copy(buffer);
      const { bytesRead } = await file.read(buffer, held.length, CHUNK, at);
      at += bytesRead;
      held = buffer.subarray(0, held.length + bytesRead);
      const isLast = bytesRead === 0;
      // Whole lines, to the end of the one with the range's last byte.
      const whole = isLast ? held.length : held.lastIndexOf(NEWLINE) + 1;
      const last = end - heldFrom - 1;
      const to = last < whole ? held.indexOf(NEWLINE, last) + 1 || whole : whole;
      const lines = held.subarray(0, to);
      // Most texts are well-formed and need not become strings.
      if (isUtf8(lines)) counter.addLines(lines);
      else {
        for (let from = 0; from < to; ) {
          const next = lines.indexOf(NEWLINE, from) + 1 || to;
          counter.add(decoder.decode(lines.subarray(from, next)));
          from = next;
        }
      }
      if (isLast) return;
      held = held.subarray(to);
      heldFrom += to;
    }
  } finally {
    await file.close();
  }
}

/** Where the first line after position `from` begins. */
async function afterNewline(file: FileHandle, from: number): Promise<number> {
  const chunk = Buffer.alloc(1 << 16);
  for (let at = from; ; ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    const newline = chunk.subarray(0, bytesRead).indexOf(NEWLINE);
    if (newline >= 0) return at + newline + 1;
    if (bytesRead === 0) return Number.MAX_SAFE_INTEGER;
    at += bytesRead;
  }
}

/** The worker's program finds the module by its address, so that it needs no file of its own in the package. */
function startWorker(module: string): Worker {
  // It may be run as a module or as a script, whatever the flags of this process say.
  const program = `import('node:worker_threads').then(({ parentPort, workerData }) => {
      const ready = import(workerData.module);
      let counts, counter;
      parentPort.on('message', async (task) => {
        try {
          const { countRange, pieceCounter, PieceCounts } = (await ready).workerParts;
          counts ??= new PieceCounts();
          if (task.finish) {
            counter?.finish();
            parentPort.postMessage({ result: counts.toBytes() });
          } else {
            counter ??= pieceCounter(counts, task.cut);
            await countRange(task.range, counter);
            parentPort.postMessage({});
          }
        } catch (error) { parentPort.postMessage({ error }); }
      });
    });`;
  return new Worker(program, { eval: true, workerData: { module } });
}

function ask(worker: Worker, task: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (answer: { result?: unknown; error?: unknown }) => {
      worker.off('error', reject);
      if (answer.error === undefined) resolve(answer.result);
      else reject(answer.error);
    });
    worker.postMessage(task);
  });
}
