// Encoding, decoding, counting, loading and training beside the JavaScript, wasm and native peers, in one run: every round of a measurement goes through all
// contestants. Vocabularies come out of the peers' own packages; texts are those below, or the .txt files of `--texts DIR`. Parts: `--only encode,short,...`;
// `--only train --corpus FILE` trains on a file of any size.
// `tokenizers` and `@huggingface/tokenizers`, at about 1 MB/s, are measured on the first tenth of a text, the others on all of it.
import { readTiktoken, readTokenizerJson, type Tokenizer, writeTokenizerJson } from '@ashlar/tokenizer';
import { median, type Report } from './measure.ts';
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
  readonly texts?: string;
  /** A file of any size to train on instead of the texts. */
  readonly corpus?: string;
}

const PARTS = ['encode', 'short', 'pathological', 'llama2', 'load', 'train'];
const ROUNDS = 5;

export async function run(report: Report, options: TokenizerBenchOptions = {}): Promise<void> {
  const unknown = options.only?.filter((part) => !PARTS.includes(part)) ?? [];
  if (unknown.length > 0)
    throw new RangeError(`--only: expected some of ${PARTS.join(', ')}, got ${unknown}`);
  const wants = (part: string) => options.only === undefined || options.only.includes(part);
  const texts = benchTexts(options.texts);
  const lines = Object.values(texts)[0].split('\n').slice(0, 4000);
  for (const name of ['cl100k_base', 'o200k_base', 'llama3', 'r50k_base']) {
    if (!['encode', 'short', 'pathological'].some(wants)) break;
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
    const peers = await peersFor(name, writeTokenizerJson(open.make()) as object);
    for (const peer of peers) if ('reason' in peer) absent(report, `${name}: encode`, peer);
    const present = peers.filter((peer): peer is Contestant => !('reason' in peer));
    if (wants('encode'))
      for (const [kind, text] of Object.entries(texts))
        await encodeText(report, `${name}, ${kind}`, text, open.make, present);
    if (wants('short')) await shortStrings(report, name, lines, open.make(), present);
    if (wants('pathological') && name === 'cl100k_base') await pathological(report, open.make(), present);
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

/** MB/s of one call. A string put together from parts is only whole once it has been read; every side pays for that within its time. */
async function rate(text: string, work: (text: string) => unknown): Promise<number> {
  globalThis.gc?.(); // nobody pays for the garbage of the one before
  const start = performance.now();
  let result = work(text);
  if (result instanceof Promise) result = await result;
  if (typeof result === 'string') result.charCodeAt(result.length >> 1);
  return megabytes(text) / ((performance.now() - start) / 1000);
}

type Work = (text: string) => unknown;
interface Side {
  readonly name: string;
  readonly text: string;
  readonly work: Work;
}

/** Medians of rounds in which each side has one turn. */
async function rounds(sides: readonly Side[], count = ROUNDS): Promise<Map<string, number>> {
  const seen = new Map(sides.map((side) => [side.name, [] as number[]]));
  for (let i = 0; i < count; i++)
    for (const side of sides) (seen.get(side.name) as number[]).push(await rate(side.text, side.work));
  return new Map([...seen].map(([name, values]) => [name, median(values)]));
}

function reportAll(report: Report, metric: string, values: Map<string, number>, runs: number): void {
  const ours = values.get('ours') as number;
  for (const [peer, peerValue] of values)
    if (peer !== 'ours') report({ metric, unit: 'MB/s', ours, peer, peerValue, runs });
}

const partOf = (peer: Contestant, text: string): string =>
  peer.isSlow ? text.slice(0, Math.ceil(text.length / 10)) : text;

async function encodeText(
  report: Report,
  metric: string,
  text: string,
  fresh: () => Tokenizer,
  peers: readonly Contestant[],
): Promise<void> {
  // Parts that no side has met, after one that it has met five times: first sight in a process that is warm.
  const size = Math.ceil(text.length / 7);
  const parts = Array.from({ length: 7 }, (_, i) => text.slice(i * size, (i + 1) * size));
  const quick = peers.filter((peer) => !peer.isSlow);
  const ours = fresh();
  for (let i = 0; i < 5; i++) {
    ours.encode(parts[0]);
    for (const peer of quick) await peer.encode(parts[0]);
  }
  const first = new Map<string, number[]>([['ours', []], ...quick.map((p) => [p.name, []] as const)] as [
    string,
    number[],
  ][]);
  for (const part of parts.slice(1)) {
    first.get('ours')?.push(await rate(part, (t) => ours.encode(t)));
    for (const peer of quick) first.get(peer.name)?.push(await rate(part, peer.encode));
  }
  const medians = new Map([...first].map(([name, values]) => [name, median(values)]));
  reportAll(report, `${metric}: encode at first sight`, medians, 6);

  const own = (work: Work): Side => ({ name: 'ours', text, work });
  const side = (peer: Contestant, work: Work): Side => ({
    name: peer.name,
    text: partOf(peer, text),
    work,
  });
  for (const peer of peers) await peer.encode(partOf(peer, text));
  ours.encode(text);
  // The slow ones have rounds of their own: what they leave in the caches of the machine is not the others' matter.
  for (const group of [quick, peers.filter((peer) => peer.isSlow)]) {
    if (group.length === 0) continue;
    const count = group === quick ? ROUNDS : 3;
    const sides = group.map((peer) => side(peer, peer.encode));
    reportAll(
      report,
      `${metric}: encode`,
      await rounds([own((t) => ours.encode(t)), ...sides], count),
      count,
    );
  }
  const ids = ours.encode(text);
  const decoders = peers.flatMap((peer) => {
    const { decode } = peer;
    return decode === undefined || peer.isSlow ? [] : [side(peer, () => decode(ids))];
  });
  reportAll(report, `${metric}: decode`, await rounds([own(() => ours.decode(ids)), ...decoders]), ROUNDS);
  const counters = peers.flatMap((peer) => (peer.count === undefined ? [] : [side(peer, peer.count)]));
  const counted = await rounds([
    own((t) => ours.count(t)),
    { name: 'our encode', text, work: (t) => ours.encode(t) },
    ...counters,
  ]);
  reportAll(report, `${metric}: count`, counted, ROUNDS);
}

async function shortStrings(
  report: Report,
  name: string,
  lines: readonly string[],
  ours: Tokenizer,
  peers: readonly Contestant[],
): Promise<void> {
  const perCall = async (encode: Contestant['encode'], some: readonly string[]): Promise<number> => {
    const start = performance.now();
    for (const line of some) {
      const ids = encode(line);
      if (ids instanceof Promise) await ids;
    }
    return ((performance.now() - start) * 1000) / some.length;
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
