// Forced text as ids. A text has many spellings in tokens; what is taken is the longest token at every place, or what
// the tokenizer itself would write, and nothing of the end where a token may reach beyond what is forced: there the
// model chooses.
import { childOf } from './token-trie.ts';
import type { Vocabulary } from './vocabulary.ts';

/** How the tokenizer spells a text. */
export type Spell = (text: string) => ArrayLike<number>;

/** The ids of `bytes`, at most `most`, as far as no token reaches beyond the bytes. */
export function forcedIds(
  vocabulary: Vocabulary,
  bytes: Uint8Array,
  most: number,
  spell: Spell | undefined,
): number[] {
  const ids = (spell && spelled(vocabulary, bytes, spell)) ?? longestTokens(vocabulary, bytes);
  const out: number[] = [];
  let at = 0;
  for (const id of ids) {
    if (out.length >= most || reachesBeyond(vocabulary, bytes, at)) break;
    out.push(id);
    at += (vocabulary.tokenBytes(id) as Uint8Array).length;
  }
  return out;
}

function* longestTokens(vocabulary: Vocabulary, bytes: Uint8Array): Generator<number> {
  const { firsts, tokens } = vocabulary;
  for (let at = 0; at < bytes.length; ) {
    let best = -1;
    let length = 0;
    let node = 0;
    for (let i = at; i < bytes.length; i++) {
      node = childOf(vocabulary, node, bytes[i]);
      if (node < 0) break;
      if (firsts[node + 1] > firsts[node]) {
        best = tokens[firsts[node]];
        length = i + 1 - at;
      }
    }
    if (best < 0) return;
    yield best;
    at += length;
  }
}

/** What the tokenizer writes, when it is this text and nothing else. */
function spelled(vocabulary: Vocabulary, bytes: Uint8Array, spell: Spell): number[] | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // ends inside a character
  }
  const ids = Array.from(spell(text));
  let at = 0;
  for (const id of ids) {
    const own = vocabulary.tokenBytes(id);
    if (own === undefined || own.some((byte, i) => bytes[at + i] !== byte)) return undefined;
    at += own.length;
  }
  return at === bytes.length ? ids : undefined;
}

/** Whether some token begins with all of the rest and is longer. */
function reachesBeyond(vocabulary: Vocabulary, bytes: Uint8Array, at: number): boolean {
  let node = 0;
  for (let i = at; i < bytes.length; i++) {
    node = childOf(vocabulary, node, bytes[i]);
    if (node < 0) return false;
  }
  return vocabulary.skips[node] > node + 1;
}
