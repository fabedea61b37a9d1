// What is known of a vocabulary before any grammar: made with the vocabulary, kept beside it.
import type { LexemeWalk } from './lexeme-walk.ts';
import { Memo } from './memo.ts';
import { type StringTokens, stringTokens } from './string-tokens.ts';
import { sliceTokens, type TokenSlice } from './token-slices.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A vocabulary's tokens by what they do where anything, or anything of a kind, may come. */
export interface VocabularyReading {
  readonly slices: readonly TokenSlice[];
  readonly inString: StringTokens;
  /** More characters than this no token brings into a JSON string. */
  readonly longest: number;
  /** Walks within lexemes, by lexeme and state: grammars share what they have in common. */
  readonly walks: Memo<string, LexemeWalk>;
}

const mostWalks = 512;

const kept = new WeakMap<Vocabulary, VocabularyReading>();

/** The reading of a vocabulary, made once. */
export function readVocabulary(vocabulary: Vocabulary): VocabularyReading {
  let reading = kept.get(vocabulary);
  if (reading === undefined) {
    const { texts, textIds, vocabSize } = vocabulary;
    const inString = stringTokens(vocabulary, vocabSize);
    reading = {
      slices: sliceTokens(texts, textIds, vocabSize),
      inString,
      longest: Math.max(inString.ends.length, inString.exitEnds.length),
      walks: new Memo(mostWalks),
    };
    kept.set(vocabulary, reading);
  }
  return reading;
}
