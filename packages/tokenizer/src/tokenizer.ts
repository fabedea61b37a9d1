// The tokenizer: stages and added tokens behind one object. Ids alone take the fast path where the stages allow it; offsets take the general one.

import { type AddedToken, AddedTokens, type AllowedSpecial, allowedSet } from './added-tokens.ts';
import type { ChatMessage } from './chat-template/chat-template.ts';
import { type EncodeChatOptions, encodeChat } from './encode-chat.ts';
import { ENCODE_OPTIONS, type EncodeOptions } from './encode-options.ts';
import { canCutStream, encodeChunks, type TextChunks } from './encode-stream.ts';
import {
  type Encoding,
  emptyEncoding,
  mergeEncodings,
  type Padding,
  paddedLength,
  padEncoding,
  type Truncation,
  truncatePair,
} from './encoding.ts';
import { compileFastPath, type FastPath } from './engine/fast-path.ts';
import { type TokenStages, TokenTexts, tokenStages } from './engine/token-texts.ts';
import type { PieceExplanation } from './explain.ts';
import { encodeColumns, encodeIds, explainText, type PipelineOptions, type Stages } from './pipeline.ts';
import { framePiece } from './post-processors/frame-piece.ts';
import type { LayoutPiece } from './post-processors/post-processor.ts';
import { StreamDecoder } from './stream-decoder.ts';
import { bytesOfToken, isByteLevel } from './token-bytes.ts';
import { refuseUnknownOptions } from './unknown-options.ts';

export type { EncodeOptions } from './encode-options.ts';

/** Everything a tokenizer is made of. */
export interface TokenizerParts extends Stages {
  readonly addedTokens: readonly AddedToken[];
  readonly truncation?: Truncation;
  readonly padding?: Padding;
  readonly bosTokenId?: number;
  /** Ids that end a text or a turn. */
  readonly eosTokenIds?: readonly number[];
  readonly unkTokenId?: number;
  readonly padTokenId?: number;
  /** Special tokens by the names that templates use (`sep_token`, `image_token`); null: there is none. Other names follow from the ids above. */
  readonly specialTokens?: Readonly<Record<string, string | null>>;
  /** Jinja source of the chat template that came with the tokenizer. */
  readonly chatTemplate?: string;
  /** Named templates beside it ('tool_use', 'rag', ...). */
  readonly chatTemplates?: Readonly<Record<string, string>>;
}

/** What `decode` may be told. */
export interface DecodeOptions {
  /** Leave control tokens out; default false. */
  readonly skipSpecialTokens?: boolean;
}

/**
 * Text to ids and back. Make one with {@link loadTokenizer} or one of the format readers.
 *
 * @example
 * ```ts
 * import { readTiktoken } from '@ashlar/tokenizer';
 *
 * const ranks = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const tokenizer = readTiktoken([...ranks, `${btoa('hi')} 256`].join('\n'), { pattern: 'gpt2' });
 * tokenizer.encode('hi!') // => [256, 33]
 * tokenizer.decode([256, 33]) // => 'hi!'
 * ```
 */
export class Tokenizer {
  /** The stages and tokens it was made of. */
  readonly parts: TokenizerParts;
  /** One more than the greatest id. */
  readonly vocabSize: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  /** Ids of the control tokens. */
  readonly specialIds: ReadonlySet<number>;
  private readonly added: AddedTokens;
  private readonly fast: FastPath | undefined;
  private readonly stages: TokenStages | undefined;
  private readonly texts: TokenTexts[] = []; // with control tokens and without
  private readonly toBytes: (token: string) => Uint8Array;

  constructor(parts: TokenizerParts) {
    if (parts?.model?.size === undefined)
      throw new TypeError(
        'parts: expected those of a tokenizer, as readTiktoken(ranks).parts; a file is read by loadTokenizer(assets)',
      );
    this.parts = parts;
    this.added = new AddedTokens(parts.addedTokens, parts.normalizer);
    this.vocabSize = Math.max(
      parts.model.size,
      ...this.added.tokens.map((t) => t.id + 1),
      parts.model.limit ?? 0,
    );
    this.bosTokenId = parts.bosTokenId;
    this.eosTokenIds = parts.eosTokenIds ?? [];
    this.padTokenId = parts.padTokenId;
    this.unkTokenId = parts.unkTokenId;
    this.specialIds = new Set(this.added.tokens.filter((t) => t.special).map((t) => t.id));
    this.fast = compileFastPath(parts, this.added);
    this.toBytes = bytesOfToken(parts.decoder);
    this.stages = parts.decoder && tokenStages(parts.decoder);
  }

  /** The added tokens, by id. */
  get addedTokens(): readonly AddedToken[] {
    return this.added.tokens;
  }

  /**
   * The ids of a text. By default the text is framed as the post-processor says and never becomes a control token.
   * Throws a RangeError for a refused control token (with `refusedSpecial: 'error'`) and for characters that the model cannot represent.
   */
  encode(text: string, options?: EncodeOptions): number[] {
    checkText(text);
    if (options === undefined && this.fast !== undefined && this.isPlain)
      return this.frame(this.fast.encode(text, 'none'), undefined);
    if (options !== undefined) refuseUnknownOptions('encode', options, ENCODE_OPTIONS);
    const { truncation, padding } = this.shape(options);
    if (truncation !== undefined || padding !== undefined)
      return this.encodeDetailed(text, options).ids.slice();
    const settings = this.settings(options);
    this.refuse(text, options, settings.allowedSpecial);
    const first = this.bare(text, settings);
    if (options?.pair !== undefined) this.refuse(options.pair, options, settings.allowedSpecial);
    const second = options?.pair === undefined ? undefined : this.bare(options.pair, settings);
    return this.frame(first, second, options?.addSpecialTokens);
  }

  /** The ids of a text with everything known about them: offsets, type ids, masks, overflowing stretches. */
  encodeDetailed(text: string, options: EncodeOptions = {}): Encoding {
    refuseUnknownOptions('encodeDetailed', options, ENCODE_OPTIONS);
    checkText(text);
    const { truncation, padding } = this.shape(options);
    const encoding = this.encodeFramed(text, options, truncation);
    if (padding === undefined) return encoding;
    return padEncoding(encoding, paddedLength([encoding.ids.length], padding), padding, this.padId(padding));
  }

  /** Many texts (or pairs) at once, padded to a common length when padding is asked for. */
  encodeBatch(
    texts: readonly (string | readonly [string, string])[],
    options: Omit<EncodeOptions, 'pair'> = {},
  ): Encoding[] {
    refuseUnknownOptions('encodeBatch', options, ENCODE_OPTIONS.slice(1));
    const { truncation, padding } = this.shape(options);
    if (!Array.isArray(texts)) throw new TypeError(`texts: expected a list of texts, got ${typeof texts}`);
    const encodings = texts.map((item) =>
      typeof item === 'string'
        ? this.encodeFramed(item, options, truncation)
        : this.encodeFramed(item[0], { ...options, pair: item[1] }, truncation),
    );
    if (padding === undefined) return encodings;
    const length = paddedLength(
      encodings.map((e) => e.ids.length),
      padding,
    );
    return encodings.map((e) => padEncoding(e, length, padding, this.padId(padding)));
  }

  /** Number of ids that `encode` gives, without making them where the fast path can. */
  count(text: string, options?: EncodeOptions): number {
    checkText(text);
    if (this.fast !== undefined && options === undefined && this.isPlain) {
      return this.fast.count(text, 'none', Number.POSITIVE_INFINITY) + this.frame([], undefined).length;
    }
    return this.encode(text, options).length;
  }

  /**
   * The number of ids when it is at most `limit`, else false; stops as soon as the limit is passed.
   *
   * @example
   * ```ts
   * import { readTiktoken } from '@ashlar/tokenizer';
   *
   * const ranks = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join('\n');
   * const tokenizer = readTiktoken(ranks, { pattern: 'gpt2' });
   * tokenizer.isWithinLimit('abc', 3) // => 3
   * tokenizer.isWithinLimit('abcd', 3) // => false
   * ```
   */
  isWithinLimit(text: string, limit: number, options?: EncodeOptions): number | false {
    if (!(limit >= 0)) throw new RangeError(`limit: expected a number >= 0, got ${limit}`);
    checkText(text);
    let count: number;
    if (this.fast !== undefined && options === undefined && this.isPlain) {
      const frame = this.frame([], undefined).length;
      count = this.fast.count(text, 'none', limit - frame) + frame;
    } else count = this.encode(text, options).length;
    return count <= limit ? count : false;
  }

  /**
   * The ids of a conversation by the model's own chat template: the prompt that the model answers. Only literal text of the
   * template becomes a control token; `encodeChat` as a function gives the labels and the assistant mask too.
   */
  encodeChat(messages: readonly ChatMessage[], options?: EncodeChatOptions): number[] {
    return encodeChat(this, messages, options).ids;
  }

  /** The text of ids. Ids outside the vocabulary are left out, ill-formed UTF-8 becomes U+FFFD. */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    refuseUnknownOptions('decode', options, ['skipSpecialTokens']);
    if (typeof ids !== 'object' || typeof ids?.length !== 'number')
      throw new TypeError(`ids: expected a list of numbers, got ${ids === null ? 'null' : typeof ids}`);
    const skip = options.skipSpecialTokens ?? false;
    const { decoder } = this.parts;
    if (this.fast?.decode !== undefined && decoder !== undefined && isByteLevel(decoder)) {
      return this.fast.decode(ids, (id) => this.bytesOfAdded(id, skip));
    }
    const texts = this.textsOf(skip);
    if (texts !== undefined) return texts.decode(ids);
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.shownToken(ids[i], skip);
      if (token !== undefined) tokens.push(token);
    }
    return decoder === undefined ? tokens.join(' ') : decoder.decode(tokens).join('');
  }

  private textsOf(skip: boolean): TokenTexts | undefined {
    const { stages } = this;
    if (stages === undefined) return undefined;
    const at = skip ? 1 : 0;
    const tokenOf = (id: number) => this.shownToken(id, skip);
    this.texts[at] ??= new TokenTexts({ size: this.vocabSize, tokenOf, stages });
    return this.texts[at];
  }

  /** What decoders see for an id. */
  private shownToken(id: number, skip: boolean): string | undefined {
    const token = this.added.surface(id) ?? this.parts.model.idToToken(id);
    return token !== undefined && skip && this.added.isSpecial(token) ? undefined : token;
  }

  /** A decoder that takes one id after the other and never shows half a character. */
  streamDecoder(options: DecodeOptions = {}): StreamDecoder {
    refuseUnknownOptions('streamDecoder', options, ['skipSpecialTokens']);
    const skip = options.skipSpecialTokens ?? false;
    const { decoder } = this.parts;
    if (decoder === undefined || !isByteLevel(decoder))
      return new StreamDecoder({ decode: (ids) => this.decode(ids, options) });
    return new StreamDecoder({
      bytes: (id) => (this.added.get(id) ? this.bytesOfAdded(id, skip) : this.tokenBytes(id)),
    });
  }

  /**
   * The ids of text that comes in chunks, a list at a time; joined they are those of `encode` on the joined text. Byte-level vocabularies with a known
   * split give ids as the text comes; for others, and with truncation or padding, the text is held to its end.
   */
  async *encodeStream(chunks: TextChunks, options: EncodeOptions = {}): AsyncGenerator<number[]> {
    refuseUnknownOptions('encodeStream', options, ENCODE_OPTIONS.slice(1));
    const { truncation, padding } = this.shape(options);
    if (truncation !== undefined || padding !== undefined) {
      yield* encodeChunks(chunks, (text) => this.encode(text, options), false);
      return;
    }
    const layout = this.parts.postProcessor?.layout(false) ?? [{ sequence: 0 as const, typeId: 0 }];
    const at = layout.findIndex((p) => 'sequence' in p);
    const special = (pieces: readonly LayoutPiece[]) => pieces.flatMap((p) => ('ids' in p ? p.ids : []));
    const framed = options.addSpecialTokens ?? true;
    const before = framed ? special(layout.slice(0, at)) : [];
    const after = framed ? special(layout.slice(at + 1)) : [];
    if (before.length > 0) yield before;
    const bare = { ...options, addSpecialTokens: false };
    yield* encodeChunks(chunks, (text) => this.encode(text, bare), canCutStream(this));
    if (after.length > 0) yield after;
  }

  /**
   * What happens to a text: its pieces, and for models that merge every merge in order.
   *
   * @example
   * ```ts
   * import { readTiktoken } from '@ashlar/tokenizer';
   *
   * const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
   * const tokenizer = readTiktoken([...bytes, `${btoa('ab')} 256`].join('\n'), { pattern: 'gpt2' });
   * tokenizer.explain('abc')[0].steps // => [{ left: 'a', right: 'b', rank: 256, symbols: ['ab', 'c'] }]
   * ```
   */
  explain(text: string, options: EncodeOptions = {}): PieceExplanation[] {
    refuseUnknownOptions('explain', options, ENCODE_OPTIONS);
    return explainText(this.parts, this.added, text, this.settings(options));
  }

  /** Whether a linear scanner cuts the text, so that streams can be encoded as they come. */
  get hasKnownSplit(): boolean {
    return this.fast?.hasKnownSplit ?? false;
  }

  /** The bytes that an id adds to a text, or undefined for control tokens and ids outside the vocabulary. */
  tokenBytes(id: number): Uint8Array | undefined {
    if (this.specialIds.has(id)) return undefined;
    const token = this.added.surface(id) ?? this.parts.model.idToToken(id);
    return token === undefined ? undefined : this.toBytes(token);
  }

  /** The id of a token as the vocabulary writes it. */
  tokenToId(token: string): number | undefined {
    return this.added.find(token)?.id ?? this.parts.model.tokenToId(token);
  }

  /** The token of an id as the vocabulary writes it. */
  idToToken(id: number): string | undefined {
    return this.added.get(id)?.content ?? this.parts.model.idToToken(id);
  }

  private get isPlain(): boolean {
    return this.parts.truncation === undefined && this.parts.padding === undefined;
  }

  private bytesOfAdded(id: number, skip: boolean): Uint8Array | undefined {
    const surface = this.added.surface(id);
    if (surface === undefined || (skip && this.added.isSpecial(surface))) return undefined;
    return this.toBytes(surface);
  }

  private settings(options: EncodeOptions | undefined): PipelineOptions & { fastAllowed: boolean } {
    const allowed = options?.allowedSpecial ?? 'none';
    const allowedSpecial = allowedSet(allowed);
    const dropout = options?.dropout;
    if (dropout !== undefined && !(dropout >= 0 && dropout <= 1))
      throw new RangeError(`dropout: expected 0 <= p <= 1, got ${dropout}`);
    return {
      allowedSpecial,
      fastAllowed: !dropout,
      ...(dropout === undefined ? {} : { dropout }),
      ...(options?.uniform === undefined ? {} : { uniform: options.uniform }),
      ...(allowedSpecial === 'all' ? {} : { excluded: this.specialIds }),
    };
  }

  private shape(options: EncodeOptions | undefined): { truncation?: Truncation; padding?: Padding } {
    const truncation =
      options?.truncation === undefined ? this.parts.truncation : options.truncation || undefined;
    const padding = options?.padding === undefined ? this.parts.padding : options.padding || undefined;
    return { ...(truncation ? { truncation } : {}), ...(padding ? { padding } : {}) };
  }

  private padId(padding: Padding): number {
    const id = padding.padId ?? this.padTokenId;
    if (id === undefined) throw new TypeError('padding: expected a padId, the tokenizer has no pad token');
    return id;
  }

  private refuse(text: string, options: EncodeOptions | undefined, allowed: AllowedSpecial): void {
    if (options?.refusedSpecial !== 'error') return;
    const token = this.added.firstRefused(text, allowed);
    if (token !== undefined) {
      throw new RangeError(
        `text: the control token ${token.content} is not allowed here; pass allowedSpecial, or refusedSpecial: 'plain'`,
      );
    }
  }

  private bare(text: string, settings: PipelineOptions & { fastAllowed: boolean }): number[] {
    if (this.fast !== undefined && settings.fastAllowed)
      return this.fast.encode(text, settings.allowedSpecial);
    return encodeIds(this.parts, this.added, text, settings);
  }

  private frame(first: number[], second: number[] | undefined, addSpecialTokens = true): number[] {
    const layout = this.parts.postProcessor?.layout(second !== undefined);
    if (layout === undefined) return second === undefined ? first : first.concat(second);
    if (layout.length === 1 && 'sequence' in layout[0] && second === undefined) return first;
    const out: number[] = [];
    for (const piece of layout) {
      const ids =
        'ids' in piece ? (addSpecialTokens ? piece.ids : []) : piece.sequence === 0 ? first : (second ?? []);
      for (const id of ids) out.push(id);
    }
    return out;
  }

  private encodeFramed(text: string, options: EncodeOptions, truncation: Truncation | undefined): Encoding {
    const settings = this.settings(options);
    const { pair, addSpecialTokens = true } = options;
    this.refuse(text, options, settings.allowedSpecial);
    let first = encodeColumns(this.parts, this.added, text, 0, settings);
    let second: Encoding | undefined;
    if (pair !== undefined) {
      this.refuse(pair, options, settings.allowedSpecial);
      second = encodeColumns(this.parts, this.added, pair, 1, settings);
    }
    const processor = this.parts.postProcessor;
    const layout = processor?.layout(pair !== undefined);
    if (truncation !== undefined) {
      const count = addSpecialTokens
        ? (layout ?? []).reduce((n, p) => n + ('ids' in p ? p.ids.length : 0), 0)
        : 0;
      [first, second] = truncatePair(first, second, truncation, count);
    }
    if (processor?.trim !== undefined) {
      first = processor.trim(first, text);
      second = second && processor.trim(second, pair!);
    }
    if (layout === undefined) return second === undefined ? first : mergeEncodings(first, second);
    return layout
      .filter((piece) => addSpecialTokens || !('ids' in piece))
      .map((piece) => framePiece(piece, first, second, addSpecialTokens))
      .reduce(mergeEncodings, emptyEncoding());
  }
}

function checkText(text: unknown): void {
  if (typeof text !== 'string')
    throw new TypeError(`text: expected a string, got ${text === null ? 'null' : typeof text}`);
}
