// Constraints at a vocabulary of 128k tokens (llama3-tokenizer-js's own): preparing the vocabulary, and for the schemas and instances of MaskBench compiling,
// the mask of every step the first time a state is seen and again, and what is let through and refused. @mlc-ai/web-xgrammar and
// @huggingface/transformers-structured-output run on the same schemas and ids, in turns.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadVocabulary, prepareVocabulary } from '@ashlar/sampling/constraints';
import {
  ashlar,
  type BenchEngine,
  type BenchVocabulary,
  huggingFace,
  type Prepared,
  webXgrammar,
} from './constraint-peers.ts';
import { median, peer, type Report } from './measure.ts';

const warmUp = {
  id: 'warm-up',
  schema: {
    type: 'object',
    properties: {
      a: { type: 'string' },
      b: { type: 'array', items: { type: 'number' } },
      c: { enum: ['x', true] },
    },
    additionalProperties: false,
  },
  tests: [1, 2, 3].map((n) => ({ valid: true, data: { a: `some text ${n}`, b: [n, 2.5], c: true } })),
};

const document = {
  id: 'document',
  schema: {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 10 },
      age: { type: 'integer', minimum: 0, maximum: 150 },
      tags: { type: 'array', items: { type: 'string' } },
      address: {
        type: 'object',
        properties: { street: { type: 'string' }, zip: { type: 'string' } },
        required: ['street'],
      },
    },
    required: ['name', 'age', 'tags'],
  },
  tests: [
    {
      valid: true,
      data: {
        name: 'Maximilian Mustermann, the second of his name',
        age: 42,
        tags: ['alpha', 'beta release'],
        address: { street: 'Long road 17, building B', zip: '12345' },
        notes: { free: ['some', 1, 2.5] },
      },
    },
  ],
};

interface Task {
  readonly id: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly valid: boolean; readonly data: unknown }[];
}

interface Llama3 {
  readonly vocabById: readonly string[];
  encode(text: string, options: { bos: boolean; eos: boolean }): number[];
}

const schemas = 40;
/** No engine gets more time than this for all schemas together. */
const budget = 25_000;
const rounds = 3;
/** XGrammar compiles such bounds for tens of seconds and cannot be stopped: not asked of it, and counted as not run. */
const mostLength = 200;

interface Figures {
  readonly compile: number[];
  readonly cold: number[];
  /** The very first visits of the process. */
  readonly first: number[];
  readonly warm: number[];
  run: number;
  refused: number;
  wronglyRefused: number;
  wronglyAccepted: number;
  spent: number;
}

export async function run(report: Report): Promise<void> {
  const loaded = await peer<{ default: Llama3 }>('llama3-tokenizer-js');
  if ('reason' in loaded) throw new Error(loaded.reason);
  const tokenizer = loaded.module.default;
  const vocabulary = vocabularyOf(tokenizer);
  const { texts, vocabSize, eos } = vocabulary;
  const source = { vocabSize, tokenBytes: (id: number) => texts[id], eosTokenIds: [eos] };
  const prepared: Record<string, Prepared> = {};
  for (const [name, make] of Object.entries({ ashlar, webXgrammar, huggingFace }))
    prepared[name] = await make(vocabulary);
  const ours = prepared['ashlar'] as { engine: BenchEngine; ms: number };
  const saved = prepareVocabulary(source).save();
  const load = median(
    [0, 1, 2].map(() => {
      const start = performance.now();
      loadVocabulary(saved);
      return performance.now() - start;
    }),
  );
  const tasks = maskBench();
  const figures = new Map<string, Figures>();
  // One schema after the other, each by all: the first only warms up.
  for (const [n, task] of [warmUp, ...tasks, document].entries())
    for (const [name, one] of Object.entries(prepared))
      if ('engine' in one) {
        const own = figures.get(name) ?? emptyFigures();
        figures.set(name, own);
        if (own.spent > budget || (name === 'webXgrammar' && isLong(task.schema))) continue;
        const start = performance.now();
        await measure(one.engine, task, tokenizer, n === 0 ? emptyFigures() : own);
        own.spent += performance.now() - start;
      }
  const mine = figures.get('ashlar') as Figures;
  report({
    metric: 'load a saved vocabulary',
    unit: 'ms',
    ours: load,
    peer: 'none',
    peerValue: null,
    lowerIsBetter: true,
    reason: 'no peer saves one',
  });
  for (const [name, label] of [
    ['webXgrammar', 'web-xgrammar'],
    ['huggingFace', 'transformers-structured-output'],
  ] as const) {
    const one = prepared[name] as Prepared;
    const theirs = figures.get(name);
    const line = (metric: string, unit: string, value: number, other: number | undefined): void =>
      report({
        metric,
        unit,
        ours: value,
        peer: label,
        peerValue: other ?? null,
        lowerIsBetter: true,
        runs: mine.run,
        ...('reason' in one ? { reason: one.reason } : {}),
      });
    line('prepare 128k vocabulary', 'ms', ours.ms, 'ms' in one ? one.ms : undefined);
    for (const [metric, unit, of] of metrics) line(metric, unit, of(mine), theirs && of(theirs));
  }
}

const metrics: readonly (readonly [string, string, (f: Figures) => number])[] = [
  ['schemas run', '', (f) => f.run],
  ['compile p50', 'ms', (f) => quantile(f.compile, 0.5)],
  ['compile p95', 'ms', (f) => quantile(f.compile, 0.95)],
  ['mask cold p50', 'us', (f) => quantile(f.cold, 0.5)],
  ['mask cold p95', 'us', (f) => quantile(f.cold, 0.95)],
  ['mask cold p99', 'us', (f) => quantile(f.cold, 0.99)],
  ['mask cold max', 'us', (f) => quantile(f.cold, 1)],
  ['mask at the very first visit p50', 'us', (f) => quantile(f.first, 0.5)],
  ['mask at the very first visit p99', 'us', (f) => quantile(f.first, 0.99)],
  ['mask warm p50', 'us', (f) => quantile(f.warm, 0.5)],
  ['schemas refused', '', (f) => f.refused],
  ['valid instances refused', '', (f) => f.wronglyRefused],
  ['invalid instances accepted', '', (f) => f.wronglyAccepted],
];

function emptyFigures(): Figures {
  return {
    compile: [],
    cold: [],
    first: [],
    warm: [],
    run: 0,
    refused: 0,
    wronglyRefused: 0,
    wronglyAccepted: 0,
    spent: 0,
  };
}

async function measure(engine: BenchEngine, task: Task, tokenizer: Llama3, figures: Figures): Promise<void> {
  figures.run++;
  // Others run on this machine: of every step the best of three runs counts, each with the schema compiled anew.
  const best = { compile: [Infinity], cold: [] as number[], warm: [] as number[] };
  const keep = (list: number[], at: number, value: number): void => {
    list[at] = Math.min(list[at] ?? Infinity, value);
  };
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    let compiled: Awaited<ReturnType<BenchEngine['compile']>>;
    try {
      // A copy: what an engine keeps by the schema's object would be no first visit.
      compiled = await engine.compile(structuredClone(task.schema));
    } catch {
      figures.refused++;
      return;
    }
    keep(best.compile, 0, performance.now() - start);
    let [cold, warm] = [0, 0];
    for (const { valid, data } of task.tests.slice(0, 4)) {
      const ids = tokenizer.encode(JSON.stringify(data), { bos: false, eos: false });
      if (ids.length > 150) continue;
      // The first time through are the states unknown, but for what other instances of the schema had in common.
      for (const again of valid ? [false, true] : [false]) {
        const running = await compiled.start();
        let refused = false;
        for (const id of [...ids, eosId]) {
          const before = performance.now();
          const mask = await running.mask();
          const us = 1000 * (performance.now() - before);
          if (again) keep(best.warm, warm++, us);
          else if (valid) {
            if (round === 0) figures.first.push(us);
            keep(best.cold, cold++, us);
          }
          refused = ((mask[id >> 5] >>> (id & 31)) & 1) === 0 || !running.accept(id);
          if (refused) break;
        }
        running.dispose?.();
        if (again || round > 0) continue;
        if (valid && refused) figures.wronglyRefused++;
        if (!valid && !refused) figures.wronglyAccepted++;
      }
    }
    compiled.dispose?.();
  }
  figures.compile.push(...best.compile);
  figures.cold.push(...best.cold);
  figures.warm.push(...best.warm);
}

const eosId = 128_001;

function vocabularyOf({ vocabById }: Llama3): BenchVocabulary {
  // Byte-level BPE writes each byte as a character: printable ones as themselves, the others from 256 on.
  const bytes = new Map<string, number>();
  for (let byte = 0, next = 256; byte < 256; byte++) {
    const plain = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    bytes.set(String.fromCharCode(plain ? byte : next++), byte);
  }
  const encoded = vocabById.slice(0, 128_000);
  const texts = encoded.map((text) => Uint8Array.from([...text], (char) => bytes.get(char) as number));
  return { texts, encoded, vocabSize: 128_256, eos: eosId };
}

function maskBench(): Task[] {
  const here = dirname(fileURLToPath(import.meta.url));
  const path = join(here, '..', '..', 'shared', 'data', 'json-schema', 'maskbench_a.json.gz');
  if (!existsSync(path)) return [];
  const all = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Task[];
  const withInstances = all.filter((task) => task.tests.some((test) => test.valid));
  const step = Math.max(1, Math.floor(withInstances.length / schemas));
  return withInstances.filter((_, i) => i % step === 0).slice(0, schemas);
}

function isLong(schema: unknown): boolean {
  return [...JSON.stringify(schema).matchAll(/"(?:min|max)(?:Length|Items)":(\d+)/g)].some(
    ([, length]) => Number(length) > mostLength,
  );
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
