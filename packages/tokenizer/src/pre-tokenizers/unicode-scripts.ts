// Cuts where the Unicode script changes, with SentencePiece's rules: kana count as Han, so does the prolonged sound mark; a space belongs to any script.
import { scriptOf } from '../unicode/scripts.ts';
import type { PreTokenizer } from './pre-tokenizer.ts';

export function unicodeScripts(): PreTokenizer {
  return {
    config: { type: 'UnicodeScripts' },
    split: (piece) => {
      const cuts: number[] = [];
      let last: string | undefined;
      let at = 0;
      for (const char of piece.value) {
        const script = sentencePieceScript(char);
        if (script !== 'Any' && last !== 'Any' && last !== script) cuts.push(at);
        at += char.length;
        if (script !== 'Any') last = script;
      }
      cuts.push(at);
      return cuts.slice(1).map((end, i) => piece.slice(cuts[i], end));
    },
  };
}

function sentencePieceScript(char: string): string {
  if (char === '\u30fc') return 'Han';
  if (char === ' ') return 'Any';
  const script = scriptOf(char);
  return script === 'Hiragana' || script === 'Katakana' ? 'Han' : script;
}
