// DRY's breakers are given as text; a token breaks when its bytes contain one. One scan of the vocabulary, at
// construction.

/**
 * The ids whose bytes contain one of `texts` (UTF-8); ids without bytes (control tokens) break too.
 *
 * @param tokenBytes the bytes of an id, as a tokenizer gives them
 * @param texts llama.cpp's are a line feed, a colon, a quotation mark and an asterisk
 */
export function breakerIds(
  vocabSize: number,
  tokenBytes: (id: number) => Uint8Array | undefined,
  texts: readonly string[] = ['\n', ':', '"', '*'],
): number[] {
  const encoder = new TextEncoder();
  const needles = texts.map((text) => encoder.encode(text));
  const ids: number[] = [];
  for (let id = 0; id < vocabSize; id++) {
    const bytes = tokenBytes(id);
    if (bytes === undefined || needles.some((needle) => contains(bytes, needle))) ids.push(id);
  }
  return ids;
}

function contains(bytes: Uint8Array, needle: Uint8Array): boolean {
  for (let start = 0; start + needle.length <= bytes.length; start++) {
    let i = 0;
    while (i < needle.length && bytes[start + i] === needle[i]) i++;
    if (i === needle.length) return true;
  }
  return false;
}
