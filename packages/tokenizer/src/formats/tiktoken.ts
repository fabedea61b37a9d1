// tiktoken's rank files: one token a line, base64 of its bytes, a space, its rank. The patterns and control tokens of OpenAI's encodings are built in; the
// ranks are not.
import type { AddedToken } from '../added-tokens.ts';
import { alphabetToBytes } from '../byte-alphabet.ts';
import { TokenTable } from '../engine/token-table.ts';
import { BpeModel } from '../models/bpe.ts';
import { TiktokenModel } from '../models/tiktoken.ts';
import { CL100K_PATTERN, GPT2_PATTERN, knownScanner, O200K_PATTERN } from '../scanners/known-scanners.ts';
import { Tokenizer } from '../tokenizer.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { refuseUnknownOptions } from '../unknown-options.ts';
import { bytesToBase64 } from './base64.ts';
import { decoderFromJson, preTokenizerFromJson } from './stages-from-json.ts';
import { sequenceOf } from './tiktoken-split.ts';

/** OpenAI's encodings whose pattern and control tokens are built in. */
export type TiktokenEncoding =
  | 'gpt2'
  | 'r50k_base'
  | 'p50k_base'
  | 'p50k_edit'
  | 'cl100k_base'
  | 'o200k_base'
  | 'o200k_harmony';

/** What `readTiktoken` must be told. */
export interface TiktokenOptions {
  /** The name of an encoding ('cl100k', 'cl100k_base', ...) or a regular expression in fancy-regex syntax. */
  readonly pattern: string;
  /** Control tokens and their ids; default: those of the encoding. */
  readonly specialTokens?: Readonly<Record<string, number>>;
  /** Bytes of pieces that are remembered with their ids, 0 for none; default 4 MiB. */
  readonly cacheBytes?: number;
}

const END = '<|endoftext|>';
/** Ends of an answer and of a call in the harmony format. */
const TURN_ENDS = ['<|return|>', '<|call|>'];
const FIM = (first: number) => ({
  '<|fim_prefix|>': first,
  '<|fim_middle|>': first + 1,
  '<|fim_suffix|>': first + 2,
});

interface Encoding {
  readonly pattern: string;
  readonly specials: Readonly<Record<string, number>>;
  /** The ids between and behind those up to here are reserved, under names of their own. */
  readonly reservedTo?: number;
}

const ENCODINGS: Readonly<Record<TiktokenEncoding, Encoding>> = {
  gpt2: { pattern: GPT2_PATTERN, specials: { [END]: 50256 } },
  r50k_base: { pattern: GPT2_PATTERN, specials: { [END]: 50256 } },
  p50k_base: { pattern: GPT2_PATTERN, specials: { [END]: 50256 } },
  p50k_edit: { pattern: GPT2_PATTERN, specials: { [END]: 50256, ...FIM(50281) } },
  cl100k_base: {
    pattern: CL100K_PATTERN,
    specials: { [END]: 100257, ...FIM(100258), '<|endofprompt|>': 100276 },
  },
  o200k_base: { pattern: O200K_PATTERN, specials: { [END]: 199999, '<|endofprompt|>': 200018 } },
  o200k_harmony: {
    pattern: O200K_PATTERN,
    specials: {
      '<|startoftext|>': 199998,
      [END]: 199999,
      '<|return|>': 200002,
      '<|constrain|>': 200003,
      '<|channel|>': 200005,
      '<|start|>': 200006,
      '<|end|>': 200007,
      '<|message|>': 200008,
      '<|call|>': 200012,
      '<|endofprompt|>': 200018,
    },
    reservedTo: 201088,
  },
};

function encodingOf(name: string): Encoding | undefined {
  for (const candidate of [name, `${name}_base`]) {
    if (Object.hasOwn(ENCODINGS, candidate)) return ENCODINGS[candidate as TiktokenEncoding];
  }
  return undefined;
}

/** An encoding's control tokens with the reserved ones. */
function specialsOf({ specials, reservedTo = 0 }: Encoding): Record<string, number> {
  const all = { ...specials };
  const taken = new Set(Object.values(specials));
  for (let id = Math.min(...taken); id < reservedTo; id++) if (!taken.has(id)) all[`<|reserved_${id}|>`] = id;
  return all;
}

/**
 * A tokenizer from a tiktoken rank file. Throws a RangeError for a malformed line or when a byte has no rank.
 *
 * @example
 * ```ts
 * import { readTiktoken } from '@ashlar/tokenizer';
 *
 * const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join('\n');
 * const tokenizer = readTiktoken(`${bytes}\n${btoa(' a')} 256`, { pattern: 'cl100k', specialTokens: { '<|end|>': 257 } });
 * tokenizer.encode('a a<|end|>', { allowedSpecial: 'all' }) // => [97, 256, 257]
 * ```
 */
export function readTiktoken(ranks: string | Uint8Array, options: TiktokenOptions): Tokenizer {
  refuseUnknownOptions('readTiktoken', options, ['pattern', 'specialTokens', 'cacheBytes']);
  const encoding = encodingOf(options.pattern);
  const table = tableOf(typeof ranks === 'string' ? encodeUtf8(ranks) : ranks);
  const specials = options.specialTokens ?? (encoding && specialsOf(encoding)) ?? {};
  const ends = [END, ...TURN_ENDS].flatMap((text) => (Object.hasOwn(specials, text) ? [specials[text]] : []));
  return tokenizerOfRanks(table, encoding?.pattern ?? options.pattern, specials, {
    ...(options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes }),
    ...(ends.length > 0 && { eosTokenIds: ends }),
  });
}

/** A tokenizer from ranks in a table; shared with Tekken. */
export function tokenizerOfRanks(
  table: TokenTable,
  pattern: string,
  specials: Readonly<Record<string, number>>,
  extras: {
    readonly cacheBytes?: number;
    readonly eosTokenIds?: readonly number[];
    readonly bosTokenId?: number;
  } = {},
): Tokenizer {
  const addedTokens = Object.entries(specials).map(
    ([content, id]): AddedToken => ({ id, content, special: true }),
  );
  const { cacheBytes, ...ids } = extras;
  return new Tokenizer({
    model: new TiktokenModel(table, cacheBytes),
    preTokenizer: knownScanner(pattern)
      ? preTokenizerFromJson(sequenceOf(pattern))
      : sequenceOf(pattern, 'rust'),
    decoder: decoderFromJson({
      type: 'ByteLevel',
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: false,
    }),
    addedTokens,
    ...ids,
  });
}

/** Reads the lines straight into packed bytes: no string is made for a token. */
function tableOf(file: Uint8Array): TokenTable {
  const starts: number[] = [];
  const lengths: number[] = [];
  let at = 0;
  let total = 0;
  for (let line = 1; at < file.length; line++) {
    const begin = at;
    while (at < file.length && file[at] !== 32 && file[at] !== 10 && file[at] !== 13) at++;
    let length = at - begin;
    if (length > 0) {
      while (length > 0 && file[begin + length - 1] === 61) length--;
      if (file[at] !== 32) throw new RangeError(`ranks, line ${line}: expected base64, a space and a rank`);
      let rank = 0;
      const digits = ++at;
      for (; at < file.length && file[at] >= 48 && file[at] <= 57; at++) rank = rank * 10 + file[at] - 48;
      if (at === digits || rank > 1 << 24)
        throw new RangeError(`ranks, line ${line}: expected a rank below 2^24`);
      starts[rank] = begin;
      lengths[rank] = length;
      total += (length * 3) >> 2;
    }
    while (at < file.length && (file[at] === 10 || file[at] === 13 || file[at] === 32)) at++;
  }
  const bytes = new Uint8Array(total + 8); // as TokenTable wants them, so that it need not copy
  const offsets = new Int32Array(starts.length + 1);
  let write = 0;
  for (let rank = 0; rank < starts.length; rank++) {
    offsets[rank] = write;
    const length = lengths[rank] ?? 0;
    let held = 0;
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const value = SIXTET[file[starts[rank] + i]];
      if (value < 0) throw new RangeError(`ranks: the token of rank ${rank} is no base64`);
      held = ((held << 6) | value) & 0xffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes[write++] = held >> bits;
      }
    }
  }
  offsets[starts.length] = write;
  return new TokenTable(bytes, offsets);
}

const SIXTET: Int8Array = /* @__PURE__ */ (() => {
  const table = new Int8Array(256).fill(-1);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
})();

/**
 * The rank file of a tokenizer: tiktoken's own, or a byte-level BPE whose merges come in the order of ids. Throws a TypeError for any other model.
 */
export function writeTiktoken(tokenizer: Tokenizer): string {
  const { model } = tokenizer.parts;
  const lines: string[] = [];
  if (model instanceof TiktokenModel) {
    for (let rank = 0; rank < model.size; rank++) {
      const bytes = model.bytesOf(rank);
      if (bytes.length > 0) lines.push(`${bytesToBase64(bytes)} ${rank}`);
    }
  } else if (model instanceof BpeModel) {
    const results = model.options.merges.entries().map((rule) => rule.id);
    const rising = results.every((id, i) => i === 0 || id >= results[i - 1]);
    if (!rising)
      throw new TypeError('writeTiktoken: the merges do not come in the order of ids, ranks cannot say that');
    for (let id = 0; id < tokenizer.vocabSize; id++) {
      const token = model.idToToken(id);
      if (token === undefined || tokenizer.specialIds.has(id)) continue;
      const bytes = alphabetToBytes(token);
      if (bytes === undefined)
        throw new TypeError(`writeTiktoken: the token ${JSON.stringify(token)} is not byte-level`);
      lines.push(`${bytesToBase64(bytes)} ${id}`);
    }
  } else throw new TypeError('writeTiktoken: expected a byte-level BPE');
  return `${lines.join('\n')}\n`;
}
