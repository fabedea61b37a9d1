// What one rendering owns: the table of origins (labels), the budget that a hostile template runs out of, the clock.
import { labelStrictness, type ProvenanceLabel } from './provenance-label.ts';
import { computedOrigin, Str } from './str.ts';
import { ChatTemplateError, fail } from './template-error.ts';
import { Dict, List, Num, Tuple, type Value } from './values.ts';

/** Upper bounds of one rendering; going over one is a {@link ChatTemplateError} with reason `limit`. */
export interface TemplateLimits {
  /** UTF-16 units of the output and of every string on the way. Default 2^25. */
  readonly maxLength?: number;
  /** Statements, calls, loop iterations and 32-character pieces of text worked on. Default 1e7. */
  readonly maxSteps?: number;
  /** Nesting of macro calls, recursive loops and data. Default 200. */
  readonly maxDepth?: number;
}

const known: readonly string[] = ['maxLength', 'maxSteps', 'maxDepth'];

export class Runtime {
  readonly maxLength: number;
  readonly maxDepth: number;
  readonly now: () => Date;
  /** Line of the statement that runs. */
  line = 1;
  private readonly maxSteps: number;
  private steps = 0;
  private depth = 0;
  private readonly labels: ProvenanceLabel[] = [{ kind: 'template' }, { kind: 'computed' }, { kind: 'role' }];
  private readonly ranks: number[] = this.labels.map((label) => labelStrictness.indexOf(label.kind));

  constructor(limits: TemplateLimits, now: () => Date) {
    for (const name of Object.keys(limits))
      if (!known.includes(name))
        throw new TypeError(`limits: unknown option ${name}; expected ${known.join(', ')}`);
    this.maxLength = limits.maxLength ?? 2 ** 25;
    this.maxSteps = limits.maxSteps ?? 1e7;
    this.maxDepth = limits.maxDepth ?? 200;
    this.now = now;
  }

  /** Enters a label into the table and returns its origin. */
  origin(label: ProvenanceLabel): number {
    this.labels.push(label);
    this.ranks.push(labelStrictness.indexOf(label.kind));
    return (this.labels.length - 1) * 2;
  }

  labelOf(origin: number): ProvenanceLabel {
    return this.labels[origin >> 1];
  }

  /** The stricter of two origins; made inside a generation block if either was. */
  stricter(a: number, b: number): number {
    if (a === b) return a;
    return (this.ranks[b >> 1] > this.ranks[a >> 1] ? b : a) | ((a | b) & 1);
  }

  /** One origin for all of a value: the strictest of its characters (or of its container). */
  originOf(value: Value): number {
    if (value instanceof Str)
      return value.origin >= 0 ? value.origin : value.ids.reduce((a, b) => this.stricter(a, b));
    if (value instanceof Num || value instanceof List || value instanceof Tuple || value instanceof Dict)
      return value.origin;
    return computedOrigin;
  }

  /** Spends one step, and one more for each 32 units of work. */
  work(units = 0): void {
    this.steps += 1 + (units >>> 5);
    if (this.steps > this.maxSteps)
      throw new ChatTemplateError(
        'limit',
        `expected at most ${this.maxSteps} steps (limits.maxSteps)`,
        this.line,
      );
  }

  /** Refuses a string before or after it is made. */
  checkLength(length: number): void {
    if (!(length <= this.maxLength))
      throw new ChatTemplateError(
        'limit',
        `expected at most ${this.maxLength} characters of text, got ${length} (limits.maxLength)`,
        this.line,
      );
  }

  /** Counts the work on a string and checks its length. */
  made(value: Str): Str {
    this.checkLength(value.text.length);
    this.work(value.text.length);
    return value;
  }

  /** Runs `body` one level deeper. */
  nested<T>(body: () => T): T {
    if (++this.depth > this.maxDepth) {
      this.depth = 0;
      throw new ChatTemplateError(
        'limit',
        `expected at most ${this.maxDepth} nested calls (limits.maxDepth)`,
        this.line,
      );
    }
    const result = body();
    this.depth--;
    return result;
  }

  /** A count as C keeps it: integers beyond 64 bits are an error, not clamped as indexes are. */
  count(value: Value, what: string): number {
    const number = this.index(value, what);
    if (!(number >= -(2 ** 63) && number < 2 ** 63)) fail('Python int too large to convert to C ssize_t');
    return number;
  }

  /** A whole number of Python: what indexes, widths and counts must be. */
  index(value: Value, what: string): number {
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (value instanceof Num && !value.isFloat) return Number(value.value);
    return fail(`${what}: expected an integer`);
  }
}
