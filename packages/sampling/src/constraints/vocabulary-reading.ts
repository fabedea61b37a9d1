// What is known of a vocabulary before any grammar: made with the vocabulary, kept beside it.
import { type StringTokens, stringTokens } from './string-tokens.ts';
import { sliceTokens, type TokenSlice } from './token-slices.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A vocabulary's tokens by what they do where anything, or anything of a kind, may come. */
export interface VocabularyReading {
  readonly slices: readonly TokenSlice[];
  readonly inString: StringTokens;
}

const kept = new WeakMap<Vocabulary, VocabularyReading>();

/** The reading of a vocabulary, made once. */
export function readVocabulary(vocabulary: Vocabulary): VocabularyReading {
  let reading = kept.get(vocabulary);
  if (reading === undefined) {
    const { texts, textIds, vocabSize } = vocabulary;
    reading = {
      slices: sliceTokens(texts, textIds, vocabSize),
      inString: stringTokens(vocabulary, vocabSize),
    };
    kept.set(vocabulary, reading);
  }
  return reading;
}
