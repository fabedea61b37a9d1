// Greedy longest match over bytes (RWKV's "world" vocabulary): at each place the longest token that fits. Pieces are written in GPT-2's byte alphabet; every byte
// must be a token, or the unknown token stands for it.
import { alphabetToBytes, bytesToAlphabet } from '../byte-alphabet.ts';
import { ByteTrie } from '../engine/byte-trie.ts';
import type { Model, ModelToken } from './model.ts';

/** `tokens`: bytes by id; empty ones never match. */
export function longestMatch(tokens: readonly Uint8Array[], unkId: number): Model {
  const trie = new ByteTrie();
  const ids = new Map<string, number>();
  tokens.forEach((bytes, id) => {
    if (bytes.length === 0) return;
    trie.insert(bytes, id);
    ids.set(bytesToAlphabet(bytes), id);
  });
  return {
    size: tokens.length,
    tokenize: (piece, { excluded } = {}) => {
      const bytes = alphabetToBytes(piece);
      if (bytes === undefined) {
        throw new TypeError(
          'piece: expected text in the byte alphabet, put a ByteLevel pre-tokenizer before the model',
        );
      }
      const found: ModelToken[] = [];
      let at = 0; // in UTF-8 bytes of the piece
      for (let start = 0; start < bytes.length; ) {
        let best = unkId;
        let stop = start + 1;
        let node = 0;
        for (let end = start; end < bytes.length; ) {
          node = trie.child(node, bytes[end++]);
          if (node < 0) break;
          const id = trie.value(node);
          if (id < 0 || excluded?.has(id)) continue;
          best = id;
          stop = end;
        }
        const from = at;
        for (; start < stop; start++) at += piece.charCodeAt(start) < 0x80 ? 1 : 2;
        found.push({ id: best, start: from, end: at });
      }
      return found;
    },
    tokenToId: (token) => ids.get(token),
    idToToken: (id) => (tokens[id] === undefined ? undefined : bytesToAlphabet(tokens[id])),
    config: () => {
      throw new TypeError(
        'tokenizer.json has no model that takes the longest match; this vocabulary cannot be written as one',
      );
    },
  };
}

/** Bytes of a token as RWKV files write it: Python's escapes \t, \n, \r, \\, \', \" and \xHH. */
export function unescapeBytes(text: string): Uint8Array {
  const encoder = new TextEncoder();
  const parts: number[] = [];
  for (let i = 0; i < text.length; ) {
    const found = /^\\(?:x([0-9a-fA-F]{2})|([tnr\\'"]))/.exec(text.slice(i, i + 4));
    if (found === null) {
      const char = String.fromCodePoint(text.codePointAt(i)!);
      parts.push(...encoder.encode(char));
      i += char.length;
    } else {
      const plain: Record<string, number> = { t: 9, n: 10, r: 13, '\\': 92, "'": 39, '"': 34 };
      parts.push(found[1] === undefined ? plain[found[2]] : Number.parseInt(found[1], 16));
      i += found[0].length;
    }
  }
  return Uint8Array.from(parts);
}
