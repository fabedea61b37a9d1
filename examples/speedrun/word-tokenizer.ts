// The run's tokenizer: one id a word, a mark or a digit, counted from the text. A tokenizer.json like any other, so the model that comes out can be loaded elsewhere.
import { readTokenizerJson, type Tokenizer } from '@ashlar/tokenizer';

/** tokenizer.json for every word of the texts, most frequent first; ids 0, 1 and 2 are padding, end and unknown. */
export function trainWordTokenizer(texts: Iterable<string>): object {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of text.match(/\d|[^\W\d]+|[^\w\s]/gu) ?? [])
      counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([word]) => word);
  const vocab = Object.fromEntries(['<pad>', '<end>', '<unk>', ...words].map((word, id) => [word, id]));
  const special = (content: string, id: number) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  return {
    version: '1.0',
    added_tokens: [special('<pad>', 0), special('<end>', 1), special('<unk>', 2)],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: '\\d|[^\\W\\d]+|[^\\w\\s]' }, behavior: 'Removed', invert: true },
      ],
    },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '<unk>' },
  };
}

/** The tokenizer of such a file. */
export const loadWordTokenizer = (json: object): Tokenizer =>
  readTokenizerJson(json, { eosTokenIds: [1], padTokenId: 0, unkTokenId: 2 });
