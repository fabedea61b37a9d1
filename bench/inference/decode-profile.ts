// Where the time of a step goes, of one sequence or of several: every instruction of the machine's programs is run alone and timed by its name, products by their
// kind. What is left over is the host's: tables, the embeddings' rows, the copy of the logits.
import type { Model } from '@ashlar/core';
import type { Machine } from '../../packages/core/src/backends/simd/machine.ts';
import { byteActivations, linearKinds, opcodes } from '../../packages/core/src/backends/simd/program.ts';
import type { Clock } from './clocks.ts';
import { prompt } from './prompt.ts';

const names = new Map(Object.entries(opcodes).map(([name, code]) => [code as number, name]));
const kinds = new Map(Object.entries(linearKinds).map(([name, code]) => [code as number, name]));

function nameOf(words: ArrayLike<number>, at: number): string {
  const name = names.get((words[at] as number) & 0xff) ?? 'other';
  if (name !== 'linear') return name;
  const kind = words[at + 2] as number;
  const bytes = kind >= byteActivations;
  return `linear ${kinds.get(bytes ? kind - byteActivations : kind)}${bytes ? ' by int8' : ''}`;
}

/** Microseconds a step of `count` sequences by instruction, and the rest as `host`. */
export async function decodeProfile(
  model: Model,
  machine: Machine,
  clock: Clock,
  { tokens = 64, count = 1 }: { readonly tokens?: number; readonly count?: number } = {},
): Promise<Readonly<Record<string, number>>> {
  const spent = new Map<string, number>();
  const sequences = Array.from({ length: count }, () => model.newSequence());
  await model.step(sequences.map((sequence, i) => ({ sequence, ids: prompt(count === 1 ? 64 : 16 + i) })));
  const { run } = machine;
  const patched = machine as { run: Machine['run'] };
  patched.run = (words, threads) => {
    for (let at = 0; at < words.length; at += words[at + 1] as number) {
      const name = nameOf(words, at);
      const start = clock();
      run(words.slice(at, at + (words[at + 1] as number)), threads);
      spent.set(name, (spent.get(name) ?? 0) + clock() - start);
    }
  };
  const begin = clock();
  for (let t = 0; t < tokens; t++)
    await model.step(sequences.map((sequence) => ({ sequence, ids: [1000 + t] })));
  const all = clock() - begin;
  patched.run = run;
  for (const sequence of sequences) sequence.dispose();
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
