// Names of character properties as Oniguruma and Rust spell them (case, spaces and underscores do not count) in the spelling of JavaScript.
const POSIX: Readonly<Record<string, string>> = {
  alpha: '\\p{Alphabetic}',
  digit: '\\p{Nd}',
  alnum: '\\p{Alphabetic}\\p{Nd}',
  upper: '\\p{Uppercase}',
  lower: '\\p{Lowercase}',
  space: '\\p{White_Space}',
  punct: '\\p{P}\\p{S}',
  blank: '\\p{Zs}\\t',
  cntrl: '\\p{Cc}',
  xdigit: '0-9a-fA-F',
  word: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}',
  graph: '[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]',
  print: '[[^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}]\\p{Zs}]',
  ascii: '\\0-\\x7f',
};

/** The members of a bracket class (`[:alpha:]`), or undefined for a name that is none. */
export const posixMembers = (name: string): string | undefined =>
  Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;

/** `\p{...}` or `\P{...}` for a property, a general category or a script; undefined for a name that is none of them. */
export function propertyEscape(name: string, negated: boolean): string | undefined {
  const plain = name.trim();
  const key = plain.toLowerCase();
  // As a property punctuation is the category alone, in brackets symbols belong to it.
  const posix = key === 'punct' ? '\\p{P}' : posixMembers(key);
  if (posix !== undefined) return `[${negated ? '^' : ''}${posix}]`;
  const titled = key
    .replace(/[a-z]+/g, (word) => word[0].toUpperCase() + word.slice(1))
    .replace(/[ -]/g, '_');
  for (const spelt of [plain, titled])
    for (const property of [spelt, `Script=${spelt}`])
      if (isProperty(property)) return `\\${negated ? 'P' : 'p'}{${property}}`;
  return undefined;
}

function isProperty(property: string): boolean {
  if (!/^[\w=]+$/.test(property)) return false;
  try {
    new RegExp(`[\\p{${property}}]`, 'v'); // in a class, where properties of strings are refused too
    return !/^(?:RGI_|Basic_Emoji|Emoji_Keycap)/.test(property);
  } catch {
    return false;
  }
}
