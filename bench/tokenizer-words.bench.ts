// Vocabularies that are no byte-pair encoding: WordPiece and Unigram, trained here on the bench's own texts (or t5-base and bert-base-cased, where ../shared
// has them), beside the two libraries that read them. Encoding warm and at first sight, counting, and a text without a space, which must not cost more.
// Parts: `--only word-piece,unigram,endless`.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readTokenizerJson, trainTokenizer, writeTokenizerJson } from '@ashlar/tokenizer';
import { median, type Report, seconds } from './measure.ts';
import { peersFor } from './tokenizer-peers.ts';
import { benchTexts } from './tokenizer-texts.ts';

const shared = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'shared');
const ROUNDS = 3;
const ENDLESS: Readonly<Record<string, string>> = {
  'one letter': 'a',
  spaces: ' ',
  newlines: '\n',
  ideographs: '\u65e5\u672c\u8a9e\u4e2d\u56fd',
  emoji: '\ud83d\udc68\u200d\ud83d\udc69',
  base64: 'aZ09+/xQ',
};
/** The peers, at 1 MB/s, read this much. */
const PART = 50_000;
const PARTS = ['word-piece', 'unigram', 'endless'] as const;
type Part = (typeof PARTS)[number];

/** What `pnpm bench tokenizer-words` can be told. */
export interface WordsBenchOptions {
  readonly only?: readonly string[];
  readonly texts?: string;
}

/** By name, those of the kinds that are wanted; all when only `endless` is. */
async function vocabularies(
  text: string,
  wants: (part: Part) => boolean,
): Promise<readonly (readonly [string, object])[]> {
  const bert = join(shared, 'data', 'tokenizers', 'kitoken', 'tokenizers', 'bert_base_cased.json.gz');
  const t5 = join(shared, 'goldens', 'tokenizers', 't5-base', 'tokenizer.json');
  const trained = async (kind: 'word-piece' | 'unigram') =>
    writeTokenizerJson(await trainTokenizer(text.split('\n'), { kind, vocabSize: 4000 }));
  const all = !wants('word-piece') && !wants('unigram');
  const found: (readonly [string, object])[] = [];
  if (all || wants('word-piece'))
    found.push([
      'WordPiece (bert-base-cased)',
      existsSync(bert)
        ? (JSON.parse(gunzipSync(readFileSync(bert)).toString('utf8')) as object)
        : await trained('word-piece'),
    ]);
  if (all || wants('unigram'))
    found.push([
      'Unigram (t5-base)',
      existsSync(t5) ? (JSON.parse(readFileSync(t5, 'utf8')) as object) : await trained('unigram'),
    ]);
  return found;
}

export async function run(report: Report, options: WordsBenchOptions = {}): Promise<void> {
  const unknown = options.only?.filter((part) => !PARTS.some((known) => known === part)) ?? [];
  if (unknown.length > 0)
    throw new RangeError(`--only: expected some of ${PARTS.join(', ')}, got ${unknown}`);
  const wants = (part: Part) => options.only === undefined || options.only.includes(part);
  const texts = benchTexts(options.texts);
  const isCompared = wants('word-piece') || wants('unigram');
  for (const [name, json] of await vocabularies(Object.values(texts)[0], wants)) {
    const peers = isCompared ? await peersFor(name, json) : [];
    for (const [kind, whole] of Object.entries(isCompared ? texts : {})) {
      const part = whole.slice(0, PART);
      const rate = async (text: string, work: (text: string) => unknown) =>
        Buffer.byteLength(text) / 1e6 / (await seconds(() => work(text)));
      const first: number[] = [];
      const warm: number[] = [];
      const count: number[] = [];
      const decode: number[] = [];
      const theirs = new Map<string, number[]>();
      const theirDecode = new Map<string, number[]>();
      for (let round = 0; round < ROUNDS; round++) {
        const fresh = readTokenizerJson(json);
        first.push(await rate(whole, (text) => fresh.encode(text)));
        warm.push(await rate(whole, (text) => fresh.encode(text)));
        count.push(await rate(whole, (text) => fresh.count(text)));
        const ids = fresh.encode(whole);
        const idsOfPart = fresh.encode(part);
        decode.push(await rate(whole, () => fresh.decode(ids)));
        for (const peer of peers) {
          if ('reason' in peer) continue;
          theirs.set(peer.name, [...(theirs.get(peer.name) ?? []), await rate(part, peer.encode)]);
          const work = async () => peer.decode?.(idsOfPart);
          theirDecode.set(peer.name, [...(theirDecode.get(peer.name) ?? []), await rate(part, work)]);
        }
      }
      for (const peer of peers) {
        const metric = `${name}, ${kind}`;
        const rates = theirs.get(peer.name);
        const common = {
          unit: 'MB/s',
          peer: peer.name,
          peerValue: rates === undefined ? null : median(rates),
          ...('reason' in peer && { reason: peer.reason }),
        };
        report({ metric: `${metric}: encode, warm`, ours: median(warm), ...common });
        report({ metric: `${metric}: encode, first sight`, ours: median(first), ...common });
        report({ metric: `${metric}: count, warm`, ours: median(count), ...common });
        const decoded = theirDecode.get(peer.name);
        const peerValue = decoded === undefined ? null : median(decoded);
        report({ metric: `${metric}: decode`, ours: median(decode), ...common, peerValue });
      }
    }
    if (!wants('endless')) continue;
    const tokenizer = readTokenizerJson(json);
    for (const [kind, unit] of Object.entries(ENDLESS)) {
      tokenizer.encode(unit.repeat(1000));
      const size = Math.floor(100_000 / unit.length);
      const short = await seconds(() => tokenizer.encode(unit.repeat(size)));
      const long = await seconds(() => tokenizer.encode(unit.repeat(10 * size)));
      report({
        metric: `${name}: 1,000,000 characters of ${kind} against ten times 100,000`,
        unit: 's',
        ours: long,
        peer: 'ours, 10 x 100,000',
        peerValue: 10 * short,
        lowerIsBetter: true,
      });
    }
  }
}
