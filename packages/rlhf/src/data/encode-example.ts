// Text to rows of ids with an exact mask of what is learned. Parts are encoded one by one and their ids joined: encoding the joined text would let a merge cross from prompt to
// answer, and then no mask is right (trl#2054).
import type { TokenRow } from '@ashlar/core';
import type { Content, Message } from './preference-rows.ts';

/** A run of a rendered conversation: text or one control token, and whether the assistant said it. */
export interface ConversationPart {
  readonly text?: string;
  readonly id?: number;
  /** Inside `{% generation %}`, or of an assistant's segment: it is learned. */
  readonly generated: boolean;
}

/** What encoding needs of a tokenizer. */
export interface ExampleCodec {
  /** Ids of text; asked for `addSpecialTokens: false`, since parts of a text have no control tokens around them. */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): ArrayLike<number>;
  /** The token that ends a completion, learned with it; default: the first of `eosTokenIds`, none where there is neither. */
  readonly eosTokenId?: number;
  /** As a tokenizer of `@ashlar/tokenizer` has them. */
  readonly eosTokenIds?: readonly number[];
  /** The parts of a conversation in its template; needed for conversational data. */
  conversation?(messages: readonly Message[]): readonly ConversationPart[];
}

/** Ids and mask of prompt and completion; the mask is 1 on the completion (and its end token), 0 on the prompt. */
export function encodeExample(codec: ExampleCodec, prompt: Content, completion: Content): Required<TokenRow> {
  if (typeof codec?.encode !== 'function')
    throw new TypeError('codec: expected a tokenizer with encode, as loadTokenizer(model.assets)');
  for (const [name, value] of Object.entries({ prompt, completion }))
    if (typeof value !== 'string' && !Array.isArray(value))
      throw new TypeError(`${name}: expected text or a list of messages, got ${typeof value}`);
  if (typeof prompt === 'string' && typeof completion === 'string') {
    const [before, after] = [partIds(codec, prompt), partIds(codec, completion)];
    const end = codec.eosTokenId ?? codec.eosTokenIds?.[0];
    if (end !== undefined) after.push(end);
    return {
      ids: [...before, ...after],
      mask: [...before.map(() => 0), ...after.map(() => 1)],
    };
  }
  if (typeof prompt === 'string' || typeof completion === 'string')
    throw new TypeError('completion: expected the shape of the prompt (both text or both messages)');
  if (codec.conversation === undefined)
    throw new TypeError('codec: expected conversation() for conversational data, got none');
  // Answers inside the prompt are context; only the completion's turns are learned.
  const turnsBefore = prompt.filter((m) => m.role === 'assistant').length;
  const ids: number[] = [];
  const mask: number[] = [];
  let turn = 0;
  let inside = false;
  for (const part of codec.conversation([...prompt, ...completion])) {
    if (part.generated && !inside) turn++;
    inside = part.generated;
    const own = part.id === undefined ? partIds(codec, part.text ?? '') : [part.id];
    ids.push(...own);
    mask.push(...own.map(() => (part.generated && turn > turnsBefore ? 1 : 0)));
  }
  return checked(ids, mask);
}

/** A whole conversation with every assistant turn learned: supervised fine-tuning on dialogues. */
export function encodeConversation(codec: ExampleCodec, messages: readonly Message[]): Required<TokenRow> {
  if (codec.conversation === undefined)
    throw new TypeError('codec: expected conversation() for conversational data, got none');
  const ids: number[] = [];
  const mask: number[] = [];
  for (const part of codec.conversation(messages)) {
    const own = part.id === undefined ? partIds(codec, part.text ?? '') : [part.id];
    ids.push(...own);
    mask.push(...own.map(() => (part.generated ? 1 : 0)));
  }
  return checked(ids, mask);
}

/** Ids of a part of a text, with nothing around it. */
const partIds = (codec: ExampleCodec, text: string): number[] =>
  Array.from(codec.encode(text, { addSpecialTokens: false }));

/** A template without `{% generation %}` masks everything, silently (trl#4879): that is an error here. */
function checked(ids: number[], mask: number[]): Required<TokenRow> {
  if (!mask.includes(1))
    throw new RangeError(
      'mask: expected at least one learned token, got none (does the template mark what the assistant said?)',
    );
  return { ids, mask };
}
