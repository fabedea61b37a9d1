// Small parts of the pictures: escaping, colours, signs for invisible characters.

/** Text safe inside HTML and SVG, in content and in quoted attributes. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** A hue that differs between neighbours: golden-angle steps by place. */
export const hueOf = (ids: readonly number[], place: number): number =>
  Math.round((place * 137.508 + ids.length * 40) % 360);

/** Newlines and tabs get a sign; other control characters their picture. */
export function visible(text: string): string {
  let out = '';
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char === '\n') out += '\u21b5\n';
    else if (char === '\t') out += '\u2192\t';
    else out += code < 32 ? String.fromCharCode(0x2400 + code) : char;
  }
  return out;
}
