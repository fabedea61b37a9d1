// JSON that is being written -> the compact text of its value, as far as it is certain. Strict JSON only: at the first character that is not, the
// echo stops for good, since a lenient reader may yet make something else of the text. What a lenient reader could take back (a comma before a
// bracket, a quote that another string follows) is said only with what comes after it. The outermost bracket is never closed here: whoever knows
// that the whole is complete closes it, so an echo that was cut never parses.
import { type Json, toNumber, writeJson } from '../json.ts';

const maxDepth = 256;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const words: Readonly<Record<string, Json>> = { true: true, false: false, null: null };
const plainEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
type Place = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'after';

/** Text of a JSON string's inside; split anywhere but within a surrogate pair. */
export const escapedText = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Echoes one JSON object while it is written. */
export class JsonEcho {
  private place: Place = 'value';
  /** Of every open bracket: the keys of an object, or nothing of a list. */
  private readonly open: (Set<string> | undefined)[] = [];
  private text: 'none' | 'key' | 'value' = 'none';
  private key = '';
  private escape = '';
  private high = '';
  private bare = '';
  /** Said with what follows: a comma, a closing quote. */
  private owed = '';
  /** The object is complete: its bracket came, all of it strict. */
  complete = false;
  /** Nothing more is certain: what came last is no part of the object. */
  stopped = false;

  /** The next characters of the value; gives those of its echo. */
  push(text: string): string {
    let out = '';
    for (let i = 0; i < text.length && !this.stopped; i++) out += this.take(text[i] as string);
    return out;
  }
  private stop(): string {
    this.stopped = true;
    return '';
  }
  private take(c: string): string {
    if (this.text !== 'none') return this.inText(c);
    if (this.bare !== '') {
      if (/[-+.\w]/.test(c)) {
        this.bare += c;
        return '';
      }
      const said = this.endBare();
      return this.stopped ? said : said + this.take(c);
    }
    if (c === ' ' || c === '\n' || c === '\t' || c === '\r') return '';
    if (this.complete) return this.stop();
    switch (this.place) {
      case 'after':
        return this.afterValue(c);
      case 'colon':
        if (c !== ':') return this.stop();
        this.place = 'value';
        return this.say(`${JSON.stringify(this.key)}:`);
      case 'first-key':
        if (c === '}') return this.close(c);
        return this.openKey(c);
      case 'key':
        return this.openKey(c);
      case 'first-value':
        if (c === ']') return this.close(c);
        return this.openValue(c);
      case 'value':
        return this.openValue(c);
    }
  }
  private say(text: string): string {
    const out = this.owed + text;
    this.owed = '';
    return out;
  }
  private openKey(c: string): string {
    if (c !== '"') return this.stop();
    this.text = 'key';
    this.key = '';
    return '';
  }
  private openValue(c: string): string {
    if (this.open.length === 0 && c !== '{') return this.stop();
    if (c === '"') {
      this.text = 'value';
      return this.say('"');
    }
    if (c === '{' || c === '[') {
      if (this.open.length >= maxDepth) return this.stop();
      this.open.push(c === '{' ? new Set() : undefined);
      this.place = c === '{' ? 'first-key' : 'first-value';
      return this.say(c);
    }
    if (!/[-\w]/.test(c)) return this.stop();
    this.bare = c;
    return '';
  }
  private endBare(): string {
    const { bare } = this;
    this.bare = '';
    const isWord = Object.hasOwn(words, bare);
    if (!isWord && !number.test(bare)) return this.stop();
    this.place = 'after';
    return this.say(writeJson(isWord ? (words[bare] as Json) : toNumber(bare)));
  }
  private afterValue(c: string): string {
    const object = this.open.at(-1) !== undefined;
    if (c === ',') {
      this.place = object ? 'key' : 'value';
      this.owed += ',';
      return '';
    }
    return c === (object ? '}' : ']') ? this.close(c) : this.stop();
  }
  private close(c: string): string {
    this.open.pop();
    this.place = 'after';
    if (this.open.length > 0) return this.say(c);
    this.complete = true;
    return this.say('');
  }
  private inText(c: string): string {
    if (this.escape === '') {
      if (c === '"') return this.endText();
      if (c === '\\') {
        this.escape = c;
        return '';
      }
      return c < ' ' ? this.stop() : this.character(c);
    }
    this.escape += c;
    if (this.escape[1] !== 'u') {
      this.escape = '';
      const meant = plainEscapes[c];
      return meant === undefined ? this.stop() : this.character(meant);
    }
    if (this.escape.length > 2 && !/[0-9a-fA-F]/.test(c)) return this.stop();
    if (this.escape.length < 6) return '';
    const code = Number.parseInt(this.escape.slice(2), 16);
    this.escape = '';
    return this.character(String.fromCharCode(code));
  }
  /** One UTF-16 unit of a string; the first half of a pair waits for the second. */
  private character(c: string): string {
    if (this.text === 'key') {
      this.key += c;
      return '';
    }
    const pair = this.high + c;
    this.high = '';
    if (c < '\ud800' || c > '\udbff') return escapedText(pair);
    this.high = c;
    return pair.length === 2 ? escapedText(pair[0] as string) : '';
  }
  private endText(): string {
    if (this.text === 'key') {
      const keys = this.open.at(-1);
      this.text = 'none';
      if (keys === undefined || keys.has(this.key)) return this.stop();
      keys.add(this.key);
      this.place = 'colon';
      return '';
    }
    const rest = this.high === '' ? '' : escapedText(this.high);
    this.high = '';
    this.text = 'none';
    this.place = 'after';
    this.owed = '"';
    return rest;
  }
}
