// The substrings that a unigram vocabulary begins with: those that occur at least twice among the distinct pieces and are followed by more than one
// character (the inner nodes of the suffix tree), scored by occurrences times length. The end of a piece counts as one character, the same for all, as in
// Hugging Face's trainer: what only ends pieces is no seed. A suffix array with comparisons bounded by the greatest length.

/** Substrings of two or more characters, best first, at most `limit`. */
export function substringSeeds(
  pieces: readonly string[],
  maxLength: number,
  limit: number,
): { text: string; score: number }[] {
  const symbols: number[] = [];
  for (const piece of pieces) {
    for (const char of piece) symbols.push(char.codePointAt(0)!);
    symbols.push(-1);
  }
  const text = Int32Array.from(symbols);
  const starts: number[] = [];
  for (let i = 0; i < text.length; i++) if (text[i] >= 0) starts.push(i);
  const suffixes = Int32Array.from(starts).sort((a, b) => {
    for (let k = 0; k <= maxLength; k++) {
      const x = text[a + k];
      const y = text[b + k];
      if (x !== y) return x - y;
      if (x < 0) return 0;
    }
    return a - b;
  });
  const common = (a: number, b: number): number => {
    let k = 0;
    while (k <= maxLength && text[a + k] === text[b + k]) if (text[a + k++] < 0) break;
    return k;
  };
  const found: { text: string; score: number }[] = [];
  const report = (length: number, first: number, last: number) => {
    if (length < 2 || length > maxLength || text[suffixes[first] + length - 1] < 0) return;
    const chars = Array.from(text.subarray(suffixes[first], suffixes[first] + length), (c) =>
      String.fromCodePoint(c),
    );
    found.push({ text: chars.join(''), score: (last - first + 1) * length });
  };
  // Intervals of the suffix array with a common prefix, by a stack of (length, first suffix).
  const lengths: number[] = [0];
  const firsts: number[] = [0];
  for (let i = 1; i <= suffixes.length; i++) {
    const length = i < suffixes.length ? common(suffixes[i - 1], suffixes[i]) : 0;
    let first = i - 1;
    while (lengths[lengths.length - 1] > length) {
      first = firsts.pop()!;
      report(lengths.pop()!, first, i - 1);
    }
    if (length > lengths[lengths.length - 1]) {
      lengths.push(length);
      firsts.push(first);
    }
  }
  found.sort((a, b) => b.score - a.score || (a.text < b.text ? 1 : -1));
  return found.slice(0, limit);
}
