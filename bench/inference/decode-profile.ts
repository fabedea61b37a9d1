// Where the time of a token goes, on one thread by CPU time: every instruction of the machine's programs is run alone and timed by its name. What is left over is the
// host's: tables, the embedding's row, the copy of the logits.
import type { Model } from '@ashlar/core';
import type { Machine } from '../../packages/core/src/backends/simd/machine.ts';
import { opcodes } from '../../packages/core/src/backends/simd/program.ts';
import type { Clock } from './clocks.ts';
import { prompt } from './prompt.ts';

/** Microseconds a token by instruction, and the rest as `host`. */
export async function decodeProfile(
  model: Model,
  machine: Machine,
  clock: Clock,
  tokens = 64,
): Promise<Readonly<Record<string, number>>> {
  const names = new Map(Object.entries(opcodes).map(([name, code]) => [code as number, name]));
  const spent = new Map<string, number>();
  using sequence = model.newSequence();
  await model.step([{ sequence, ids: prompt(64) }]);
  const { run } = machine;
  const patched = machine as { run: Machine['run'] };
  patched.run = (words, threads) => {
    for (let at = 0; at < words.length; at += words[at + 1] as number) {
      const name = names.get((words[at] as number) & 0xff) ?? 'other';
      const start = clock();
      run(words.slice(at, at + (words[at + 1] as number)), threads);
      spent.set(name, (spent.get(name) ?? 0) + clock() - start);
    }
  };
  const begin = clock();
  for (let t = 0; t < tokens; t++) await model.step([{ sequence, ids: [1000 + t] }]);
  const all = clock() - begin;
  patched.run = run;
  const parts = [...spent]
    .sort((a, b) => b[1] - a[1])
    .map(([name, time]) => [name, (time * 1e6) / tokens] as const);
  const inside = [...spent.values()].reduce((a, b) => a + b, 0);
  return Object.fromEntries([...parts, ['host', ((all - inside) * 1e6) / tokens]]);
}

/** Microseconds that all threads take to meet: a program of `count` instructions that do nothing. */
export function barrierCost(machine: Machine, count = 2000): number {
  const nothing = [opcodes.activate, 7, 0, 0, 0, 0, 0];
  const program = Int32Array.from({ length: count }).reduce<number[]>((words) => words.concat(nothing), []);
  const words = Int32Array.from(program);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    machine.run(words);
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1000) / count;
}
