// Oniguruma (Hugging Face's Split and Replace) and fancy-regex (tiktoken) patterns written as JavaScript `v`-flag expressions: White_Space for `\s`,
// Unicode `\d` and `\w`, scoped `(?i:...)`, possessive quantifiers and atomic groups as look-ahead plus back-reference, POSIX brackets, class
// intersection. What JavaScript cannot say is an error naming it.

import { otherCases } from './case-folds.ts';
import { posixMembers, propertyEscape } from './property-names.ts';

/** Whose regular expressions: 'oniguruma' (`$` and `^` match at every line) or 'rust' (only at the ends of the text). */
export type RegexFlavor = 'oniguruma' | 'rust';

const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  d: '\\p{Nd}',
  w: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}',
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
/** Single characters below U+0100 are asked of a table in which these are word characters; classes are not. */
const LATIN_WORDS = '\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be';

/** What is on where a pattern is read. */
interface Flags {
  readonly ignoreCase: boolean;
  /** `.` is a line break too: Oniguruma's `m`, Rust's `s`. */
  readonly dotAll: boolean;
  /** `^` and `$` at every line: always in Oniguruma, Rust's `m`. */
  readonly lines: boolean;
  /** White space and comments do not count. */
  readonly extended: boolean;
}

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
    const out = this.alternatives({
      ignoreCase: false,
      dotAll: false,
      lines: this.flavor === 'oniguruma',
      extended: false,
    });
    if (this.at < this.source.length) throw this.error('an unmatched )');
    return out;
  }

  /** The flags after `(?on-off`. */
  private flagged(flags: Flags, on: string, off: string, head: string): Flags {
    const isRuby = this.flavor === 'oniguruma';
    if ((isRuby ? /[^imx]/ : /[^imsx]/).test(on + off)) throw this.error(`the flags ${head}`);
    const state = (letter: string, now: boolean): boolean =>
      on.includes(letter) || (now && !off.includes(letter));
    return {
      ignoreCase: state('i', flags.ignoreCase),
      dotAll: state(isRuby ? 'm' : 's', flags.dotAll),
      lines: isRuby || state('m', flags.lines),
      extended: state('x', flags.extended),
    };
  }

  private alternatives(outer: Flags): string {
    let out = '';
    let flags = outer;
    while (this.at < this.source.length && this.source[this.at] !== ')') {
      if (this.source[this.at] === '|') {
        out += '|';
        this.at++;
        continue;
      }
      const blank = flags.extended && /^(?:\s+|#[^\n]*)/.exec(this.source.slice(this.at));
      if (blank) {
        this.at += blank[0].length;
        continue;
      }
      const set = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?\)/.exec(this.source.slice(this.at));
      if (set !== null) {
        this.at += set[0].length;
        flags = this.flagged(flags, set[1], set[2] ?? '', set[0]);
        // What follows, alternatives too, is a group of its own in Ruby's syntax.
        if (this.flavor === 'oniguruma') return `${out}(?:${this.alternatives(flags)})`;
        continue;
      }
      // The group number an atomic wrapper would get is taken before the atom's own groups are counted.
      const before = this.groups;
      const begin = this.at;
      let atom = this.atom(flags);
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
          atom = this.atom(flags);
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

  private atom(flags: Flags): string {
    const { ignoreCase } = flags;
    const char = String.fromCodePoint(this.source.codePointAt(this.at)!);
    if (char === '(') return this.group(flags);
    if (char === '[') return this.characterClass(ignoreCase);
    if (char === '\\') return this.escape(ignoreCase, false);
    this.at += char.length;
    // Not [^]: repeated under the flag v, V8 makes it match one character
    if (char === '.') return flags.dotAll ? '\\p{Any}' : '[^\\n]';
    if (char === '^') {
      if (!flags.lines) return '^';
      return this.flavor === 'oniguruma' ? '(?<=^|\\n(?=[^]))' : '(?<=^|\\n)';
    }
    if (char === '$') return flags.lines ? '(?=\\n|$)' : '$';
    return literal(char, ignoreCase);
  }

  private group(flags: Flags): string {
    const rest = this.source.slice(this.at);
    const head = /^\((?:\?(?:<[=!]|P?<\w+>|[:=!>]|[a-zA-Z-]+:|#[^)]*\)))?/.exec(rest)![0];
    this.at += head.length;
    if (head.startsWith('(?#')) return '';
    let inside = flags;
    let open = head.replace('?P<', '?<');
    if (/^\(\?[a-zA-Z-]+:$/.test(head)) {
      const [on, off = ''] = head.slice(2, -1).split('-');
      inside = this.flagged(flags, on, off, head);
      open = '(?:';
    } else if (head === '(?>') {
      this.groups++;
      const number = this.groups;
      const inner = this.alternatives(flags);
      this.close();
      return `(?:(?=(${inner}))\\${number})`;
    } else if (head === '(' && rest.startsWith('(?')) throw this.error(`the group ${rest.slice(0, 4)}`);
    else if (head === '(' || /^\(\?<\w/.test(open)) this.groups++;
    const inner = this.alternatives(inside);
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
    if (property !== null && (property[4] === undefined || this.flavor === 'rust')) {
      this.at += property[0].length;
      const name = property[3] ?? property[4];
      const escaped = propertyEscape(name, (property[1] === 'P') !== (property[2] === '^'));
      if (escaped === undefined) throw this.error(`the property ${name}`);
      if (/^word$/i.test(name) && !inClass && this.flavor === 'oniguruma')
        return this.escapeOf(escaped.startsWith('[^') ? 'W' : 'w', false);
      return escaped;
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
      return this.escapeOf(char, inClass);
    }
    if (char in CONTROL_ESCAPES) return classLiteral(CONTROL_ESCAPES[char]);
    if (!inClass && char === 'R') return '(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])';
    if (!inClass && (char === 'b' || char === 'B')) {
      const w = `${this.classEscape('w')}${this.flavor === 'oniguruma' ? LATIN_WORDS : ''}`;
      const boundary = `(?:(?<=[${w}])(?![${w}])|(?<![${w}])(?=[${w}]))`;
      return char === 'b' ? boundary : `(?!${boundary})`;
    }
    if (!inClass && char === 'N' && this.flavor === 'oniguruma') return '[^\\n]';
    if (!inClass && char === 'O' && this.flavor === 'oniguruma') return '\\p{Any}';
    if (!inClass && char === 'k') {
      const name = /^<\w+>/.exec(this.source.slice(this.at))?.[0];
      if (name === undefined) throw this.error('the escape \\k');
      this.at += name.length;
      return `\\k${name}`;
    }
    // No negated look around any character: between two surrogates V8 takes it for an end of the text
    if (!inClass && char === 'A') return '^';
    if (!inClass && char === 'z') return '$';
    if (!inClass && char === 'Z') return '(?=\\n?$)';
    if (!inClass && /[1-9]/.test(char)) return `\\${char}`;
    if (/[a-zA-Z0-9]/.test(char)) throw this.error(`the escape \\${char}`);
    return inClass ? classLiteral(char) : literal(char, ignoreCase);
  }

  /** `\\w` and the like, or what they leave. */
  private escapeOf(char: string, inClass: boolean): string {
    const lower = char.toLowerCase();
    const more = lower === 'w' && !inClass && this.flavor === 'oniguruma' ? LATIN_WORDS : '';
    return `[${char === lower ? '' : '^'}${this.classEscape(lower)}${more}]`;
  }

  private classEscape(name: string): string {
    // Rust's word characters hold the joiners too.
    if (name === 'w' && this.flavor === 'rust') return `${CLASS_ESCAPES.w}\\u200c\\u200d`;
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
        const members = posixMembers(posix[2]);
        if (members === undefined) throw this.error(posix[0]);
        this.at += posix[0].length;
        out += posix[1] === '^' ? `[^${members}]` : members;
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
      return low.text + (ignoreCase && !low.set ? casesOf(low.char) : '');
    this.at++;
    const high = this.classAtom(ignoreCase);
    if (high.set) return `${low.text}\\-${high.text}`;
    if (!ignoreCase) return `${low.text}-${high.text}`;
    let extra = '';
    for (let c = low.char.codePointAt(0)!; c <= high.char.codePointAt(0)!; c++)
      extra += casesOf(String.fromCodePoint(c));
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

const classLiteral = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;

function literal(char: string, ignoreCase: boolean): string {
  const text = /[\p{L}\p{N} ]/u.test(char) ? char : classLiteral(char);
  const others = ignoreCase ? casesOf(char) : '';
  return others === '' ? text : `[${text}${others}]`;
}

/** The other characters with the same simple case folding, as class members. */
const casesOf = (char: string): string => otherCases(char).map(classLiteral).join('');
