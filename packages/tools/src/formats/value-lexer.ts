// Follows brackets and strings of an argument value character by character, so that a close mark is seen only at depth 0 outside a string
// (rule 8): `</tool_call>` inside a JSON string is text. O(1) a character, no look-ahead except Gemma's four-character quote.

/** Which quoting a value uses: JSON's, Python's ('...' too), Gemma 4's `<|"|>`, or none (a raw value). */
export type LexerKind = 'json' | 'python' | 'gemma' | 'raw';

const gemmaQuote = '<|"|>';

/** State of one value. `free`: a close mark may stand here. `complete`: the outermost bracket has closed. */
export class ValueLexer {
  readonly kind: LexerKind;
  private depth = 0;
  private quote = '';
  private escaped = false;
  private begun = false;
  private tail = '';
  complete = false;
  constructor(kind: LexerKind) {
    this.kind = kind;
  }
  /** True when a close mark may be recognised before the next character. */
  get free(): boolean {
    return this.kind === 'raw' || (this.depth === 0 && this.quote === '');
  }
  /** True inside a string. */
  get quoted(): boolean {
    return this.quote !== '';
  }
  /** True once a character that is no white space has come. */
  get started(): boolean {
    return this.begun;
  }
  /** Takes the next character. */
  feed(c: string): void {
    if (this.kind === 'raw') {
      this.begun = true;
      return;
    }
    if (this.kind === 'gemma') {
      this.tail = (this.tail + c).slice(-gemmaQuote.length);
      if (this.tail === gemmaQuote) {
        this.quote = this.quote === '' ? gemmaQuote : '';
        this.tail = '';
        return;
      }
    } else if (this.quote !== '') {
      if (this.escaped) this.escaped = false;
      else if (c === '\\') this.escaped = true;
      else if (c === this.quote) this.quote = '';
      return;
    } else if (c === '"' || (this.kind === 'python' && c === "'")) {
      // A quote counts only inside brackets: prose that is no value at all must not swallow its close mark.
      if (this.depth > 0) this.quote = c;
      this.begun = true;
      return;
    }
    if (this.quote !== '') return;
    if (c === '{' || c === '[' || (this.kind === 'python' && c === '(')) {
      if (this.depth === 0 && this.begun && this.kind !== 'python') return;
      this.depth++;
      this.begun = true;
    } else if (c === '}' || c === ']' || (this.kind === 'python' && c === ')')) {
      if (this.depth === 0) return;
      this.depth--;
      if (this.depth === 0) this.complete = true;
    } else if (!/\s/.test(c)) this.begun = true;
  }
}
