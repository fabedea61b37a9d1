// Oniguruma (Hugging Face's Split and Replace) and fancy-regex (tiktoken) patterns written as JavaScript `v`-flag expressions: White_Space for `\s`,
// Unicode `\d` and `\w`, scoped `(?i:...)`, possessive quantifiers and atomic groups as look-ahead plus back-reference, POSIX brackets, class
// intersection. What JavaScript cannot say is an error naming it.

/** Whose regular expressions: 'oniguruma' (`$` and `^` match at every line) or 'rust' (only at the ends of the text). */
export type RegexFlavor = 'oniguruma' | 'rust';

const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  d: '\\p{Nd}',
  w: '\\p{L}\\p{M}\\p{N}\\p{Pc}',
  h: '0-9a-fA-F',
};
const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
  e: '\x1b',
  a: '\x07',
  0: '\0',
};
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
};
const GENERAL_CATEGORY =
  /^(C[cfnos]?|L[Cmotlu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?|Any|ASCII|Alphabetic|Lowercase|Uppercase|White_Space|Letter|Mark|Number|Punctuation|Symbol|Separator|Other)$/;

/** Translates the source of a pattern to a global `v`-flag expression. Throws a SyntaxError that names what it cannot say. */
export function translateRegex(source: string, flavor: RegexFlavor = 'oniguruma'): RegExp {
  return new RegExp(new Translator(source, flavor).translate(), 'gv');
}

class Translator {
  private at = 0;
  private groups = 0;
  private readonly source: string;
  private readonly flavor: RegexFlavor;

  constructor(source: string, flavor: RegexFlavor) {
    this.source = source;
    this.flavor = flavor;
  }

  translate(): string {
    const out = this.alternatives(false);
    if (this.at < this.source.length) throw this.error('an unmatched )');
    return out;
  }

  private alternatives(ignoreCase: boolean): string {
    let out = '';
    let insensitive = ignoreCase;
    while (this.at < this.source.length && this.source[this.at] !== ')') {
      if (this.source[this.at] === '|') {
        out += '|';
        this.at++;
        continue;
      }
      const flags = /^\(\?([imsx]*)(?:-([imsx]*))?\)/.exec(this.source.slice(this.at));
      if (flags !== null) {
        if (/[^i]/.test(flags[1] + (flags[2] ?? ''))) throw this.error(`the flags ${flags[0]}`);
        insensitive = flags[1].includes('i') || (insensitive && !(flags[2] ?? '').includes('i'));
        this.at += flags[0].length;
        continue;
      }
      // The group number an atomic wrapper would get is taken before the atom's own groups are counted.
      const before = this.groups;
      const begin = this.at;
      let atom = this.atom(insensitive);
      const quantifier = /^(?:[*+?]|\{\d*(?:,\d*)?\})/.exec(this.source.slice(this.at))?.[0];
      if (quantifier === undefined || atom === '') {
        out += atom;
        continue;
      }
      this.at += quantifier.length;
      const repeat = quantifier.startsWith('{,') ? `{0${quantifier.slice(1)}` : quantifier;
      const suffix = this.source[this.at];
      // In Ruby's syntax `{n,m}+` is not possessive but a repeated interval; fancy-regex takes it as possessive.
      if (suffix === '+' && (quantifier[0] !== '{' || this.flavor === 'rust')) {
        this.at++;
        if (this.groups !== before) {
          this.at = begin;
          this.groups = before + 1;
          atom = this.atom(insensitive);
          this.at += quantifier.length + 1;
        } else this.groups++;
        out += `(?:(?=(${atom}${repeat}))\\${before + 1})`;
      } else if (suffix === '+') {
        this.at++;
        out += `(?:${atom}${repeat})+`;
      } else if (suffix === '?' && (quantifier[0] !== '{' || /,/.test(quantifier))) {
        this.at++;
        out += `${atom}${repeat}?`;
      } else out += atom + repeat;
    }
    return out;
  }

  private atom(ignoreCase: boolean): string {
    const char = String.fromCodePoint(this.source.codePointAt(this.at)!);
    if (char === '(') return this.group(ignoreCase);
    if (char === '[') return this.characterClass(ignoreCase);
    if (char === '\\') return this.escape(ignoreCase, false);
    this.at += char.length;
    if (char === '.') return '[^\\n]';
    if (char === '^') return this.flavor === 'oniguruma' ? '(?<=^|\\n(?=[^]))' : '^';
    if (char === '$') return this.flavor === 'oniguruma' ? '(?=\\n|$)' : '$';
    return literal(char, ignoreCase);
  }

  private group(ignoreCase: boolean): string {
    const rest = this.source.slice(this.at);
    const head = /^\((?:\?(?:<[=!]|<\w+>|[:=!>]|[imsx-]+:|#[^)]*\)))?/.exec(rest)![0];
    this.at += head.length;
    if (head.startsWith('(?#')) return '';
    let insensitive = ignoreCase;
    let open = head;
    if (/^\(\?[imsx-]+:$/.test(head)) {
      const [on, off = ''] = head.slice(2, -1).split('-');
      if (/[^i]/.test(on + off)) throw this.error(`the flags ${head}`);
      insensitive = on.includes('i') || (ignoreCase && !off.includes('i'));
      open = '(?:';
    } else if (head === '(?>') {
      this.groups++;
      const number = this.groups;
      const inner = this.alternatives(ignoreCase);
      this.close();
      return `(?:(?=(${inner}))\\${number})`;
    } else if (head === '(' && rest.startsWith('(?')) throw this.error(`the group ${rest.slice(0, 4)}`);
    else if (head === '(' || /^\(\?<\w/.test(head)) this.groups++;
    const inner = this.alternatives(insensitive);
    this.close();
    return `${open}${inner})`;
  }

  private close(): void {
    if (this.source[this.at] !== ')') throw this.error('an unclosed group');
    this.at++;
  }

  private escape(ignoreCase: boolean, inClass: boolean): string {
    const rest = this.source.slice(this.at);
    const property = /^\\([pP])(?:\{(\^?)([\w\s=-]+)\}|([A-Z]))/.exec(rest);
    if (property !== null) {
      this.at += property[0].length;
      return propertyEscape(property[3] ?? property[4], (property[1] === 'P') !== (property[2] === '^'));
    }
    const hex = /^\\(?:u([0-9a-fA-F]{4})|[ux]\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{1,2}))/.exec(rest);
    if (hex !== null) {
      this.at += hex[0].length;
      const char = String.fromCodePoint(Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16));
      return inClass ? classLiteral(char) : literal(char, ignoreCase);
    }
    const char = String.fromCodePoint(rest.codePointAt(1) ?? 92);
    this.at += 1 + char.length;
    const lower = char.toLowerCase();
    if (lower in CLASS_ESCAPES && (lower !== 'h' || this.flavor === 'oniguruma')) {
      return `[${char === lower ? '' : '^'}${this.classEscape(lower)}]`;
    }
    if (char in CONTROL_ESCAPES) return classLiteral(CONTROL_ESCAPES[char]);
    if (!inClass && char === 'R') return '(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])';
    if (!inClass && (char === 'b' || char === 'B')) {
      const w = this.classEscape('w');
      const boundary = `(?:(?<=[${w}])(?![${w}])|(?<![${w}])(?=[${w}]))`;
      return char === 'b' ? boundary : `(?!${boundary})`;
    }
    // No negated look around any character: between two surrogates V8 takes it for an end of the text
    if (!inClass && char === 'A') return '^';
    if (!inClass && char === 'z') return '$';
    if (!inClass && char === 'Z') return '(?=\\n?$)';
    if (!inClass && /[1-9]/.test(char)) return `\\${char}`;
    if (/[a-zA-Z0-9]/.test(char)) throw this.error(`the escape \\${char}`);
    return inClass ? classLiteral(char) : literal(char, ignoreCase);
  }

  private classEscape(name: string): string {
    // Oniguruma's word characters are those of four categories, Rust's those of UTS 18.
    if (name === 'w' && this.flavor === 'rust') return '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d';
    return CLASS_ESCAPES[name];
  }

  private characterClass(ignoreCase: boolean): string {
    this.at++;
    const negated = this.source[this.at] === '^';
    if (negated) this.at++;
    const operands: string[] = [];
    let out = '';
    for (let first = true; ; first = false) {
      const rest = this.source.slice(this.at);
      if (rest === '') throw this.error('an unclosed [');
      if (rest[0] === ']' && !first) break;
      const posix = /^\[:(\^?)(\w+):\]/.exec(rest);
      if (posix !== null) {
        if (!(posix[2] in POSIX)) throw this.error(posix[0]);
        this.at += posix[0].length;
        out += posix[1] === '^' ? `[^${POSIX[posix[2]]}]` : POSIX[posix[2]];
      } else if (rest[0] === '[') out += this.characterClass(ignoreCase);
      else if (rest.startsWith('&&')) {
        this.at += 2;
        operands.push(out);
        out = '';
      } else out += this.classMember(ignoreCase);
    }
    this.at++;
    if (operands.length === 0) return `[${negated ? '^' : ''}${out}]`;
    return `[${negated ? '^' : ''}${[...operands, out].map((operand) => `[${operand}]`).join('&&')}]`;
  }

  private classMember(ignoreCase: boolean): string {
    const low = this.classAtom(ignoreCase);
    const rest = this.source.slice(this.at);
    if (rest[0] !== '-' || rest[1] === ']' || low.set)
      return low.text + (ignoreCase && !low.set ? otherCases(low.char) : '');
    this.at++;
    const high = this.classAtom(ignoreCase);
    if (high.set) return `${low.text}\\-${high.text}`;
    if (!ignoreCase) return `${low.text}-${high.text}`;
    let extra = '';
    for (let c = low.char.codePointAt(0)!; c <= high.char.codePointAt(0)! && c < 0x250; c++)
      extra += otherCases(String.fromCodePoint(c));
    return `${low.text}-${high.text}${extra}`;
  }

  private classAtom(ignoreCase: boolean): { text: string; char: string; set: boolean } {
    if (this.source[this.at] === '\\') {
      const text = this.escape(ignoreCase, true);
      const set = !/^\\u\{/.test(text);
      return { text, char: set ? '' : String.fromCodePoint(Number.parseInt(text.slice(3), 16)), set };
    }
    const char = String.fromCodePoint(this.source.codePointAt(this.at)!);
    this.at += char.length;
    return { text: classLiteral(char), char, set: false };
  }

  private error(what: string): SyntaxError {
    return new SyntaxError(`pattern ${JSON.stringify(this.source)}: ${what} cannot be translated`);
  }
}

function propertyEscape(name: string, negated: boolean): string {
  const p = negated ? 'P' : 'p';
  const compact = name.trim();
  if (GENERAL_CATEGORY.test(compact)) return `\\${p}{${compact === 'Symbol' ? 'S' : compact}}`;
  if (compact.includes('=')) return `\\${p}{${compact}}`;
  return `\\${p}{Script=${compact}}`;
}

const classLiteral = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;

function literal(char: string, ignoreCase: boolean): string {
  const text = /[\p{L}\p{N} ]/u.test(char) ? char : classLiteral(char);
  const others = ignoreCase ? otherCases(char) : '';
  return others === '' ? text : `[${text}${others}]`;
}

/** The other characters with the same simple case folding, as class members. */
function otherCases(char: string): string {
  const found = new Set<string>();
  for (const c of [char.toLowerCase(), char.toUpperCase(), char.toUpperCase().toLowerCase()])
    if (c.length === char.length) found.add(c);
  const lower = char.toLowerCase();
  if (lower === 's' || char === '\u017f') for (const c of 'sS\u017f') found.add(c);
  if (lower === 'k' || char === '\u212a') for (const c of 'kK\u212a') found.add(c);
  found.delete(char);
  return [...found].map(classLiteral).join('');
}
