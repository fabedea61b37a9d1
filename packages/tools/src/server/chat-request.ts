// What a client may ask: OpenAI's request bodies, checked field by field. What we cannot do is refused by name; nothing is ignored in silence.
import type { ChatMessage, SamplingSettings } from '../engines/engine.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts';

/** A request that is refused, with the HTTP status and OpenAI's error fields. */
export class RequestError extends Error {
  readonly status: number;
  readonly param: string | null;
  constructor(status: number, message: string, param: string | null = null) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.param = param;
  }
}

/** A checked chat request. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly JsonObject[];
  readonly sampling: SamplingSettings;
  readonly stop: readonly string[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly n: number;
  /** What the answer must satisfy as JSON. */
  readonly schema?: JsonObject;
  readonly parallelToolCalls: boolean;
  /** The answer must call a tool (`tool_choice`); `tools` holds those it may call. */
  readonly mustCall: boolean;
  /** A tool asks for its schema to be held to. */
  readonly strictTools: boolean;
}

const samplingFields: Readonly<Record<string, readonly [keyof SamplingSettings, number, number]>> = {
  temperature: ['temperature', 0, 2],
  top_p: ['topP', 0, 1],
  top_k: ['topK', 1, 1e6],
  min_p: ['minP', 0, 1],
  seed: ['seed', -(2 ** 53), 2 ** 53],
  frequency_penalty: ['frequencyPenalty', -2, 2],
  presence_penalty: ['presencePenalty', -2, 2],
  max_tokens: ['maxTokens', 1, 1e7],
  max_completion_tokens: ['maxTokens', 1, 1e7],
};
// Fields that change nothing in what is generated.
const harmless = new Set([
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
]);
const wrong = (param: string, expected: string): RequestError =>
  new RequestError(400, `${param}: expected ${expected}`, param);

/** Reads sampling settings out of a body. */
export function samplingOf(body: JsonObject, accepted: readonly string[] | undefined): SamplingSettings {
  const out: Record<string, number> = {};
  for (const [field, [key, low, high]] of Object.entries(samplingFields)) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || !(value >= low && value <= high))
      throw wrong(field, `a number from ${low} to ${high}`);
    if (key !== 'maxTokens' && accepted !== undefined && !accepted.includes(key))
      throw new RequestError(400, `${field}: this model does not take it`, field);
    out[key] = value;
  }
  return out;
}

/** Checks that a body has no field beyond those known. */
export function checkFields(body: JsonObject, known: readonly string[]): void {
  for (const key of Object.keys(body))
    if (!known.includes(key) && !(key in samplingFields) && !harmless.has(key) && body[key] !== null)
      throw new RequestError(400, `${key}: not supported`, key);
}

/** Reads a chat body. @throws RequestError */
export function chatRequest(body: JsonObject, accepted: readonly string[] | undefined): ChatRequest {
  checkFields(body, [
    'model',
    'messages',
    'tools',
    'tool_choice',
    'parallel_tool_calls',
    'stream',
    'stream_options',
    'stop',
    'n',
    'response_format',
    'logprobs',
  ]);
  if (typeof body['model'] !== 'string') throw wrong('model', 'a string');
  if (!Array.isArray(body['messages']) || body['messages'].length === 0)
    throw wrong('messages', 'a non-empty list');
  if (body['logprobs'] === true) throw new RequestError(400, 'logprobs: not supported', 'logprobs');
  const { tools, mustCall } = toolsOf(body);
  const format = schemaOf(body['response_format']);
  if (format.schema !== undefined && tools.length > 0)
    throw new RequestError(400, 'response_format: not supported together with tools', 'response_format');
  const n = body['n'] ?? 1;
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 1 || n > 16)
    throw wrong('n', 'an integer from 1 to 16');
  const given = body['stop'] ?? [];
  const stop = typeof given === 'string' ? [given] : Array.isArray(given) ? given : [];
  if (stop.length > 16 || stop.some((s) => typeof s !== 'string' || s === ''))
    throw wrong('stop', 'at most 16 non-empty strings');
  return {
    model: body['model'],
    messages: body['messages'].map(message),
    tools,
    sampling: samplingOf(body, accepted),
    stop: stop as string[],
    stream: body['stream'] === true,
    includeUsage: isObject(body['stream_options']) && body['stream_options']['include_usage'] === true,
    n,
    parallelToolCalls: body['parallel_tool_calls'] !== false,
    mustCall,
    strictTools: tools.some((tool) => isObject(tool['function']) && tool['function']['strict'] === true),
    ...format,
  };
}

/** The tools that may be called, and whether one must be. */
function toolsOf(body: JsonObject): { tools: readonly JsonObject[]; mustCall: boolean } {
  const given = body['tools'] ?? [];
  const nameOf = (tool: Json | undefined): Json | undefined =>
    isObject(tool) && isObject(tool['function']) ? tool['function']['name'] : undefined;
  if (!Array.isArray(given) || given.some((tool) => typeof nameOf(tool) !== 'string' || nameOf(tool) === ''))
    throw wrong('tools', 'entries {type: "function", function: {name, ...}}');
  const tools = given as readonly JsonObject[];
  const choice = body['tool_choice'] ?? 'auto';
  if (choice === 'none') return { tools: [], mustCall: false };
  if (choice === 'auto') return { tools, mustCall: false };
  const named = tools.filter((tool) => nameOf(tool) === nameOf(choice));
  const chosen = choice === 'required' ? tools : named;
  if (chosen.length === 0) throw wrong('tool_choice', 'auto, none, required or one of the tools');
  return { tools: chosen, mustCall: true };
}

function schemaOf(format: Json | undefined): { schema?: JsonObject } {
  if (format === undefined || format === null) return {};
  if (!isObject(format)) throw wrong('response_format', 'an object');
  if (format['type'] === 'text') return {};
  if (format['type'] === 'json_object') return { schema: { type: 'object' } };
  const inner = isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
  if (format['type'] === 'json_schema' && isObject(inner)) return { schema: inner };
  throw wrong('response_format', 'type text, json_object or json_schema');
}

function message(given: Json, index: number): ChatMessage {
  const at = `messages[${index}]`;
  if (!isObject(given)) throw wrong(at, 'an object');
  const role = given['role'];
  if (role !== 'system' && role !== 'developer' && role !== 'user' && role !== 'assistant' && role !== 'tool')
    throw wrong(`${at}.role`, 'system, developer, user, assistant or tool');
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
      throw new RequestError(400, `${at}.content: only text parts are supported`, `${at}.content`);
    })
    .join('');
}
