// The escapes of a string literal, as Python's `.encode('ascii', 'backslashreplace').decode('unicode-escape')` reads them.

const simple: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const digits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Decodes what stands between the quotes; a truncated escape is an error, an unknown one stays as it is. */
export function decodeStringLiteral(body: string): string {
  if (!body.includes('\\')) return body;
  return body.replace(
    /\\(?:([0-7]{1,3})|([xuU])([\da-fA-F]*)|([\s\S]))/gu,
    (whole, octal, kind, hex, other) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (kind !== undefined) {
        const length = digits[kind];
        if (hex.length < length) throw new SyntaxError(`truncated \\${kind}${'X'.repeat(length)} escape`);
        const code = Number.parseInt(hex.slice(0, length), 16);
        if (code > 0x10ffff) throw new SyntaxError('illegal Unicode character');
        return String.fromCodePoint(code) + hex.slice(length);
      }
      if (other in simple) return simple[other];
      if (other === 'N') throw new SyntaxError('\\N{name} escapes are not part of the chat template dialect');
      const code = other.codePointAt(0);
      // backslashreplace writes the character as an escape of its own, whose backslash pairs with this one
      if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`;
      if (code > 0xff) return `\\u${code.toString(16).padStart(4, '0')}`;
      return code > 0x7f ? `\\x${code.toString(16)}` : whole;
    },
  );
}
