// Where a piece of text comes from and who may read it. Labels join monotonically: a join is at most as trusted as its least trusted part and
// may be read only by those who may read every part. Nothing a model, a summary or a memory does makes a label more trusted.

/** From most to least trusted. `model` after untrusted text is lowered by the dispatcher. */
export const trustLevels = ['system', 'developer', 'user', 'model', 'tool', 'web'] as const;
/** One level of trust. */
export type Trust = (typeof trustLevels)[number];

/** Provenance of a piece of text. */
export interface Label {
  readonly trust: Trust;
  /** What it came from: `user`, a tool's name, a URL. */
  readonly source: string;
  /** Who may be shown it; absent: everybody. */
  readonly readers?: readonly string[];
  /** Private data of the user: must not leave together with untrusted text. */
  readonly private?: boolean;
  readonly callId?: string;
}

/** A piece of a prompt: text with its provenance, or a special token that only a template may make. */
export type Segment =
  | { readonly kind: 'special'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string; readonly label: Label };

/** True for text that an outsider may have written. */
export function isUntrusted(label: Label): boolean {
  return label.trust === 'tool' || label.trust === 'web';
}

/**
 * join(a, b): trust = the lower, readers = the intersection, private = either.
 *
 * @example
 * ```ts
 * import { joinLabels } from '@ashlar/tools';
 * joinLabels([{ trust: 'user', source: 'user' }, { trust: 'web', source: 'a.example' }]).trust // => 'web'
 * ```
 */
export function joinLabels(labels: readonly Label[]): Label {
  let trust: Trust = 'system';
  let readers: readonly string[] | undefined;
  let secret = false;
  const sources = new Set<string>();
  for (const label of labels) {
    if (trustLevels.indexOf(label.trust) > trustLevels.indexOf(trust)) trust = label.trust;
    if (label.readers !== undefined)
      readers = readers === undefined ? label.readers : readers.filter((r) => label.readers?.includes(r));
    secret ||= label.private === true;
    sources.add(label.source);
  }
  return {
    trust,
    source: [...sources].join(', '),
    ...(readers === undefined ? {} : { readers }),
    ...(secret ? { private: true } : {}),
  };
}

/** The label of every token: `lengths[i]` tokens came from `segments[i]`; special tokens have none. */
export function labelsOfTokens(
  segments: readonly Segment[],
  lengths: readonly number[],
): (Label | undefined)[] {
  if (segments.length !== lengths.length)
    throw new RangeError(`lengths: expected ${segments.length} entries, got ${lengths.length}`);
  return segments.flatMap((segment, i) =>
    Array<Label | undefined>(lengths[i] ?? 0).fill(segment.kind === 'text' ? segment.label : undefined),
  );
}
