// Connectionist temporal classification: repeated tokens count once, the pad token separates, the word delimiter is a space.
import type { Decoder } from './decoder.ts';
import { cleanUp } from './word-piece.ts';

export const ctc = (padToken: string, wordDelimiterToken: string, cleanup: boolean): Decoder => ({
  config: { type: 'CTC', pad_token: padToken, word_delimiter_token: wordDelimiterToken, cleanup },
  decode: (tokens) =>
    tokens
      .filter((token, i) => i === 0 || token !== tokens[i - 1])
      .map((token) => {
        const text = token.replaceAll(padToken, '');
        return cleanup ? cleanUp(text).replaceAll(wordDelimiterToken, ' ') : text;
      })
      .filter((text) => text !== ''),
});
