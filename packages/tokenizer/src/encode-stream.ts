// Encodes text that comes in chunks, holding back as little as the cuts allow. Byte-level vocabularies with a known split never join a letter or number
// with a following space, nor a newline with a following letter, so text is cut there; other tokenizers see the text as a whole at its end.
import { lastSafeCut } from './safe-cut.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Chunks of text, or of its UTF-8 bytes cut anywhere (`response.body`): a web stream, or anything that can be iterated. */
export type TextChunks =
  | ReadableStream<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>;

/** The ids of chunked text, in order; joined they are those of `encode` on the joined text. */
export async function* encodeChunks(
  chunks: TextChunks,
  encode: (text: string) => number[],
  canCut: boolean,
): AsyncGenerator<number[]> {
  let held = '';
  let searched = 0; // no safe cut before here
  for await (const chunk of texts(iterate(chunks))) {
    held += chunk;
    if (!canCut || held.length - searched < 1024) continue;
    const tail = held.slice(Math.max(0, searched - 2));
    const at = lastSafeCut(tail);
    if (at === 0) {
      searched = held.length;
      continue;
    }
    const cut = held.length - tail.length + at;
    const ids = encode(held.slice(0, cut));
    held = held.slice(cut);
    searched = 0;
    if (ids.length > 0) yield ids;
  }
  if (held !== '') yield encode(held);
}

/** Bytes become text as soon as their characters are whole. */
async function* texts(chunks: AsyncIterable<unknown>): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const chunk of chunks) {
    if (chunk instanceof Uint8Array) yield utf8.decode(chunk, { stream: true });
    else if (typeof chunk === 'string') yield utf8.decode() + chunk;
    else throw new TypeError(`chunks: expected strings or Uint8Arrays, got ${typeof chunk}`);
  }
  yield utf8.decode();
}

async function* iterate(chunks: TextChunks): AsyncGenerator<unknown> {
  if (Symbol.asyncIterator in chunks || Symbol.iterator in chunks) {
    yield* chunks as AsyncIterable<unknown>;
    return;
  }
  const reader = (chunks as ReadableStream<unknown>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** Whether a tokenizer's cuts are those that streaming relies on. */
export function canCutStream(tokenizer: Tokenizer): boolean {
  const quiet = tokenizer.addedTokens.every(
    (t) => !/\s/.test(t.content) && !t.lstrip && !t.rstrip && !t.singleWord,
  );
  return quiet && tokenizer.hasKnownSplit;
}
