// node-llama-cpp as a contestant: its own API, and llama.cpp's engine below it by llama.cpp's own clock (its JavaScript loop left out).
import { peer, seconds } from '../measure.ts';
import { prompt } from './prompt.ts';

interface Sequence {
  evaluate(tokens: number[], options: object): AsyncIterable<number>;
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  clearHistory(): Promise<void>;
}
interface Context {
  getSequence(): Sequence;
  printTimings(): Promise<void>;
  dispose(): Promise<void>;
}
interface Library {
  getLlama(options: object): Promise<{
    loadModel(
      options: object,
    ): Promise<{ createContext(options: object): Promise<Context>; dispose(): Promise<void> }>;
  }>;
}

/** A loaded model; rates in tokens a second. */
export interface NodeLlama {
  readonly loadSeconds: number;
  decode(count: number): Promise<number>;
  /** The rate of the last `decode` by llama.cpp's clock. */
  engineRate(): number;
  prefill(count: number): Promise<number>;
  dispose(): Promise<void>;
}

/** Loads a GGUF file. */
export async function openNodeLlama(file: string, threads = 2): Promise<NodeLlama | { reason: string }> {
  const found = await peer<Library>('node-llama-cpp');
  if ('reason' in found) return found;
  const log: string[] = [];
  const logger = (_level: string, message: string) => void log.push(message);
  try {
    const common = { gpu: false, build: 'never', maxThreads: threads };
    const llama = await found.module.getLlama({ ...common, logLevel: 'debug', logger });
    const start = performance.now();
    const model = await llama.loadModel({ modelPath: file });
    const sizes = { contextSize: 1024, batchSize: 512, threads: { ideal: threads, min: threads } };
    const context = await model.createContext({ ...sizes, performanceTracking: true });
    const sequence = context.getSequence();
    const loadSeconds = (performance.now() - start) / 1000;
    let engine = 0;
    /** Milliseconds and runs of single-token passes so far. */
    const clock = async (): Promise<[number, number]> => {
      log.length = 0;
      await context.printTimings();
      const line = log.join('\n').match(/(?<!prompt )\beval time =\s*([\d.]+) ms \/\s*(\d+) runs/);
      return [Number(line?.[1] ?? 0), Number(line?.[2] ?? 0)];
    };
    return {
      loadSeconds,
      engineRate: () => engine,
      async decode(count) {
        await sequence.clearHistory();
        await sequence.evaluateWithoutGeneratingNewTokens(prompt(16));
        const before = await clock();
        let begin = performance.now();
        let seen = -1; // the first token includes the prompt's end
        for await (const _ of sequence.evaluate([1000], { temperature: 0, yieldEogToken: true })) {
          if (++seen === 0) begin = performance.now();
          if (seen === count) break;
        }
        const rate = seen / ((performance.now() - begin) / 1000);
        const after = await clock();
        engine = after[1] > before[1] ? ((after[1] - before[1]) * 1000) / (after[0] - before[0]) : 0;
        return rate;
      },
      async prefill(count) {
        await sequence.clearHistory();
        return count / (await seconds(() => sequence.evaluateWithoutGeneratingNewTokens(prompt(count))));
      },
      async dispose() {
        await context.dispose();
        await model.dispose();
      },
    };
  } catch (error) {
    return { reason: `node-llama-cpp does not start: ${(error as Error).message.split('\n')[0]}` };
  }
}
