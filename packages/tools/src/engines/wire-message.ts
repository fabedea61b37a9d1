// Our messages in the spelling of OpenAI's API and of Hugging Face chat templates.
import { type Json, type JsonObject, writeJson } from '../json.ts';
import type { ChatMessage } from './engine.ts';

/** The message as chat templates take it (`arguments` an object) or as endpoints do (`arguments` its JSON text). */
export function wireMessage(message: ChatMessage, argumentsAs: 'object' | 'text'): JsonObject {
  const out: Record<string, Json> = { role: message.role, content: message.content };
  if (message.reasoning !== undefined) out['reasoning_content'] = message.reasoning;
  if (message.toolCallId !== undefined) out['tool_call_id'] = message.toolCallId;
  if (message.name !== undefined) out['name'] = message.name;
  if (message.toolCalls !== undefined)
    out['tool_calls'] = message.toolCalls.map((call) => ({
      id: call.id,
      type: 'function',
      function: {
        name: call.name,
        arguments: argumentsAs === 'text' ? writeJson(call.arguments) : call.arguments,
      },
    }));
  return out;
}
