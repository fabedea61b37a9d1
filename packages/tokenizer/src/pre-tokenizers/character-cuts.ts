// Cuts of plain text at single characters, for the stages whose pattern is a set of characters: the same as `characterPattern` with 'Removed' or 'Isolated', without
// an object for each stretch.

/** What a character does: nothing, end a word and go, or be a word of its own. */
export type CharacterCut = 0 | 1 | 2;
export const KEPT = 0;
export const REMOVED = 1;
export const ISOLATED = 2;

/** A function that cuts text as `cutOf` says of each code point; what is known of the basic plane is remembered. */
export function characterCuts(cutOf: (codePoint: number) => CharacterCut): (text: string) => string[] {
  const known = new Uint8Array(1 << 16); // one more than the cut
  return (text) => {
    const words: string[] = [];
    const size = text.length;
    let start = 0;
    for (let i = 0; i < size; ) {
      const unit = text.charCodeAt(i);
      let cut = known[unit] - 1;
      let next = i + 1;
      if (cut < 0) {
        const codePoint = text.codePointAt(i)!;
        cut = cutOf(codePoint);
        if (codePoint > 0xffff) next++;
        else known[unit] = cut + 1;
      }
      if (cut !== KEPT) {
        if (start < i) words.push(text.slice(start, i));
        if (cut === ISOLATED) words.push(text.slice(i, next));
        start = next;
      }
      i = next;
    }
    if (start === 0 && size > 0) words.push(text);
    else if (start < size) words.push(text.slice(start));
    return words;
  };
}
