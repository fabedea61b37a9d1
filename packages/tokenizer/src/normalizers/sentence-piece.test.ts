// SentencePiece's normaliser and the stages that tokenizer.json has for it: where they are one, and where they are not.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlignedText } from '../aligned-text.ts';
import { readSentencePiece } from '../formats/sentence-piece.ts';
import { normalizerFromJson } from '../formats/stages-from-json.ts';
import type { Normalizer, StageConfig } from './normalizer.ts';
import { type SentencePieceNormalizerOptions, sentencePieceNormalizer } from './sentence-piece.ts';

const shown = (stage: Normalizer, text: string): string => {
  const aligned = AlignedText.from(text, false);
  stage.normalize(aligned);
  return aligned.value;
};
const none = new Uint8Array(0);

describe('SentencePiece normalisation in tokenizer.json', () => {
  it('spaces, dummy prefix and suffix are the same whatever the options', () => {
    const options = fc.record({
      addDummyPrefix: fc.boolean(),
      removeExtraWhitespaces: fc.boolean(),
      escapeWhitespaces: fc.boolean(),
      whitespaceAsSuffix: fc.boolean(),
    });
    const text = fc.array(fc.constantFrom(' ', '  ', 'a', '\u2581', '\n', '\t', '\u00e9', '\u3000'), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(options, text, (flags, parts) => {
        const own = sentencePieceNormalizer({ charsmap: none, ...flags });
        expect(shown(normalizerFromJson(own.config), parts.join(''))).toBe(shown(own, parts.join('')));
      }),
    );
  });
});

// A model with the library's usual map (nmt_nfkc); skipped when the shared data is absent.
const path = fileURLToPath(
  new URL('../../../../../shared/data/tokenizers/sentencepiece_test_model.model', import.meta.url),
);

describe.skipIf(!existsSync(path))("the library's map of characters in tokenizer.json", () => {
  const stages = (): { own: Normalizer; written: Normalizer; converted: Normalizer } => {
    const config = readSentencePiece(readFileSync(path)).parts.normalizer?.config as StageConfig;
    const all = config.normalizers as StageConfig[];
    const map = all.find(({ type }) => type === 'Precompiled') as StageConfig;
    const options: SentencePieceNormalizerOptions = {
      charsmap: new Uint8Array(Buffer.from(map.precompiled_charsmap as string, 'base64')),
      addDummyPrefix: false,
      removeExtraWhitespaces: false,
      escapeWhitespaces: false,
    };
    const own = sentencePieceNormalizer(options);
    return { own, written: normalizerFromJson(own.config), converted: normalizerFromJson(map) };
  };
  const { own, written, converted } = stages();

  it('every character by itself', () => {
    for (let code = 1; code < 0x1_0000; code++) {
      if (code === 0xd800) code = 0xe000;
      const char = String.fromCharCode(code);
      if (shown(written, char) !== shown(own, char)) expect(code.toString(16)).toBe('the same by both');
    }
  });

  it('words in pieces come together, which Precompiled alone does not do', () => {
    const words = [
      '\ud55c\uad6d\uc5b4',
      '\u304c\u304e\u3050',
      'Vi\u1ec7t Nam',
      '\u30ac\u30d1',
      'r\u00e9sum\u00e9',
    ];
    for (const word of words) expect(shown(written, word.normalize('NFD'))).toBe(word);
    expect(shown(converted, words[0].normalize('NFD'))).not.toBe(words[0]);
    const half = '\uff76\uff9e\uff8a\uff9f';
    expect(shown(written, half)).toBe('\u30ac\u30d1');
    expect(shown(own, half)).toBe('\u30ac\u30d1');
    expect(shown(converted, half)).toBe('\u30ab\u3099\u30cf\u309a');
  });

  it('what differs still: clusters of one folded character and a mark that nothing is composed of', () => {
    expect(shown(own, '\u24e4\u0340')).toBe('\u00f9');
    expect(shown(own, '\u00aa\u0323')).toBe('\u1ea1');
    expect(shown(written, '\u00aa\u0323')).toBe('a');
  });
});
