// Names and values of a file that is not trusted go into messages and onto terminals: escape sequences and direction marks must not get through.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** The text with control characters, line separators and direction marks as `?`, cut to `most` characters. */
export function printable(text: string, most = Number.POSITIVE_INFINITY): string {
  const plain = text.replace(unprintable, '?');
  return plain.length > most ? `${plain.slice(0, most - 3)}...` : plain;
}
