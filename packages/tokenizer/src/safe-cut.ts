// Byte-level vocabularies with a known split never join a letter or number with a following space, nor a newline with a following letter.
const SAFE_CUT = /[\p{L}\p{N}](?= )|\n(?=\p{L})/gu;

/** Where `text` may be cut for good: the last safe place, or 0. */
export function lastSafeCut(text: string): number {
  // The last place is near the end; look in growing windows so that long stretches without one cost their length once.
  for (let size = 256; ; size *= 4) {
    const from = Math.max(0, text.length - size);
    let cut = 0;
    for (const match of text.slice(from).matchAll(SAFE_CUT)) cut = from + match.index + match[0].length;
    if (cut > 0 || from === 0) return cut;
  }
}
