// Every public function that takes options, found in the API reports, is given one that nobody knows: it must refuse it by name. Most look at their options before anything else, so that
// nothing else need be there; those that need more in front of them stand in `prepared`, methods in `methods`. A new function with options is in the walk by itself.
import { readdirSync, readFileSync } from 'node:fs';
import { setBackend, tensor2d } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { createScheduler, loadModel, memorySink, writeSafetensors } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { readTiktoken, Tokenizer } from '@ashlar/tokenizer';
import { DispatchMachine, inlineEngine, ToolCallParser } from '@ashlar/tools';
import { createIndex } from '@ashlar/tools/retrieval';
import { beforeAll, describe, expect, it } from 'vitest';

type Call = (options: object) => unknown;
const packages = new URL('../packages/', import.meta.url);

/** The parameters of a signature, cut at the commas that are not inside of anything. */
function parametersOf(text: string): string[] {
  const parameters = [''];
  let depth = 0;
  for (const char of text.replaceAll('=>', '\u21d2')) {
    if ('([{<'.includes(char)) depth++;
    if (')]}>'.includes(char)) depth--;
    if (char === ',' && depth === 0) parameters.push('');
    else parameters[parameters.length - 1] += char;
  }
  return parameters.map((parameter) => parameter.trim()).filter((parameter) => parameter !== '');
}

const takesOptions = (parameter: string): boolean =>
  /^(\w*[oO]ptions)\??:/.test(parameter) ||
  /:.*\b\w+Options(<|\b)/.test(parameter) ||
  /^input\?: \{/.test(parameter);

interface Found {
  readonly title: string;
  readonly entry: string;
  readonly name: string;
  readonly before: number;
}

const found: Found[] = readdirSync(packages).flatMap((name) =>
  readdirSync(new URL(`${name}/api/`, packages)).flatMap((file) => {
    const report = readFileSync(new URL(`${name}/api/${file}`, packages), 'utf8');
    const sub = file.replace('.api.md', '');
    const entry = `@ashlar/${name}${sub === 'index' ? '' : `/${sub}`}`;
    return [...report.matchAll(/^export function (\w+)(?:<[^(]*>)?\(([\s\S]*?)\): [^\n]*[;{]$/gm)].flatMap(
      ([, name, list]) => {
        const before = parametersOf(list).findIndex(takesOptions);
        return before < 0 ? [] : [{ title: `${entry} ${name}`, entry, name, before }];
      },
    );
  }),
);

const place = 'conformance/cases/models/gpt2-scales';
const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join(
  '\n',
);
const tokenizer = new Tokenizer({ ...readTiktoken(bytes, { pattern: 'gpt2' }).parts, chatTemplate: '' });
const run = async (result: unknown): Promise<void> => {
  const value = await result;
  const steps = (value as AsyncIterable<unknown> | undefined)?.[Symbol.asyncIterator]?.();
  await steps?.next();
};

/** What some functions must be given in front of their options, by name. */
const before: Readonly<Record<string, () => readonly unknown[]>> = {
  generateBatch: () => [model, [[1]]],
  inspectCheckpoint: () => [{}],
  applyStepsOnTensor: () => [[], tensor2d([[1]])],
  encodeChat: () => [tokenizer, []],
  tokenSpans: () => [tokenizer, ''],
  toSegments: () => [tokenizer, { text: '', spans: [] }],
  encodeSegments: () => [tokenizer, []],
};

let model: Awaited<ReturnType<typeof loadModel>>;
beforeAll(async () => {
  await setBackend('cpu');
  model = await loadModel(place, { backend: 'cpu' });
});

describe('an option that nobody knows is refused by name', () => {
  it('in more than a hundred functions', () => expect(found.length).toBeGreaterThan(140));

  it.each(found)('$title', async ({ entry, name, before: count }) => {
    const module = (await import(entry)) as Record<string, (...all: unknown[]) => unknown>;
    const others = before[name]?.() ?? Array.from({ length: count }, () => undefined);
    await expect((async () => run(module[name](...others, { notAnOption: 1 })))()).rejects.toThrow(
      /notAnOption/,
    );
  });

  const methods: Readonly<Record<string, Call>> = {
    'model.forward': (options) => model.forward([1], options),
    'model.hidden': (options) => model.hidden([1], options),
    'model.unembed': (options) => model.unembed(tensor2d([[1]]), options),
    'loadModel cache': (options) => loadModel(place, { cache: options }),
    'loadModel backendOptions': (options) => loadModel(place, { backend: 'auto', backendOptions: options }),
    'loadModel hub': (options) => loadModel('hf:someone/something', { hub: options }),
    'scheduler.submit': (options) => createScheduler(model).submit([1], options),
    'tokenizer.encode': (options) => tokenizer.encode('', options),
    'tokenizer.encodeDetailed': (options) => tokenizer.encodeDetailed('', options),
    'tokenizer.encodeBatch': (options) => tokenizer.encodeBatch([''], options),
    'tokenizer.encodeChat': (options) => tokenizer.encodeChat([], options),
    'tokenizer.count': (options) => tokenizer.count('', options),
    'tokenizer.decode': (options) => tokenizer.decode([], options),
    'tokenizer.streamDecoder': (options) => tokenizer.streamDecoder(options),
    'tokenizer.explain': (options) => tokenizer.explain('', options),
    'sampler dry': (options) => sampler({ dry: options } as object),
    'new ToolCallParser': (options) => new ToolCallParser(options as never),
    'new DispatchMachine': (options) => new DispatchMachine(options as never),
    'index.query': (options) => createIndex().query('', options),
    inlineEngine: (options) =>
      inlineEngine({ model, codec: tokenizer, format: 'hermes', ...options } as never),
    writeSafetensors: (options) => writeSafetensors(memorySink(), [], options),
  };
  it.each(Object.entries(methods))('%s', async (_, call) => {
    await expect((async () => run(call({ notAnOption: 1 })))()).rejects.toThrow(/notAnOption/);
  });
});
