// Masks at a vocabulary of 128k tokens (llama3-tokenizer-js's own): preparing the vocabulary, compiling a schema, and the mask of every step of a document, the
// first time a state is seen (cold) and again (warm). @mlc-ai/web-xgrammar runs beside it where it can be loaded.
import { constraint, jsonSchema, loadVocabulary, prepareVocabulary } from '@ashlar/sampling/constraints';
import { alternate, median, peer, type Report } from './measure.ts';

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 10, maxLength: 400 },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', items: { type: 'string' } },
    address: {
      type: 'object',
      properties: { street: { type: 'string' }, zip: { type: 'string', pattern: '^[0-9]{5}$' } },
      required: ['street'],
    },
  },
  required: ['name', 'age', 'tags'],
};
const text =
  '{"name": "Maximilian Mustermann, the second of his name", "age": 42, "tags": ["alpha", "beta release"], "address": {"street": "Long road 17, building B", "zip": "12345"}, "notes": {"free": ["some", 1, 2.5]}}';

interface Llama3 {
  encode(text: string, options: { bos: boolean; eos: boolean }): number[];
  decode(ids: readonly number[]): string;
}

const clock = (work: () => unknown): number => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

export async function run(report: Report): Promise<void> {
  const loaded = await peer<{ default: Llama3 }>('llama3-tokenizer-js');
  if ('reason' in loaded) throw new Error(loaded.reason);
  const tokenizer = loaded.module.default;
  const encoder = new TextEncoder();
  const size = 128_256;
  const ordinary = 128_000;
  const texts = Array.from({ length: ordinary }, (_, id) => encoder.encode(tokenizer.decode([id])));
  const source = {
    vocabSize: size,
    tokenBytes: (id: number) => texts[id],
    eosTokenIds: [128_001],
  };
  const ids = tokenizer.encode(text, { bos: false, eos: false });
  const cold: number[] = [];
  const warm: number[] = [];
  const saved = prepareVocabulary(source).save();
  const figures = await alternate(
    {
      prepare: () => clock(() => prepareVocabulary(source)),
      load: () => clock(() => loadVocabulary(saved)),
      compile: () => clock(() => jsonSchema(schema)),
    },
    3,
  );
  for (let round = 0; round < 3; round++) {
    const language = jsonSchema(schema);
    const vocabulary = loadVocabulary(saved);
    for (const times of [cold, warm]) {
      const running = constraint(language, vocabulary);
      for (const id of ids) {
        times.push(1000 * clock(() => running.mask()));
        running.accept(id);
      }
    }
  }
  cold.sort((a, b) => a - b);
  const found = await peer<unknown>('@mlc-ai/web-xgrammar');
  const reason = 'reason' in found ? found.reason : 'loads, but this bench does not drive it';
  const line = (metric: string, unit: string, ours: number): void =>
    report({
      metric,
      unit,
      ours,
      peer: 'web-xgrammar',
      peerValue: null,
      lowerIsBetter: true,
      runs: 3,
      reason,
    });
  line('prepare 128k vocabulary', 'ms', figures.prepare);
  line('load a prepared vocabulary', 'ms', figures.load);
  line('compile schema', 'ms', figures.compile);
  line('mask cold p50', 'us', median(cold));
  line('mask cold p95', 'us', cold[Math.floor(cold.length * 0.95)]);
  line('mask cold p99', 'us', cold[Math.floor(cold.length * 0.99)]);
  line('mask warm p50', 'us', median(warm));
}
