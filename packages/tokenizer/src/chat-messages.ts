// What transformers does to a conversation before and behind its template (`apply_chat_template` of 5.24, `utils/chat_template_utils.py`): fields without a value are
// dropped, reasoning has every name that templates read it under, and a final message to be continued ends where its text ends.
import type { ChatMessage, RenderedChat } from './chat-template/chat-template.ts';
import { Str } from './chat-template/str.ts';
import { strip } from './chat-template/string-pieces.ts';

/** The first is the one that templates read. */
const REASONING_FIELDS = ['reasoning_content', 'thinking', 'reasoning'] as const;
/** Put behind the text to be continued: the space tells whether the template trims it. */
const TAG = 'CONTINUE_FINAL_MESSAGE_TAG ';

type Fields = Map<unknown, unknown>;

/** The messages as a template is to see them. */
export function plainMessages(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.map((message, i) => {
    if (typeof message !== 'object' || message === null || Array.isArray(message))
      throw new TypeError(`messages[${i}]: expected an object with a role, got ${JSON.stringify(message)}`);
    const fields = fieldsOf(message);
    const name = REASONING_FIELDS.find((field) => fields.has(field));
    if (name === undefined) return asMessage(message, fields);
    const reasoning = fields.get(name);
    const aliased: Fields = new Map([['thinking', reasoning], ...fields]);
    return asMessage(message, aliased.set('reasoning_content', reasoning));
  });
}

/** A conversation whose last message is to be continued, and how the rendered text is cut. */
export interface Continued {
  readonly messages: ChatMessage[];
  readonly cut: (chat: RenderedChat) => RenderedChat;
}

/**
 * Marks the end of the last message's `field`, or of its last text part. `source` is the template's.
 * @throws TypeError when there is no such text, or the template does not read it or drops it.
 */
export function continued(messages: readonly ChatMessage[], field: string, source: string): Continued {
  const last = messages.at(-1);
  const fields = last === undefined ? new Map<unknown, unknown>() : fieldsOf(last);
  const value = fields.get(field);
  if (last === undefined || value === undefined)
    throw new TypeError(`continueFinalMessage: the final message has no ${field} to continue`);
  const isReasoning = (REASONING_FIELDS as readonly string[]).includes(field);
  const names = isReasoning ? REASONING_FIELDS.filter((name) => fields.get(name) === value) : [field];
  if (!names.some((name) => source.includes(name)))
    throw new TypeError(`continueFinalMessage: the template does not read ${field}`);
  let text: string;
  if (Array.isArray(value)) {
    const at = value.findLastIndex((part) => typeof part?.text === 'string');
    if (at < 0) throw new TypeError('continueFinalMessage: the final message has no text to continue');
    text = value[at].text;
    const marked = { ...value[at], text: text + TAG };
    fields.set(field, value.with(at, marked));
  } else if (typeof value === 'string') {
    text = value;
    for (const name of names) fields.set(name, text + TAG);
  } else throw new TypeError(`continueFinalMessage: expected ${field} to be text, got ${typeof value}`);
  return {
    messages: [...messages.slice(0, -1), asMessage(last, fields)],
    cut: (chat) => cutAtTag(chat, text),
  };
}

function cutAtTag(chat: RenderedChat, text: string): RenderedChat {
  const at = chat.text.lastIndexOf(TAG.trimEnd());
  if (at < 0 || !chat.text.includes(stripped(text, BOTH)))
    throw new TypeError('continueFinalMessage: the template does not write the final message as it is');
  // A template that trims takes the tag's space, and would have taken the text's own.
  const end = chat.text.startsWith(TAG, at) ? at : stripped(chat.text.slice(0, at), RIGHT).length;
  const spans = chat.spans
    .filter((span) => span.start < end)
    .map((span) => (span.end > end ? { ...span, end } : span));
  return { text: chat.text.slice(0, end), spans };
}

/** Python's str.strip and str.rstrip. */
const stripped = (text: string, sides: number): string => strip(new Str(text), sides).text;
const RIGHT = 2;
const BOTH = 3;

const fieldsOf = (message: object): Fields =>
  new Map(
    (message instanceof Map ? [...(message as Fields)] : Object.entries(message)).filter(
      ([, value]) => value !== undefined && value !== null,
    ),
  );

/** In the form that the message had: objects forget the order of keys such as "1". */
const asMessage = (like: object, fields: Fields): ChatMessage =>
  (like instanceof Map ? fields : Object.fromEntries(fields as Map<string, unknown>)) as ChatMessage;
