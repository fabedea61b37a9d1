// Messages of a request: text only, and histories as they come, malformed calls included.
import type { ChatMessage } from '../engines/engine.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts';
import { unsupported, wrong } from './request-error.ts';

/** One message. @throws RequestError */
export function chatMessage(given: Json, index: number): ChatMessage {
  const at = `messages[${index}]`;
  if (!isObject(given)) throw wrong(at, 'an object');
  const role = given['role'];
  if (role !== 'system' && role !== 'developer' && role !== 'user' && role !== 'assistant' && role !== 'tool')
    throw wrong(`${at}.role`, 'system, developer, user, assistant or tool');
  for (const key of ['function_call', 'audio'])
    if (given[key] !== undefined && given[key] !== null) throw unsupported(`${at}.${key}`);
  if (role === 'tool' && typeof given['tool_call_id'] !== 'string')
    throw wrong(`${at}.tool_call_id`, 'the id of the call that is answered');
  const content = textOf(given['content'], at);
  const calls = Array.isArray(given['tool_calls']) ? given['tool_calls'] : [];
  return {
    role,
    content,
    ...(typeof given['name'] === 'string' ? { name: given['name'] } : {}),
    ...(typeof given['tool_call_id'] === 'string' ? { toolCallId: given['tool_call_id'] } : {}),
    ...(typeof given['reasoning_content'] === 'string' ? { reasoning: given['reasoning_content'] } : {}),
    ...(calls.length === 0
      ? {}
      : {
          toolCalls: calls.filter(isObject).map((call) => {
            const f = isObject(call['function']) ? call['function'] : {};
            return {
              id: String(call['id'] ?? ''),
              name: String(f['name'] ?? ''),
              arguments: argumentsOf(f['arguments']),
            };
          }),
        }),
  };
}

/** Malformed arguments in a history must not make the next request fail: they are kept as text. */
function argumentsOf(given: Json | undefined): JsonObject {
  if (isObject(given)) return given;
  const text = typeof given === 'string' ? given : '';
  try {
    const value = parseJson(text === '' ? '{}' : text);
    return isObject(value) ? value : { value };
  } catch {
    return { malformed: text };
  }
}

function textOf(content: Json | undefined, at: string): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw wrong(`${at}.content`, 'text or a list of text parts');
  return content
    .map((part) => {
      if (isObject(part) && part['type'] === 'text' && typeof part['text'] === 'string') return part['text'];
      if (isObject(part) && part['type'] === 'refusal' && typeof part['refusal'] === 'string')
        return part['refusal'];
      throw unsupported(`${at}.content`, 'only text parts are supported');
    })
    .join('');
}
