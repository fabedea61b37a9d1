// What a tokenizer knows about a text it has encoded, column by column: ids, segment (type) ids, where each token came from, masks.

/** One encoded text (or pair of texts), possibly framed by special tokens, truncated and padded. All columns have one entry a token. */
export interface Encoding {
  readonly ids: readonly number[];
  /** Segment ids: which text of a pair, by the post-processor's rule. */
  readonly typeIds: readonly number[];
  readonly tokens: readonly string[];
  /** Range of the original text in UTF-16 units; [0, 0] for tokens that the text did not hold. */
  readonly offsets: readonly (readonly [number, number])[];
  /** Number of the pre-token a token belongs to, or null. */
  readonly wordIds: readonly (number | null)[];
  /** Which text a token came from (0 or 1), or null. */
  readonly sequenceIds: readonly (number | null)[];
  /** 1 for tokens that the post-processor or padding put in. */
  readonly specialTokensMask: readonly number[];
  /** 0 for padding. */
  readonly attentionMask: readonly number[];
  /** The stretches that truncation cut off, with the stride's overlap. */
  readonly overflowing: readonly Encoding[];
}

/** How to cut encodings that are too long. */
export interface Truncation {
  /** Greatest number of tokens, special tokens included. */
  readonly maxLength: number;
  /** Tokens that neighbouring stretches share. */
  readonly stride?: number;
  readonly direction?: 'left' | 'right';
  readonly strategy?: 'longest-first' | 'only-first' | 'only-second';
}

/** How to fill encodings that are too short. */
export interface Padding {
  /** A fixed length, or 'longest' of the batch. */
  readonly length?: number | 'longest';
  readonly padToMultipleOf?: number;
  readonly direction?: 'left' | 'right';
  readonly padId?: number;
  readonly padTypeId?: number;
  readonly padToken?: string;
}

type Columns = Omit<Encoding, 'overflowing'>;

const EMPTY: Encoding = {
  ids: [],
  typeIds: [],
  tokens: [],
  offsets: [],
  wordIds: [],
  sequenceIds: [],
  specialTokensMask: [],
  attentionMask: [],
  overflowing: [],
};

/** An encoding of no token. */
export const emptyEncoding = (): Encoding => EMPTY;

const columns = [
  'ids',
  'typeIds',
  'tokens',
  'offsets',
  'wordIds',
  'sequenceIds',
  'specialTokensMask',
  'attentionMask',
] as const;

function slice(encoding: Encoding, start: number, end: number): Encoding {
  const out = Object.fromEntries(
    columns.map((c) => [c, encoding[c].slice(start, end)]),
  ) as unknown as Columns;
  return { ...out, overflowing: [] };
}

/** One after the other; every overflowing stretch of either is combined with the other. */
export function mergeEncodings(a: Encoding, b: Encoding): Encoding {
  const overflowing: Encoding[] = [];
  for (const part of a.overflowing) {
    overflowing.push(mergeEncodings(part, b));
    for (const other of b.overflowing) overflowing.push(mergeEncodings(part, other));
  }
  for (const other of b.overflowing) overflowing.push(mergeEncodings({ ...a, overflowing: [] }, other));
  const out = Object.fromEntries(columns.map((c) => [c, [...a[c], ...b[c]]])) as unknown as Columns;
  return { ...out, overflowing };
}

/** Cuts to `maxLength` tokens; the rest becomes overflowing stretches that share `stride` tokens with their neighbours. */
export function truncateEncoding(
  encoding: Encoding,
  maxLength: number,
  stride: number,
  direction: 'left' | 'right',
): Encoding {
  const length = encoding.ids.length;
  if (maxLength >= length) return encoding;
  if (maxLength <= 0) return { ...EMPTY, overflowing: [encoding] };
  if (stride >= maxLength)
    throw new RangeError(`stride: expected less than the room of ${maxLength} tokens, got ${stride}`);
  const step = maxLength - stride;
  const parts: [number, number][] = [];
  if (direction === 'right') {
    for (let start = 0; start < length; start += step) {
      const stop = Math.min(start + maxLength, length);
      parts.push([start, stop]);
      if (stop === length) break;
    }
  } else {
    for (let stop = length; stop > 0; stop -= step) {
      const start = Math.max(0, stop - maxLength);
      parts.push([start, stop]);
      if (start === 0) break;
    }
  }
  const [first, ...rest] = parts.map(([start, stop]) => slice(encoding, start, stop));
  return { ...first, overflowing: rest };
}

/** Cuts one or two encodings so that together, with `added` special tokens, they fit. */
export function truncatePair(
  first: Encoding,
  second: Encoding | undefined,
  truncation: Truncation,
  added: number,
): [Encoding, Encoding | undefined] {
  const { stride = 0, direction = 'right', strategy = 'longest-first' } = truncation;
  const room = truncation.maxLength - added;
  if (!Number.isInteger(truncation.maxLength) || room < 0) {
    throw new RangeError(
      `maxLength: expected an integer >= ${added}, the special tokens added, got ${truncation.maxLength}`,
    );
  }
  if (room === 0) {
    return [
      truncateEncoding(first, 0, stride, direction),
      second && truncateEncoding(second, 0, stride, direction),
    ];
  }
  const n1 = first.ids.length;
  const n2 = second?.ids.length ?? 0;
  const excess = n1 + n2 - room;
  if (excess <= 0) return [first, second];
  if (strategy === 'longest-first') {
    if (second === undefined) return [truncateEncoding(first, n1 - excess, stride, direction), undefined];
    // The shorter keeps its length when it fits in half of the room.
    let [short, long] = n1 <= n2 ? [n1, n2] : [n2, n1];
    if (short > room) long = short;
    else long = Math.max(short, room - short);
    if (short + long > room) {
      short = Math.floor(room / 2);
      long = short + (room % 2);
    }
    const [keep1, keep2] = n1 > n2 ? [long, short] : [short, long];
    return [
      truncateEncoding(first, keep1, stride, direction),
      truncateEncoding(second, keep2, stride, direction),
    ];
  }
  const target = strategy === 'only-first' ? first : second;
  if (target === undefined)
    throw new RangeError('strategy: expected a pair of texts for only-second, got one text');
  if (target.ids.length <= excess) {
    throw new RangeError(
      `maxLength: the text to cut has ${target.ids.length} tokens, ${excess} are too many`,
    );
  }
  const cut = truncateEncoding(target, target.ids.length - excess, stride, direction);
  return strategy === 'only-first' ? [cut, second] : [first, cut];
}

/** Fills an encoding and its overflowing stretches up to `length` tokens. */
export function padEncoding(encoding: Encoding, length: number, padding: Padding, padId: number): Encoding {
  const overflowing = encoding.overflowing.map((part) => padEncoding(part, length, padding, padId));
  const missing = length - encoding.ids.length;
  if (missing <= 0) return { ...encoding, overflowing };
  const fill = <T>(value: T): T[] => new Array<T>(missing).fill(value);
  const filler: Encoding = {
    ids: fill(padId),
    typeIds: fill(padding.padTypeId ?? 0),
    tokens: fill(padding.padToken ?? '[PAD]'),
    offsets: fill([0, 0] as const),
    wordIds: fill(null),
    sequenceIds: fill(null),
    specialTokensMask: fill(1),
    attentionMask: fill(0),
    overflowing: [],
  };
  const bare = { ...encoding, overflowing: [] };
  const whole = padding.direction === 'left' ? mergeEncodings(filler, bare) : mergeEncodings(bare, filler);
  return { ...whole, overflowing };
}

/** The length that a batch is filled to. */
export function paddedLength(lengths: readonly number[], padding: Padding): number {
  const { length = 'longest', padToMultipleOf: multiple = 0 } = padding;
  const wanted = length === 'longest' ? Math.max(0, ...lengths) : length;
  return multiple > 0 && wanted % multiple > 0 ? wanted + multiple - (wanted % multiple) : wanted;
}
