// Tokens beside the model's: control tokens and user-defined words. They are cut out of the text before the model sees it, leftmost and longest first,
// some before normalisation and some after. Semantics of Hugging Face's AddedVocabulary.
import { AlignedText } from './aligned-text.ts';
import type { Normalizer } from './normalizers/normalizer.ts';
import { isWhiteSpace } from './unicode/white-space.ts';

/** A token that is matched as a whole. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** A control token: text becomes it only when allowed, and decoding may leave it out. */
  readonly special: boolean;
  /** Matches only between characters that are no word characters. */
  readonly singleWord?: boolean;
  /** Takes the white space before it along. */
  readonly lstrip?: boolean;
  /** Takes the white space after it along. */
  readonly rstrip?: boolean;
  /** Matches the normalised text, and its own normalised form. */
  readonly normalized?: boolean;
}

/** A stretch of text that is an added token, or is not. */
export interface AddedMatch {
  readonly start: number;
  readonly end: number;
  readonly token?: AddedToken;
}

/** Whether the characters `start` to `end` of the original text may be this token: asked for every added token. */
export type AllowedPlace = (token: AddedToken, start: number, end: number) => boolean;

/** Which control tokens a text may become, or where. */
export type AllowedSpecial = 'all' | 'none' | ReadonlySet<string> | AllowedPlace;

export class AddedTokens {
  readonly tokens: readonly AddedToken[];
  private readonly byId = new Map<number, AddedToken>();
  private readonly byContent = new Map<string, AddedToken>();
  private readonly raw = new Matcher();
  private readonly normalized = new Matcher();
  private readonly surfaces = new Map<number, string>();
  private readonly specials = new Set<string>();
  private readonly onlySpecial: boolean;

  constructor(tokens: readonly AddedToken[], normalizer?: Normalizer) {
    this.tokens = [...tokens].filter((t) => t.content !== '').sort((a, b) => a.id - b.id);
    this.onlySpecial = this.tokens.every((t) => t.special);
    for (const token of this.tokens) {
      let content = token.content;
      if (token.normalized && normalizer !== undefined) {
        const text = AlignedText.from(content, false);
        normalizer.normalize(text);
        content = text.value;
      }
      this.surfaces.set(token.id, content);
      this.byId.set(token.id, token);
      this.byContent.set(token.content, token);
      if (token.special) this.specials.add(token.content);
      (token.normalized ? this.normalized : this.raw).add(content, token);
    }
  }

  /** Whether no stretch of any text can be an added token. */
  isInert(allowed: AllowedSpecial): boolean {
    return this.tokens.length === 0 || (allowed === 'none' && this.onlySpecial);
  }

  has(id: number): boolean {
    return this.byId.has(id);
  }

  get(id: number): AddedToken | undefined {
    return this.byId.get(id);
  }

  find(content: string): AddedToken | undefined {
    return this.byContent.get(content);
  }

  /** The text that decoders see for an id. */
  surface(id: number): string | undefined {
    return this.surfaces.get(id);
  }

  isSpecial(content: string): boolean {
    return this.specials.has(content);
  }

  /** Stretches of the original text. */
  matchRaw(text: string, allowed: AllowedSpecial): AddedMatch[] {
    return this.raw.match(text, allowed);
  }

  /** Stretches of normalised text. */
  matchNormalized(text: string, allowed: AllowedSpecial): AddedMatch[] {
    return this.normalized.match(text, allowed);
  }

  /** The first control token in the text that is not allowed, if any. */
  firstRefused(text: string, allowed: AllowedSpecial): AddedToken | undefined {
    const isRefused = (t: AddedToken | undefined) => t?.special && !isAllowed(t, allowed);
    for (const matcher of [this.raw, this.normalized]) {
      const refused = matcher.match(text, 'all').find((m) => isRefused(m.token));
      if (refused !== undefined) return refused.token;
    }
    return undefined;
  }
}

const isAllowed = (token: AddedToken, allowed: AllowedSpecial): boolean =>
  !token.special ||
  allowed === 'all' ||
  typeof allowed === 'function' ||
  (allowed !== 'none' && allowed.has(token.content));

interface Node {
  readonly children: Map<number, Node>;
  token?: AddedToken;
}

/** Finds the leftmost, then longest, of many strings. */
class Matcher {
  private readonly root: Node = { children: new Map() };
  private readonly first = new Set<number>();
  private oneUnit = '';

  add(content: string, token: AddedToken): void {
    let node = this.root;
    for (let i = 0; i < content.length; i++) {
      const unit = content.charCodeAt(i);
      let child = node.children.get(unit);
      if (child === undefined) {
        child = { children: new Map() };
        node.children.set(unit, child);
      }
      node = child;
    }
    if (node !== this.root) node.token = token;
    this.first.add(content.charCodeAt(0));
    this.oneUnit = this.first.size === 1 ? content[0] : '';
  }

  match(text: string, allowed: AllowedSpecial): AddedMatch[] {
    const matches: AddedMatch[] = [];
    let last = 0;
    const place = typeof allowed === 'function' ? allowed : undefined;
    for (let at = this.nextCandidate(text, 0); at < text.length; at = this.nextCandidate(text, at)) {
      const found = this.longest(text, at, place);
      if (found === undefined) {
        at++;
        continue;
      }
      const [token, end] = found;
      const begin = at;
      at = end;
      if (!isAllowed(token, allowed)) continue;
      if (token.singleWord && (isWordBefore(text, begin) || isWordAfter(text, end))) continue;
      let start = begin;
      let stop = end;
      if (token.lstrip) {
        while (start > last && isWhiteSpace(text.charCodeAt(start - 1))) start--;
        start = Math.max(start, last);
      }
      if (token.rstrip) while (stop < text.length && isWhiteSpace(text.charCodeAt(stop))) stop++;
      // A token right behind one that took white space along may hold that space again, as in the reference.
      if (last < start) matches.push({ start: last, end: start });
      // One of nothing but white space that the token before it took along is no token
      if (start < stop) matches.push({ start, end: stop, token });
      last = stop;
    }
    if (last < text.length) matches.push({ start: last, end: text.length });
    return matches;
  }

  private nextCandidate(text: string, from: number): number {
    if (this.first.size === 0) return text.length;
    if (this.oneUnit !== '') {
      const at = text.indexOf(this.oneUnit, from);
      return at < 0 ? text.length : at;
    }
    const first = this.first;
    let at = from;
    while (at < text.length && !first.has(text.charCodeAt(at))) at++;
    return at;
  }

  private longest(text: string, at: number, place?: AllowedPlace): [AddedToken, number] | undefined {
    let node = this.root;
    let found: [AddedToken, number] | undefined;
    for (let i = at; i < text.length; ) {
      const child = node.children.get(text.charCodeAt(i++));
      if (child === undefined) break;
      node = child;
      if (node.token !== undefined && (place === undefined || place(node.token, at, i)))
        found = [node.token, i];
    }
    return found;
  }
}

const WORD_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]$/u;
const WORD_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]/u;
const isWordBefore = (text: string, at: number): boolean =>
  WORD_END.test(text.slice(Math.max(0, at - 2), at));
const isWordAfter = (text: string, at: number): boolean => WORD_START.test(text.slice(at, at + 2));

/** What a caller allows, as a set that is quick to ask. */
export function allowedSet(allowed: 'all' | 'none' | Iterable<string>): AllowedSpecial {
  if (typeof allowed !== 'string') return new Set(allowed);
  if (allowed === 'all' || allowed === 'none') return allowed;
  throw new TypeError(
    `allowedSpecial: expected 'all', 'none' or a list of tokens, got ${JSON.stringify(allowed)}`,
  );
}
