// Encoding, decoding, counting, loading and training beside the JavaScript, wasm and native peers, in one run: every round of a measurement goes through all
// contestants, and each round begins with another one. Vocabularies come out of the peers' own packages; texts are those of tokenizer-texts.ts, or the .txt
// files of `--texts DIR`. Parts: `--only first,encode,short,...`, `--encodings cl100k_base,...`; `--only train --corpus FILE` trains on a file of any size.
// Times are `spent` of measure.ts: the main thread's own, whatever else the machine does.
// `tokenizers` and `@huggingface/tokenizers`, at about 1 MB/s, are measured on the first tenth of a text, the others on all of it.
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { readTiktoken, readTokenizerJson, type Tokenizer, writeTokenizerJson } from '@ashlar/tokenizer';
import { median, type Report, spent } from './measure.ts';
import { measureLoad, measureTraining, measureTrainingOn } from './measure-tokenizer-costs.ts';
import {
  type Absent,
  type Contestant,
  llama2Json,
  llama3Json,
  peersFor,
  rankFile,
} from './tokenizer-peers.ts';
import { benchTexts } from './tokenizer-texts.ts';

/** What `pnpm bench tokenizer` can be told. */
export interface TokenizerBenchOptions {
  readonly only?: readonly string[];
  readonly encodings?: readonly string[];
  readonly texts?: string;
  /** A file of any size to train on instead of the texts. */
  readonly corpus?: string;
}

const PARTS = ['first', 'encode', 'short', 'pathological', 'llama2', 'load', 'train'];
const ENCODINGS = ['cl100k_base', 'o200k_base', 'llama3', 'r50k_base'];
const ROUNDS = 7;

export async function run(report: Report, options: TokenizerBenchOptions = {}): Promise<void> {
  const unknown = options.only?.filter((part) => !PARTS.includes(part)) ?? [];
  if (unknown.length > 0)
    throw new RangeError(`--only: expected some of ${PARTS.join(', ')}, got ${unknown}`);
  // Turns begin with a collection, and V8 throws away the code of functions that have missed six of them.
  setFlagsFromString('--no-flush-bytecode');
  const encodings = options.encodings ?? ENCODINGS;
  const strange = encodings.filter((name) => !ENCODINGS.includes(name));
  if (strange.length > 0)
    throw new RangeError(`--encodings: expected some of ${ENCODINGS.join(', ')}, got ${strange}`);
  const wants = (part: string) => options.only === undefined || options.only.includes(part);
  const texts = benchTexts(options.texts);
  const lines = Object.values(texts)[0].split('\n').slice(0, 4000);
  for (const name of encodings) {
    if (!['first', 'encode', 'short', 'pathological'].some(wants)) break;
    const open = await opener(name);
    if ('reason' in open) {
      report({
        metric: `${name}: encode`,
        unit: 'MB/s',
        ours: Number.NaN,
        peer: 'all',
        peerValue: null,
        reason: open.reason,
      });
      continue;
    }
    const json = writeTokenizerJson(open.make()) as object;
    for (const group of ['quick', 'slow'] as const) {
      const found = await peersFor(name, json, group);
      for (const peer of found) if ('reason' in peer) absent(report, `${name}: encode`, peer);
      const peers = found.filter((peer): peer is Contestant => !('reason' in peer));
      if (peers.length === 0) continue;
      if (wants('first') && group === 'quick') await firstSight(report, name, texts, open.make(), peers);
      if (wants('encode'))
        for (const [kind, text] of Object.entries(texts))
          await encodeText(report, `${name}, ${kind}`, text, open.make(), peers);
      if (wants('short')) await shortStrings(report, name, lines, open.make(), peers);
      if (wants('pathological') && name === 'cl100k_base') await pathological(report, open.make(), peers);
    }
  }
  if (wants('llama2')) await llama2(report, texts);
  if (wants('load')) for (const name of ['cl100k_base', 'o200k_base']) measureLoad(report, name);
  if (wants('train')) {
    if (options.corpus === undefined) await measureTraining(report, texts);
    else await measureTrainingOn(report, options.corpus);
  }
}

function absent(report: Report, metric: string, peer: Absent): void {
  const { name, reason } = peer;
  report({ metric, unit: 'MB/s', ours: Number.NaN, peer: name, peerValue: null, reason });
}

/** Makes a fresh tokenizer of ours, which has met no text. */
async function opener(name: string): Promise<{ make: () => Tokenizer } | { reason: string }> {
  if (name === 'llama3') {
    const json = await llama3Json();
    return 'reason' in json ? json : { make: () => readTokenizerJson(json.json) };
  }
  const file = rankFile(name);
  if (file === undefined) return { reason: 'no rank file' };
  return { make: () => readTiktoken(file, { pattern: name }) };
}

const megabytes = (text: string): number => Buffer.byteLength(text) / 1e6;

/**
 * MB/s of one call. A string put together from parts is only whole once it has been read; every side pays for that within its time. Nobody pays for the
 * garbage of the one before, and since a collection leaves the processor's caches full of what it looked at, `atWork` comes between: each side's own work.
 */
async function rate(text: string, work: Work, atWork: () => unknown): Promise<number> {
  globalThis.gc?.();
  await setTimeout(30); // threads beside this one sweep
  await atWork();
  const taken = await spent(async () => {
    let result = work(text);
    if (result instanceof Promise) result = await result;
    if (typeof result === 'string') result.charCodeAt(result.length >> 1);
  });
  return megabytes(text) / taken;
}

type Work = (text: string) => unknown;
interface Side {
  readonly name: string;
  readonly text: string;
  readonly work: Work;
}

/** The sides, another one first every time. */
const turned = <T>(sides: readonly T[], round: number): T[] =>
  sides.map((_, i) => sides[(i + round) % sides.length]);

/** Medians of rounds in which each side has one turn. */
async function rounds(sides: readonly Side[], count = ROUNDS): Promise<Map<string, number>> {
  const seen = new Map(sides.map((side) => [side.name, [] as number[]]));
  for (let i = 0; i < count; i++)
    for (const side of turned(sides, i))
      seen.get(side.name)?.push(await rate(side.text, side.work, () => side.work(side.text)));
  return new Map([...seen].map(([name, values]) => [name, median(values)]));
}

function reportAll(report: Report, metric: string, values: Map<string, number>, runs: number): void {
  const ours = values.get('ours') as number;
  for (const [peer, peerValue] of values)
    if (peer !== 'ours') report({ metric, unit: 'MB/s', ours, peer, peerValue, runs });
}

const partOf = (peer: Contestant, text: string): string =>
  peer.isSlow ? text.slice(0, Math.ceil(text.length / 10)) : text;

/** A text without every `step`-th character; with all for 0. */
const thinned = (text: string, step: number): string =>
  step === 0 ? text : Array.from(text, (char, i) => (i % step === 0 ? '' : char)).join('');

/**
 * A text that nobody has met, for tokenizers that are at work: every text falls into seven parts, all sides read the first two parts of all texts, whole
 * and with characters missing (words that nobody has met, of the same scripts), and then each of the others once, the texts in turn, right behind the first.
 */
async function firstSight(
  report: Report,
  encoding: string,
  texts: Readonly<Record<string, string>>,
  ours: Tokenizer,
  peers: readonly Contestant[],
): Promise<void> {
  const sides = [{ name: 'ours', encode: (t: string) => ours.encode(t) as ArrayLike<number> }, ...peers];
  const partOf = (text: string, i: number): string => {
    const size = Math.ceil(text.length / 7);
    return text.slice(i * size, (i + 1) * size);
  };
  for (const step of [0, 3, 5, 7, 11]) {
    for (const text of Object.values(texts))
      for (const side of sides) for (const i of [0, 1]) await side.encode(thinned(partOf(text, i), step));
    await setTimeout(300); // what the compiler has begun beside it is done
  }
  const kinds = Object.keys(texts);
  const seen = new Map(kinds.map((kind) => [kind, new Map(sides.map(({ name }) => [name, [] as number[]]))]));
  for (let i = 2; i < 7; i++)
    for (const kind of kinds)
      for (const side of turned(sides, i))
        seen
          .get(kind)
          ?.get(side.name)
          ?.push(await rate(partOf(texts[kind], i), side.encode, () => side.encode(partOf(texts[kind], 0))));
  for (const [kind, values] of seen) {
    const medians = new Map([...values].map(([name, each]) => [name, median(each)]));
    reportAll(report, `${encoding}, ${kind}: encode at first sight`, medians, 5);
  }
}

async function encodeText(
  report: Report,
  metric: string,
  text: string,
  ours: Tokenizer,
  peers: readonly Contestant[],
): Promise<void> {
  const isQuick = !peers[0].isSlow;
  const count = isQuick ? ROUNDS : 3;
  const own = (work: Work, name = 'ours'): Side => ({ name, text, work });
  const side = (peer: Contestant, work: Work): Side => ({
    name: peer.name,
    text: partOf(peer, text),
    work,
  });
  for (const peer of peers) await peer.encode(partOf(peer, text));
  const ids = ours.encode(text);
  const encode = own((t) => ours.encode(t));
  reportAll(
    report,
    `${metric}: encode`,
    await rounds([encode, ...peers.map((peer) => side(peer, peer.encode))], count),
    count,
  );
  if (!isQuick) return;
  const decoders = peers.flatMap(({ decode, ...peer }) =>
    decode === undefined ? [] : [side(peer, () => decode(ids))],
  );
  reportAll(report, `${metric}: decode`, await rounds([own(() => ours.decode(ids)), ...decoders]), ROUNDS);
  const counters = peers.flatMap((peer) => (peer.count === undefined ? [] : [side(peer, peer.count)]));
  const ownCount = own((t) => ours.count(t));
  reportAll(
    report,
    `${metric}: count`,
    await rounds([ownCount, { ...encode, name: 'our encode' }, ...counters]),
    ROUNDS,
  );
}

async function shortStrings(
  report: Report,
  name: string,
  lines: readonly string[],
  ours: Tokenizer,
  peers: readonly Contestant[],
): Promise<void> {
  const perCall = async (encode: Contestant['encode'], some: readonly string[]): Promise<number> => {
    const taken = await spent(async () => {
      for (const line of some) {
        const ids = encode(line);
        if (ids instanceof Promise) await ids;
      }
    });
    return (taken * 1e6) / some.length;
  };
  const few = lines.slice(0, 200);
  const mine: number[] = [];
  const theirs = peers.map(() => [] as number[]);
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(await perCall((t) => ours.encode(t), lines));
    for (let i = 0; i < peers.length; i++)
      theirs[i].push(
        await perCall(peers[i].encode, peers[i].isSlow || peers[i].name.startsWith('tiktoken') ? few : lines),
      );
  }
  peers.forEach((peer, i) => {
    const metric = `${name}: one line, ${Math.round(lines.join('').length / lines.length)} characters`;
    const base = { metric, unit: 'us/call', peer: peer.name, lowerIsBetter: true, runs: ROUNDS };
    report({ ...base, ours: median(mine), peerValue: median(theirs[i]) });
  });
}

const PATHOLOGICAL: Readonly<Record<string, (n: number) => string>> = {
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

/** Long runs without a cut: the time of a million characters, and against ten times a tenth of it, which is 1 when the cost is linear. */
async function pathological(report: Report, ours: Tokenizer, peers: readonly Contestant[]): Promise<void> {
  const milliseconds = async (work: () => unknown): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  for (const [kind, make] of Object.entries(PATHOLOGICAL)) {
    const whole = make(1_000_000);
    const part = make(100_000);
    ours.encode(part);
    const tenths: number[] = [];
    for (let i = 0; i < 3; i++) tenths.push(await milliseconds(() => ours.encode(part)));
    report({
      metric: `cl100k_base: 1,000,000 characters of ${kind}`,
      unit: 'ms',
      ours: await milliseconds(() => ours.encode(whole)),
      peer: 'ours, 10 x 100,000',
      peerValue: median(tenths) * 10,
      lowerIsBetter: true,
      runs: 1,
    });
    const small = make(10_000);
    for (const peer of peers) {
      report({
        metric: `cl100k_base: 10,000 characters of ${kind}`,
        unit: 'ms',
        peer: peer.name,
        lowerIsBetter: true,
        runs: 1,
        ours: await milliseconds(() => ours.encode(small)),
        peerValue: await milliseconds(() => peer.encode(small)),
      });
    }
  }
}

/** SentencePiece-style BPE with llama-tokenizer-js's own vocabulary, which all sides get. */
async function llama2(report: Report, texts: Readonly<Record<string, string>>): Promise<void> {
  const json = await llama2Json();
  if ('reason' in json) return absent(report, 'llama2: encode', { name: 'all', reason: json.reason });
  const ours = readTokenizerJson(json.json);
  const peers = await peersFor('llama2', json.json);
  for (const peer of peers) if ('reason' in peer) absent(report, 'llama2: encode', peer);
  const present = peers.filter((peer): peer is Contestant => !('reason' in peer));
  for (const [kind, text] of Object.entries(texts)) {
    const tenth = text.slice(0, Math.ceil(text.length / 20));
    const sides: Side[] = [
      { name: 'ours', text, work: (t) => ours.encode(t) },
      ...present.map((peer) => ({ name: peer.name, text: tenth, work: peer.encode })),
    ];
    await rounds(sides, 1);
    reportAll(report, `llama2, ${kind}: encode`, await rounds(sides, 3), 3);
  }
}
