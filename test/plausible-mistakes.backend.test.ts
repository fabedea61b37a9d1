// What a mistake that anybody makes is told: the thing, what was expected and what came. A row is a call as it is written in haste.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as core from '@ashlar/core';
import * as rlhf from '@ashlar/rlhf';
import * as sampling from '@ashlar/sampling';
import * as constraints from '@ashlar/sampling/constraints';
import * as tokenizer from '@ashlar/tokenizer';
import * as tools from '@ashlar/tools';
import { openAiHandler } from '@ashlar/tools/server';
import { afterAll, beforeAll, expect, it } from 'vitest';

// biome-ignore lint/suspicious/noExplicitAny: the mistakes are of the kind that types refuse
type Wrong = any;
const place = 'conformance/cases/models/gpt2-scales';
const folder = mkdtempSync(join(tmpdir(), 'ashlar-mistakes-'));
let model: core.Model;

beforeAll(async () => {
  model = await core.loadModel(place, { backend: 'cpu' });
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const written = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const drain = async (steps: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of steps);
};
const codec: Wrong = {
  encode: () => [1],
  tokenBytes: () => new Uint8Array(1),
  vocabSize: 2,
  eosTokenIds: [],
};
const optimizer = core.adamw();
const trainable: Wrong = {
  optimizer,
  objective: { loss: () => undefined, weight: () => 1 },
  schedule: () => 1,
  steps: 1,
  batchAt: () => [],
};
const state: Wrong = { optimizer: { step: 0 } };

const mistakes: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'a model that was not awaited',
    () => drain(core.generate(core.loadModel('nowhere').catch(() => {}) as Wrong, [1])),
    /^model: expected a loaded one, as await loadModel\(place\) gives it, got a Promise$/,
  ],
  [
    'prompt before model',
    () => drain(core.generate('Once' as Wrong, model as Wrong)),
    /^model: .* got string$/,
  ],
  [
    'a controller in its signal’s place',
    () => drain(core.generate(model, [1], { signal: new AbortController() as Wrong })),
    /^signal: expected an AbortSignal, as controller\.signal, got a AbortController$/,
  ],
  [
    'text named GGUF',
    () => core.loadModel(written('a.gguf', '<!DOCTYPE html>')),
    /magic: expected GGUF, got "<!DO"$/,
  ],
  [
    'bytes named GGUF',
    () => core.loadModel(written('b.gguf', '\0\u0001aaaaaa')),
    /magic: expected GGUF, got 00 01 61 61$/,
  ],
  [
    'a file that Git LFS has not fetched',
    () => core.loadModel(written('c.gguf', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n')),
    /magic: expected GGUF, got the pointer of a file that Git LFS has not fetched \(git lfs pull\)$/,
  ],
  [
    'an empty file',
    () => core.loadModel(written('d.gguf', '')),
    /header: expected a whole one, got a file that ends in it, after 0 bytes$/,
  ],
  [
    'a hub out of reach',
    () =>
      core.loadModel('hf:nobody/nothing', {
        hub: {
          cacheDirectory: folder,
          fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('no route to it') })),
        },
      }),
    /^hf:nobody\/nothing: request to https:.* expected an answer, or a copy in the cache, got no route to it$/,
  ],
  [
    'a model in its configuration’s place',
    () => core.loraConfig(model as Wrong),
    /^config: expected .* as model\.config$/,
  ],
  [
    'targets as PEFT lists them',
    () => core.loraConfig(model.config, { targets: ['q_proj'] as Wrong }),
    /^targets: expected a function of a weight's name/,
  ],
  [
    'no objective',
    () => core.train(state, { ...trainable, objective: undefined }),
    /^objective: expected one, as/,
  ],
  [
    'no batches',
    () => core.train(state, { ...trainable, batchAt: undefined }),
    /^batchAt: expected a function, got undefined$/,
  ],
  [
    'a learning rate for a schedule',
    () => core.train(state, { ...trainable, schedule: 1e-3 }),
    /^schedule: .*got number$/,
  ],
  [
    'no steps',
    () => core.train(state, { ...trainable, steps: undefined }),
    /^steps: expected a number >= 0, got undefined$/,
  ],
  [
    'parameters for a state',
    () => core.train(new Map() as Wrong, trainable),
    /^state: expected one, as initTrainState/,
  ],
  [
    'a model for its parameters',
    () => core.initTrainState(model as Wrong, optimizer),
    /^parameters: expected a Map/,
  ],
  [
    'text for rows',
    () => core.padRows('abc' as Wrong),
    /^rows: expected a list of \{ ids, mask\? \}, got string$/,
  ],
  ['ids for rows', () => core.padRows([[1, 2]] as Wrong), /^row 0: expected \{ ids, mask\? \}, got a list$/],
  [
    'labels in a row',
    () => core.padRows([{ ids: [1], labels: [1] } as Wrong]),
    /^row 0: unknown field labels, expected ids and mask$/,
  ],
  [
    'a point by another library’s name',
    () => core.captureActivations(model, [1], ['layers.0.residual_after']),
    /^hooks: expected a point of the model \(.+, .+, .+, \.\.\.; all: hookPoints\(model\.config\)\), got layers\.0\.residual_after$/,
  ],
  [
    'a path for a sink',
    async () => {
      const checkpoint = await core.openCheckpoint(place);
      try {
        await core.writeGgufCheckpoint('out.gguf' as Wrong, checkpoint);
      } finally {
        await checkpoint.close();
      }
    },
    /^sink: expected one, as await nodeFileSink\(path\) .* got string$/,
  ],
  [
    'a temperature for options',
    () => sampling.sampler(0.7 as Wrong),
    /^sampler: expected options as an object, got 0\.7$/,
  ],
  [
    'a schema for a grammar',
    () => constraints.constraint({ type: 'object' } as Wrong, codec),
    /^grammar: expected one, as jsonSchema/,
  ],
  [
    'a grammar without a tokenizer',
    () => constraints.constraint(constraints.regex('a'), undefined as Wrong),
    /^source: expected a tokenizer or a prepared vocabulary, got undefined$/,
  ],
  [
    'a RegExp',
    () => constraints.regex(/a/ as Wrong),
    /^pattern: expected a string, got a RegExp \(its source is one\)$/,
  ],
  [
    'an object for a grammar’s text',
    () => constraints.grammar({} as Wrong),
    /^text: expected a string, got object$/,
  ],
  [
    'a parsed tokenizer.json',
    () => new tokenizer.Tokenizer({ version: '1.0' } as Wrong),
    /^parts: expected those of a tokenizer/,
  ],
  [
    'no options',
    () => tools.runTools(undefined as Wrong),
    /^runTools: expected options as an object, got undefined$/,
  ],
  [
    'a model for an engine',
    () => tools.runTools({ engine: model as Wrong, messages: [] }),
    /^engine: expected one, as inlineEngine/,
  ],
  [
    'text for messages',
    () => tools.runTools({ engine: tools.scriptedEngine(['a']), messages: 'Hi' as Wrong }),
    /^messages: expected a list of messages, got string$/,
  ],
  [
    'one reply for a script',
    () => tools.scriptedEngine('Hello' as Wrong),
    /^replies: expected a list of replies or a function, got string$/,
  ],
  [
    'no codec',
    () => tools.inlineEngine({ model, format: 'hermes' } as Wrong),
    /^codec: expected a tokenizer/,
  ],
  [
    'no model',
    () => tools.inlineEngine({ codec, format: 'hermes' } as Wrong),
    /^model: expected a loaded one/,
  ],
  [
    'a host for a URL',
    () => tools.openAiEndpoint({ baseUrl: 'localhost:8080', model: 'm' }),
    /^baseUrl: expected a URL such as http:\/\/localhost:8080\/v1, got localhost:8080$/,
  ],
  [
    'a model for a served engine',
    () => openAiHandler({ models: [{ id: 'm', engine: model as Wrong }] }),
    /^engine: expected one/,
  ],
  [
    'no options for a handler',
    () => openAiHandler(undefined as Wrong),
    /^openAiHandler: expected options as an object, got undefined$/,
  ],
  [
    'a row for rows',
    () => rlhf.readPreferenceRows({ chosen: 'a' } as Wrong),
    /^rows: expected a list of rows, got object$/,
  ],
  [
    'no votes',
    () => rlhf.leaderboard(undefined as Wrong),
    /^votes: expected a list of votes, got undefined$/,
  ],
  [
    'a loss without a pair',
    () => rlhf.dpoLoss({} as Wrong),
    /^pair: expected policyChosenLogps and policyRejectedLogps/,
  ],
  [
    'pairs of texts',
    () => rlhf.pairBatch([{ chosen: 'a', rejected: 'b' }] as Wrong),
    /^row 0: expected \{ ids, mask\? \}, got string$/,
  ],
  [
    'text before its tokenizer',
    () => rlhf.encodeExample('a' as Wrong, 'b', codec),
    /^codec: expected a tokenizer with encode/,
  ],
  [
    'no completion',
    () => rlhf.encodeExample(codec, 'a', undefined as Wrong),
    /^completion: expected text or a list of messages, got undefined$/,
  ],
];

it.each(mistakes)(
  '%s: the message names the thing, what was expected and what came',
  async (_, call, message) => {
    await expect((async () => call())()).rejects.toThrow(message);
  },
);

it('a text for a list of texts is refused, not taken letter by letter', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join(
    '\n',
  );
  const made = tokenizer.readTiktoken(bytes, { pattern: 'gpt2' });
  expect(() => made.encodeBatch('abc' as Wrong)).toThrow('texts: expected a list of texts, got string');
});
