// A conversation through the model's own template to ids: render, cut into segments, tokenize.
import { continued, plainMessages } from './chat-messages.ts';
import {
  type ChatMessage,
  type ChatTemplate,
  compileChatTemplate,
  type RenderOptions,
} from './chat-template/chat-template.ts';
import {
  controlTokensOf,
  type EncodedSegments,
  encodeSegments,
  type Segment,
  toSegments,
} from './segments.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What a conversation is encoded with: everything a template is rendered with, and which template. */
export interface EncodeChatOptions extends RenderOptions {
  /** Ends the prompt with the opening of an assistant turn. Default true unless the last message is the assistant's. */
  readonly addGenerationPrompt?: boolean;
  /**
   * The prompt ends where the last message's text does, for the model to go on with it: true for `content`, or the field
   * (`'reasoning_content'`). Default false.
   */
  readonly continueFinalMessage?: boolean | string;
  /** A template to use instead of the tokenizer's own: Jinja source, compiled, or the name of one of its named templates. */
  readonly template?: string | ChatTemplate;
}

/** A conversation as ids with a label a token. */
export interface EncodedChat extends EncodedSegments {
  /** The rendered prompt. */
  readonly text: string;
  /** The prompt by provenance; special segments are control tokens. */
  readonly segments: readonly Segment[];
}

type ChatTokenizer = Pick<Tokenizer, 'parts' | 'idToToken' | 'encode' | 'tokenBytes'>;

const compiled = new Map<string, ChatTemplate>();
/** Templates kept compiled. */
const maxCompiled = 16;

function templateOf(tokenizer: ChatTokenizer, options: EncodeChatOptions): ChatTemplate {
  const given = options.template;
  if (given !== undefined && typeof given !== 'string') return given;
  const source = sourceOf(tokenizer.parts, given, options.tools != null);
  let made = compiled.get(source);
  if (made === undefined) {
    made = compileChatTemplate(source);
    if (compiled.size >= maxCompiled) compiled.delete(compiled.keys().next().value!);
    compiled.set(source, made);
  }
  return made;
}

/** Which source counts, as in transformers: with a list of tools, were it empty, the template for them. */
function sourceOf(parts: Tokenizer['parts'], given: string | undefined, hasTools: boolean): string {
  const { chatTemplate, chatTemplates = {} } = parts;
  const named = (name: string): string | undefined =>
    Object.hasOwn(chatTemplates, name) ? chatTemplates[name] : undefined;
  const names = Object.keys(chatTemplates).sort().join(', ');
  if (given !== undefined) {
    const source = named(given);
    // transformers renders a misspelt name as the whole prompt
    if (source === undefined && /^[\w-]+$/.test(given))
      throw new TypeError(
        `template: expected Jinja source or the name of a template (${names || 'the tokenizer has no named ones'}), got ${given}`,
      );
    return source ?? given;
  }
  const usual = (hasTools ? named('tool_use') : undefined) ?? named('default') ?? chatTemplate;
  if (usual !== undefined) return usual;
  throw new TypeError(
    names === ''
      ? 'encodeChat: the tokenizer came without a chat template; pass options.template'
      : `template: expected the name of one of several templates, none of which is default: ${names}`,
  );
}

/** The special tokens by the names that templates use, as the tokenizer's files call them, or as its ids say. */
function specialTokensOf(tokenizer: ChatTokenizer): Record<string, string> {
  const { bosTokenId, eosTokenIds, unkTokenId, padTokenId, specialTokens = {} } = tokenizer.parts;
  const names: Record<string, string> = {};
  for (const [name, id] of [
    ['bos_token', bosTokenId],
    ['eos_token', eosTokenIds?.[0]],
    ['unk_token', unkTokenId],
    ['pad_token', padTokenId],
  ] as const) {
    const token = id === undefined ? undefined : tokenizer.idToToken(id);
    if (token !== undefined) names[name] = token;
  }
  for (const [name, token] of Object.entries(specialTokens)) {
    if (token === null) delete names[name];
    else names[name] = token;
  }
  return names;
}

function asksForAnswer(messages: readonly ChatMessage[]): boolean {
  return messages.at(-1)?.role !== 'assistant';
}

/**
 * Renders a conversation with the tokenizer's chat template and tokenizes it. Literal text of the template becomes control
 * tokens, nothing else can: not a message's content, a role out of the ordinary, a tool's name or result. As in transformers, fields that are null or undefined
 * are not there, and `reasoning_content`, `thinking` and `reasoning` stand for each other.
 * Throws ChatTemplateError when the template does, a TypeError for a final message that cannot be continued.
 *
 * @example
 * ```ts
 * import { encodeChat, readTiktoken } from '@ashlar/tokenizer';
 *
 * const ranks = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join('\n');
 * const tokenizer = readTiktoken(ranks, { pattern: 'gpt2', specialTokens: { '<|end|>': 256 } });
 * const template = '{% for m in messages %}{{ m.content }}<|end|>{% endfor %}';
 * const { ids } = encodeChat(tokenizer, [{ role: 'user', content: '<|end|>' }], { template });
 * ids // => [60, 124, 101, 110, 100, 124, 62, 256]
 * ```
 */
export function encodeChat(
  tokenizer: ChatTokenizer,
  messages: readonly ChatMessage[],
  options: EncodeChatOptions = {},
): EncodedChat {
  const { template: _, continueFinalMessage = false, ...render } = options;
  const template = templateOf(tokenizer, options);
  if (continueFinalMessage !== false && options.addGenerationPrompt === true)
    throw new TypeError('continueFinalMessage: expected no addGenerationPrompt beside it');
  const plain = plainMessages(messages);
  const open =
    continueFinalMessage === false
      ? undefined
      : continued(plain, continueFinalMessage === true ? 'content' : continueFinalMessage, template.source);
  const specialTokens = { ...specialTokensOf(tokenizer), ...options.specialTokens };
  const rendered = template.render(open?.messages ?? plain, {
    addGenerationPrompt: open === undefined && asksForAnswer(messages),
    ...render,
    specialTokens,
  });
  const chat = open === undefined ? rendered : open.cut(rendered);
  const controlTokens = controlTokensOf(tokenizer, template);
  const segments = toSegments(tokenizer, chat, { controlTokens });
  return { text: chat.text, segments, ...encodeSegments(tokenizer, segments, { controlTokens }) };
}
