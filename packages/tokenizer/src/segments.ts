// From a rendered prompt to ids with a label a token. Control tokens are found in literal text of the template only; what a
// message, tool or document spells is tokenized as plain text, wherever it stands. Text beside text is tokenized exactly as
// the whole string is, whatever its labels, and a token over a border takes the stricter label. Provenance is beside the
// text (spans, segments), never in it, so nothing in the text can forge it.
import { type AddedToken, AddedTokens, type AllowedPlace } from './added-tokens.ts';
import { AlignedText } from './aligned-text.ts';
import { byteLevelColumns, type Columns } from './byte-level-columns.ts';
import type { ChatTemplate, RenderedChat } from './chat-template/chat-template.ts';
import { type ProvenanceLabel, stricterLabel } from './chat-template/provenance-label.ts';
import { encodeColumns, inOriginal } from './pipeline.ts';
import type { Tokenizer } from './tokenizer.ts';
import { toWellFormed } from './unicode/utf8.ts';
import { refuseUnknownOptions } from './unknown-options.ts';

/** A piece of a prompt: a control token by its id, or text that can never become one. */
export type Segment =
  | {
      readonly kind: 'special';
      readonly id: number;
      /** How the vocabulary writes the token. */
      readonly text: string;
      /** Whether the assistant wrote it (a training mask covers it). */
      readonly generated?: boolean;
    }
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly label: ProvenanceLabel;
      /** Whether the assistant wrote it (a training mask covers it). */
      readonly generated?: boolean;
    };

/** Ids of a prompt; all columns have one entry a token. */
export interface EncodedSegments {
  readonly ids: number[];
  /** Where each token came from; `template` for control tokens. */
  readonly labels: ProvenanceLabel[];
  /** 1 for what the assistant wrote, 0 for the rest. */
  readonly assistantMask: number[];
}

/** What is a control token beside the tokens that the vocabulary itself calls special. */
export interface SegmentOptions {
  /**
   * Further added tokens that text may not become (`<tool_call>` is an ordinary added token in some vocabularies). Tokens
   * of the form `<|...|>` always are, and so is every token that occurs as a special segment. Default none.
   */
  readonly controlTokens?: Iterable<string>;
}

const template: ProvenanceLabel = { kind: 'template' };
const piped = /^<[|｜][\s\S]*[|｜]>$/;
/** Some vocabularies call the tokens of single bytes special; text is made of them all the same. */
const byteToken = /^<0x[\da-fA-F]{2}>$/;
const bracketed = /[<>[\]{}|｜]/;
const cache = new WeakMap<Tokenizer['parts'], AddedTokens>();

function addedOf(tokenizer: Pick<Tokenizer, 'parts'>): AddedTokens {
  let added = cache.get(tokenizer.parts);
  if (added === undefined) {
    added = new AddedTokens(tokenizer.parts.addedTokens, tokenizer.parts.normalizer);
    cache.set(tokenizer.parts, added);
  }
  return added;
}

const controlCache = new WeakMap<Tokenizer['parts'], WeakMap<object, readonly string[]>>();

/**
 * The added tokens that a conversation with this template may not forge: special ones, `<|...|>`, and those with a bracket
 * that the template's literal text spells (the rule of transformers' `sanitize_control_tokens`).
 */
export function controlTokensOf(
  tokenizer: Pick<Tokenizer, 'parts'>,
  chatTemplate: Pick<ChatTemplate, 'literals'>,
): readonly string[] {
  let known = controlCache.get(tokenizer.parts);
  if (known === undefined) {
    known = new WeakMap();
    controlCache.set(tokenizer.parts, known);
  }
  let tokens = known.get(chatTemplate);
  if (tokens === undefined) {
    const literals = chatTemplate.literals.join('\0');
    tokens = addedOf(tokenizer)
      .tokens.filter(
        (token) => isControl(token) || (bracketed.test(token.content) && literals.includes(token.content)),
      )
      .map((token) => token.content);
    known.set(chatTemplate, tokens);
  }
  return tokens;
}

const isControl = (token: AddedToken): boolean => token.special || piped.test(token.content);

/**
 * Cuts a rendered prompt into segments: the control tokens that its literal text spells, and text by provenance. The texts of
 * the segments, one after the other, are the prompt.
 *
 * @throws TypeError for an unknown option.
 */
export function toSegments(
  tokenizer: Pick<Tokenizer, 'parts'>,
  chat: RenderedChat,
  options: SegmentOptions = {},
): Segment[] {
  refuseUnknownOptions('toSegments', options, ['controlTokens']);
  const control = new Set(options.controlTokens ?? []);
  const isLiteral = literalPlaces(chat);
  const found = findTokens(
    tokenizer,
    chat.text,
    (token, start, end) => (isControl(token) || control.has(token.content)) && isLiteral(start, end),
  );
  const segments: Segment[] = [];
  let span = 0;
  const text = (from: number, to: number) => {
    for (let at = from; at < to; ) {
      while (chat.spans[span].end <= at) span++;
      const { end, label, generated } = chat.spans[span];
      const stop = Math.min(end, to);
      segments.push({
        kind: 'text',
        text: chat.text.slice(at, stop),
        label,
        ...(generated && { generated }),
      });
      at = stop;
    }
  };
  let last = 0;
  for (const { token, start, end } of found) {
    text(last, start);
    while (chat.spans[span].end <= start) span++;
    const { generated } = chat.spans[span];
    segments.push({
      kind: 'special',
      id: token.id,
      text: chat.text.slice(start, end),
      ...(generated && { generated }),
    });
    last = end;
  }
  text(last, chat.text.length);
  return segments;
}

/** Whether a range lies in one run of literal text. */
function literalPlaces(chat: RenderedChat): (start: number, end: number) => boolean {
  const runs: [number, number][] = [];
  for (const { start, end, label } of chat.spans) {
    if (label.kind !== 'template' && label.kind !== 'role') continue;
    const last = runs[runs.length - 1];
    if (last !== undefined && last[1] === start) last[1] = end;
    else runs.push([start, end]);
  }
  return (start, end) => {
    let low = 0;
    let high = runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (runs[middle][0] <= start) low = middle;
      else high = middle - 1;
    }
    return low < runs.length && runs.length > 0 && runs[low][0] <= start && end <= runs[low][1];
  };
}

interface FoundToken {
  readonly token: AddedToken;
  readonly start: number;
  readonly end: number;
}

/** The added tokens of a text where the rule allows them, without the white space that they take along. */
function findTokens(tokenizer: Pick<Tokenizer, 'parts'>, text: string, allowed: AllowedPlace): FoundToken[] {
  const added = addedOf(tokenizer);
  const wellFormed = toWellFormed(text);
  // Only tokens that match normalised text need to know where it came from
  const whole = added.tokens.some((token) => token.normalized)
    ? AlignedText.from(wellFormed, true)
    : undefined;
  const found: FoundToken[] = [];
  const push = (token: AddedToken, from: number, to: number) => {
    let [start, end] = [from, to];
    if (token.lstrip) while (/\s/.test(text[start]) && !token.content.startsWith(text[start])) start++;
    if (token.rstrip) while (/\s/.test(text[end - 1]) && !token.content.endsWith(text[end - 1])) end--;
    found.push({ token, start, end });
  };
  for (const match of added.matchRaw(wellFormed, allowed)) {
    if (match.token !== undefined) {
      push(match.token, match.start, match.end);
      continue;
    }
    if (whole === undefined) continue;
    const part = whole.slice(match.start, match.end);
    tokenizer.parts.normalizer?.normalize(part);
    for (const inner of added.matchNormalized(part.value, inOriginal(part, allowed)))
      if (inner.token !== undefined) push(inner.token, ...part.originalRange(inner.start, inner.end));
  }
  return found;
}

/**
 * Tokenizes segments: special segments are their ids, text is tokenized as the whole string around them is, and never
 * becomes a control token. A token made of characters of several labels takes the strictest.
 *
 * @throws RangeError when a special segment is not a token of the vocabulary, or cannot stand where it does.
 * @example
 * ```ts
 * import { encodeSegments, readTiktoken } from '@ashlar/tokenizer';
 *
 * const ranks = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join('\n');
 * const tokenizer = readTiktoken(ranks, { pattern: 'gpt2', specialTokens: { '<end>': 256 } });
 * const { ids, labels } = encodeSegments(tokenizer, [
 *   { kind: 'text', text: '<end>', label: { kind: 'user' } },
 *   { kind: 'special', id: 256, text: '<end>' },
 * ]);
 * ids // => [60, 101, 110, 100, 62, 256]
 * labels.map((label) => label.kind) // => ['user', 'user', 'user', 'user', 'user', 'template']
 * ```
 */
export function encodeSegments(
  tokenizer: Pick<Tokenizer, 'parts' | 'encode' | 'tokenBytes'>,
  given: readonly Segment[],
  options: SegmentOptions = {},
): EncodedSegments {
  refuseUnknownOptions('encodeSegments', options, ['controlTokens']);
  // Empty text touches no token, so its label counts for none.
  const segments = given.filter((segment) => segment.kind === 'special' || segment.text !== '');
  const added = addedOf(tokenizer);
  const control = new Set(options.controlTokens ?? []);
  const places = new Map<number, { readonly end: number; readonly id: number; readonly segment: number }>();
  const ends: number[] = [];
  let text = '';
  segments.forEach((segment, i) => {
    if (segment.kind === 'special') {
      const token = added.get(segment.id);
      if (token === undefined || segment.text === '')
        throw new RangeError(
          `segments[${i}]: expected a control token of the vocabulary, got id ${segment.id}`,
        );
      control.add(token.content);
      places.set(text.length, { end: text.length + segment.text.length, id: segment.id, segment: i });
    }
    text += segment.text;
    ends.push(text.length);
  });
  const excluded = new Set(
    added.tokens.filter((token) => isControl(token) || control.has(token.content)).map((token) => token.id),
  );
  const allowed: AllowedPlace = (token, start, end) => {
    if (!excluded.has(token.id)) return true;
    const place = places.get(start);
    return place !== undefined && place.end === end && place.id === token.id;
  };
  const columns =
    byteLevelColumns(tokenizer, added, text, allowed, excluded) ??
    encodeColumns(tokenizer.parts, added, text, 0, { allowedSpecial: allowed, excluded });
  return labelled(
    segments,
    ends,
    columns,
    text,
    (id) => added.get(id)!.content,
    excluded,
    tokenizer.parts.unkTokenId,
  );
}

function labelled(
  segments: readonly Segment[],
  ends: readonly number[],
  { ids, offsets }: Columns,
  source: string,
  contentOf: (id: number) => string,
  control: ReadonlySet<number>,
  unknownId: number | undefined,
): EncodedSegments {
  let unknown = unknownId;
  const labels: ProvenanceLabel[] = [];
  const assistantMask: number[] = [];
  const placed = new Set<number>();
  let first = 0;
  ids.forEach((id, i) => {
    const [start, end] = offsets[i];
    while (first < ends.length - 1 && ends[first] <= start) first++;
    let label: ProvenanceLabel | undefined;
    let generated = false;
    let own: number | undefined;
    for (let at = first; at < segments.length && (at === first || ends[at - 1] < end); at++) {
      const segment = segments[at];
      if (segment.kind === 'special' && segment.id === id && !placed.has(at)) own = at;
      const part = segment.kind === 'special' ? template : segment.label;
      label = label === undefined ? part : stricterLabel(label, part);
      generated ||= segment.generated === true;
    }
    if (own !== undefined) {
      // White space that a control token takes along does not make it the message's
      placed.add(own);
      label = template;
      generated = segments[own].generated === true;
    } else if (control.has(id)) {
      // The last check is on the ids themselves. Text may become bytes, and one other token: the unknown one
      const content = contentOf(id);
      const isUnknown =
        id === unknown || (unknown === undefined && !source.slice(start, end).includes(content));
      if (byteToken.test(content) ? source.slice(start, end).includes(content) : !isUnknown)
        throw new RangeError(`segments: text became the control token ${content} at ${start}`);
      if (!byteToken.test(content)) unknown = id;
    }
    labels.push(label ?? template);
    assistantMask.push(generated ? 1 : 0);
  });
  segments.forEach((segment, i) => {
    if (segment.kind === 'special' && !placed.has(i))
      throw new RangeError(`segments[${i}]: the control token ${segment.id} cannot stand here`);
  });
  return { ids: [...ids], labels, assistantMask };
}
