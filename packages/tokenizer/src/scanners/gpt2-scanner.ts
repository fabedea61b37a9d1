// GPT-2's split by hand, one pass and no back-tracking:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
import {
  ASCII_CLASS,
  asciiLettersEnd,
  charLength,
  classAt,
  LETTER,
  MULTI_BYTE,
  NUMBER,
  plainPieceEnd,
  type Scanner,
  SPACE,
} from './character-classes.ts';

/** `digitsAlone`: every numeric character is cut out first and is a piece by itself (StarCoder, SmolLM). */
export function gpt2Scanner(digitsAlone: boolean): Scanner {
  const next = (bytes: Uint8Array, start: number, end: number): number => {
    const first = bytes[start];
    let kind = ASCII_CLASS[first];
    let at = start + 1;
    if (kind === MULTI_BYTE) {
      kind = classAt(bytes, start);
      at = start + charLength(first);
    }
    if (digitsAlone && kind & NUMBER) return at;
    if (first === 39 && at < end) {
      const a = bytes[at]; // 's 't 'm 'd
      if (a === 115 || a === 116 || a === 109 || a === 100) return at + 1;
      const b = bytes[at + 1]; // 're 've 'll
      if (at + 1 < end && ((a === 114 && b === 101) || (a === 118 && b === 101) || (a === 108 && b === 108)))
        return at + 2;
    }
    let after = at;
    if (first === 32 && at < end) {
      const b = bytes[at];
      kind = ASCII_CLASS[b];
      after = at + 1;
      if (kind === MULTI_BYTE) {
        kind = classAt(bytes, at);
        after = at + charLength(b);
      }
      if (digitsAlone && kind & NUMBER) return at;
    }
    if (!(kind & SPACE)) {
      const wanted = kind & (LETTER | NUMBER);
      while (after < end) {
        const b = bytes[after];
        let k = ASCII_CLASS[b];
        let length = 1;
        if (k === MULTI_BYTE) {
          k = classAt(bytes, after);
          length = charLength(b);
        }
        if ((k & (LETTER | NUMBER)) !== wanted || k & SPACE) break;
        after += length;
      }
      return after;
    }
    // A run of white space leaves its last character to what follows.
    let last = start;
    at = start;
    while (at < end) {
      const b = bytes[at];
      let k = ASCII_CLASS[b];
      let length = 1;
      if (k === MULTI_BYTE) {
        k = classAt(bytes, at);
        length = charLength(b);
      }
      if (!(k & SPACE)) {
        if (digitsAlone && k & NUMBER) return at;
        return last > start ? last : at;
      }
      last = at;
      at += length;
    }
    return at;
  };
  const scan: Scanner = (text, start, end, ends) => {
    const { bytes, view } = text;
    const most = ends.length;
    let count = 0;
    let at = start;
    while (count < most && at < end) {
      // A word: letters behind a space or none.
      let after = bytes[at] === 32 ? at + 1 : at;
      const k = ASCII_CLASS[bytes[after]];
      if (!(k & LETTER || (k === MULTI_BYTE && after < end && classAt(bytes, after) & LETTER))) {
        at = (digitsAlone ? 0 : plainPieceEnd(bytes, at, end)) || next(bytes, at, end);
        ends[count++] = at;
        continue;
      }
      for (;;) {
        after = asciiLettersEnd(view, after);
        const b = bytes[after];
        if (b < 0x80 || !(classAt(bytes, after) & LETTER)) break;
        after += charLength(b);
      }
      at = after;
      ends[count++] = at;
    }
    return count;
  };
  return Object.assign(scan, { kernel: { kind: 'gpt2', digits: 0, flag: digitsAlone } as const });
}
