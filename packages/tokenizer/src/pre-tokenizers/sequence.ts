// Several pre-tokenizers: each cuts the pieces of the one before.
import type { AlignedText } from '../aligned-text.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

export function preTokenizerSequence(preTokenizers: readonly PreTokenizer[]): PreTokenizer {
  const last = preTokenizers.at(-1);
  const run = (piece: AlignedText, stages: readonly PreTokenizer[]): AlignedText[] => {
    let pieces = [piece];
    for (const stage of stages) pieces = pieces.flatMap((p) => stage.split(p)).filter((p) => p.value !== '');
    return pieces;
  };
  const words = (text: string): string[] => {
    let parts = [text];
    for (const stage of preTokenizers) {
      if (parts.length === 1) parts = parts[0] === '' ? [] : stage.words!(parts[0]);
      else parts = parts.flatMap((part) => (part === '' ? [] : stage.words!(part)));
    }
    return parts;
  };
  // Stages behind the one that writes the bytes see the alphabet, so only a last one may leave them unwritten.
  const early = preTokenizers.slice(0, -1);
  const canCut = last?.cut !== undefined && early.every((p) => p.cut === undefined);
  return {
    config: { type: 'Sequence', pretokenizers: preTokenizers.map((p) => p.config) },
    split: (piece) => run(piece, preTokenizers),
    ...(preTokenizers.every((p) => p.words !== undefined) && { words: (text: string) => words(text) }),
    ...(canCut && { cut: (piece: AlignedText) => run(piece, early).flatMap((p) => last.cut!(p)) }),
  };
}
