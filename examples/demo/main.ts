// `npm run demo`: the embedded model tells a story; with --model the same on any checkpoint, and --chat talks to it.
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type BackendName,
  chooseBackend,
  generate,
  listParameters,
  loadModel,
  type Model,
} from '@ashlar/core';
import { randomSeed, sampler } from '@ashlar/sampling';
import { loadTokenizer, type Tokenizer } from '@ashlar/tokenizer';
import { checkStory } from '../story-world/check-story.ts';
import { bar, paint, wrapper } from './terminal.ts';

const help = `Ashlar demo

  npm run demo                                   the embedded model tells a story
  npm run demo -- --prompt "Mia had a red kite"  ... that begins like this
  npm run demo -- --model PATH|hf:OWNER/NAME --prompt "..." [--chat]

  --model PLACE            a folder, a .safetensors, .gguf or llama2.c .bin file, a URL, or hf:owner/name[@rev][/file]
  --chat                   use the model's own chat template; without --prompt, a conversation
  --system TEXT            a system message for --chat
  --prompt TEXT            what to continue, or the message for --chat
  --max-new-tokens N       default 300
  --temperature X          default 0.7 (0 is greedy)
  --top-k N  --top-p X  --min-p X
  --seed N                 the same seed tells the same story on every backend
  --backend NAME           auto, tensorflow, webgpu, simd, wasm, cpu`;

const fail = (error: unknown): never => {
  console.error(`${paint('red', 'error')} ${error instanceof Error ? error.message : String(error)}`);
  if (process.env['DEBUG'] !== undefined) console.error(error);
  process.exit(1);
};

const flags = {
  options: {
    model: { type: 'string' },
    prompt: { type: 'string' },
    system: { type: 'string' },
    chat: { type: 'boolean', default: false },
    'max-new-tokens': { type: 'string', default: '300' },
    temperature: { type: 'string', default: '0.7' },
    'top-k': { type: 'string' },
    'top-p': { type: 'string', default: '0.95' },
    'min-p': { type: 'string' },
    seed: { type: 'string' },
    backend: { type: 'string', default: 'auto' },
    help: { type: 'boolean', default: false },
  },
} as const;

function readFlags(): ReturnType<typeof parseArgs<typeof flags>>['values'] {
  try {
    return parseArgs(flags).values;
  } catch (error) {
    return fail(`${(error as Error).message.replace(/\. To specify.*/s, '')} (--help lists the flags)`);
  }
}
const values = readFlags();

const number = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new RangeError(`--${name}: expected a number, got ${text}`);
  return value;
};

async function main(): Promise<void> {
  if (values.help) return console.log(help);
  const embedded = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'models', 'stories');
  const place = values.model ?? embedded;
  const seed = number('seed', values.seed) ?? randomSeed();
  const temperature = number('temperature', values.temperature) as number;
  const draw = {
    temperature,
    topP: number('top-p', values['top-p']) as number,
    ...(values['top-k'] === undefined ? {} : { topK: number('top-k', values['top-k']) as number }),
    ...(values['min-p'] === undefined ? {} : { minP: number('min-p', values['min-p']) as number }),
    seed,
  };

  const backend = await chooseBackend(values.backend as BackendName | 'auto');
  const start = performance.now();
  const progress = bar('loading');
  const download = bar('downloading');
  const model = await loadModel(place, {
    backend: backend.name,
    hub: { onProgress: ({ loaded, total }) => download(loaded / total) },
    onProgress: (loaded, total) => progress(loaded / total),
  });
  progress(1);
  const tokenizer = await loadTokenizer(model.assets);
  if (values.chat && tokenizer.parts.chatTemplate === undefined)
    throw new TypeError(
      `--chat: ${values.model ?? 'the embedded model'} has no chat template; a model for chats is --model hf:HuggingFaceTB/SmolLM2-135M-Instruct`,
    );
  const seconds = (performance.now() - start) / 1000;

  const name = values.model === undefined ? 'stories, the embedded model' : place;
  const count = listParameters(model.config).reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
  const parameters = (count / 1e6).toFixed(count < 1e7 ? 1 : 0);
  console.log(`${paint('bold', 'Ashlar')} ${paint('dim', '·')} ${name}`);
  console.log(
    paint(
      'dim',
      `${model.config.family}, ${parameters}M parameters · backend ${backend.name} (${backend.device}) · loaded in ${seconds.toFixed(2)} s · seed ${seed}`,
    ),
  );
  if (values.model === undefined)
    console.log(
      paint(
        'dim',
        'trained from nothing by this project on stories of its own grammar · card: models/stories/README.md',
      ),
    );
  console.log();

  if (values.chat && values.prompt === undefined) await converse(model, tokenizer, draw);
  else if (values.chat)
    await answer(model, tokenizer, [...opening(), { role: 'user', content: values.prompt as string }], draw);
  else {
    const opener = values.prompt ?? (values.model === undefined ? '' : 'Once upon a time');
    const write = wrapper();
    if (opener !== '') write(paint('bold', opener), opener.length);
    const ids = opener === '' ? [tokenizer.bosTokenId ?? 0] : prefixed(tokenizer, opener);
    const told = await stream(model, tokenizer, ids, draw, write);
    if (values.model === undefined) closing(opener + told, seed);
  }
  model.dispose();
}

// What the reader by rule found in the story (it sees only the text), and what to try next.
function closing(story: string, seed: number | bigint): void {
  const marks = Object.entries(checkStory(story.trim())).map(([rule, kept]) =>
    kept ? paint('green', `✓ ${rule}`) : paint('red', `✗ ${rule}`),
  );
  console.log(`${paint('dim', 'read by rule: ')}${marks.join(paint('dim', ' · '))}`);
  console.log(
    paint(
      'dim',
      `\nagain:   npm run demo -- --seed ${seed}\nyours:   npm run demo -- --prompt "Mia was a brave fox who"\nlarger:  npm run demo -- --model hf:HuggingFaceTB/SmolLM2-135M-Instruct --chat`,
    ),
  );
}

// A story begins behind the model's beginning-of-text token; a tokenizer whose post-processor adds it has done so already.
function prefixed(tokenizer: Tokenizer, text: string): readonly number[] {
  const ids = tokenizer.encode(text);
  const { bosTokenId } = tokenizer;
  return bosTokenId === undefined || ids[0] === bosTokenId || values.model !== undefined
    ? ids
    : [bosTokenId, ...ids];
}

interface Message {
  readonly role: string;
  readonly content: string;
}

const opening = (): Message[] =>
  values.system === undefined ? [] : [{ role: 'system', content: values.system }];

async function converse(model: Model, tokenizer: Tokenizer, draw: object): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const messages = opening();
  console.log(paint('dim', 'A conversation; an empty line ends it.'));
  for (;;) {
    const content = (await lines.question(paint('cyan', '\nyou  '))).trim();
    if (content === '') break;
    messages.push({ role: 'user', content });
    messages.push({ role: 'assistant', content: await answer(model, tokenizer, messages, draw) });
  }
  lines.close();
}

async function answer(
  model: Model,
  tokenizer: Tokenizer,
  messages: readonly Message[],
  draw: object,
): Promise<string> {
  if (values.prompt !== undefined) console.log(`${paint('cyan', 'you  ')}${values.prompt}\n`);
  process.stdout.write(paint('green', 'it   '));
  return stream(model, tokenizer, messages, draw, wrapper(5));
}

// Streams one answer and says how fast it was; Ctrl-C ends the answer, not the program's manners.
async function stream(
  model: Model,
  tokenizer: Tokenizer,
  prompt: readonly number[] | readonly Message[],
  draw: object,
  write: (text: string, visible?: number) => void,
): Promise<string> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once('SIGINT', onInterrupt);
  const started = performance.now();
  let first = 0;
  let tokens = 0;
  let text = '';
  let reason = 'interrupted';
  try {
    const maxNewTokens = number('max-new-tokens', values['max-new-tokens']) as number;
    const options = { codec: tokenizer, sampler: sampler(draw), maxNewTokens, signal: stop.signal };
    for await (const step of generate(model, prompt, options)) {
      if (tokens++ === 0) first = performance.now();
      text += step.text;
      write(step.text);
      reason = step.finishReason ?? reason;
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
  const perSecond = tokens > 1 ? (tokens - 1) / ((performance.now() - first) / 1000) : 0;
  const wait = ((first - started) / 1000).toFixed(2);
  console.log(
    `\n\n${paint('dim', `${tokens} tokens · ${perSecond.toFixed(1)} tokens/s · first after ${wait} s · ended by ${reason}`)}`,
  );
  return text;
}

main().catch(fail);
