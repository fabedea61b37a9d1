// What a client may ask of a chat: OpenAI's request body, checked field by field. What we cannot do is refused by name.
import type { ChatMessage, SamplingSettings } from '../engines/engine.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { chatMessage } from './chat-messages.ts';
import { unsupported, wrong } from './request-error.ts';
import { checkFields, countOf, flagOf, samplingOf, stopOf, streamOf } from './request-fields.ts';

/** A checked request: what one answer is generated from. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly JsonObject[];
  readonly sampling: SamplingSettings;
  readonly stop: readonly string[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly n: number;
  /** What the answer must satisfy as JSON, where it is no call. */
  readonly schema?: JsonObject;
  readonly parallelToolCalls: boolean;
  /** The answer must call a tool (`tool_choice`); `tools` holds those it may call. */
  readonly mustCall: boolean;
  /** A tool asks for its schema to be held to. */
  readonly strictTools: boolean;
  /** How many tokens are told in every place beside the sampled one; absent: none are told. */
  readonly logprobs?: number;
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
    'top_logprobs',
    'logit_bias',
    'modalities',
  ]);
  if (typeof body['model'] !== 'string') throw wrong('model', 'a string');
  if (!Array.isArray(body['messages']) || body['messages'].length === 0)
    throw wrong('messages', 'a non-empty list');
  const modalities = body['modalities'] ?? ['text'];
  if (!Array.isArray(modalities) || modalities.some((one) => one !== 'text'))
    throw unsupported('modalities', 'only text is supported');
  const { tools, mustCall } = toolsOf(body);
  return {
    model: body['model'],
    messages: body['messages'].map(chatMessage),
    tools,
    sampling: samplingOf(body, accepted),
    stop: stopOf(body['stop']),
    ...streamOf(body),
    n: countOf(body, 'n', 1, 16, 1),
    parallelToolCalls: flagOf(body, 'parallel_tool_calls', true),
    mustCall,
    strictTools: tools.some((tool) => isObject(tool['function']) && tool['function']['strict'] === true),
    ...schemaOf(body['response_format']),
    ...logprobsOf(body),
  };
}

function logprobsOf(body: JsonObject): { logprobs?: number } {
  const top = countOf(body, 'top_logprobs', 0, 20, 0);
  if (flagOf(body, 'logprobs')) return { logprobs: top };
  if (top > 0) throw wrong('top_logprobs', 'logprobs: true beside it');
  return {};
}

const nameOf = (tool: Json | undefined): Json | undefined =>
  isObject(tool) && isObject(tool['function']) ? tool['function']['name'] : undefined;

/** The tools that may be called, and whether one must be. */
function toolsOf(body: JsonObject): { tools: readonly JsonObject[]; mustCall: boolean } {
  const given = body['tools'] ?? [];
  if (!Array.isArray(given) || given.some((tool) => typeof nameOf(tool) !== 'string' || nameOf(tool) === ''))
    throw wrong('tools', 'entries {type: "function", function: {name, ...}}');
  const tools = given as readonly JsonObject[];
  const names = tools.map(nameOf);
  if (new Set(names).size < names.length) throw wrong('tools', 'every name once');
  const { mode, allowed } = choiceOf(body['tool_choice'] ?? 'auto');
  if (mode === 'none') return { tools: [], mustCall: false };
  const chosen = allowed === undefined ? tools : tools.filter((tool) => allowed.includes(nameOf(tool)));
  if (
    (allowed !== undefined && chosen.length < allowed.length) ||
    (mode === 'required' && chosen.length === 0)
  )
    throw wrong('tool_choice', 'auto, none, required or one of the tools');
  return { tools: chosen, mustCall: mode === 'required' };
}

/** `auto`, `none`, `required`, one tool, or OpenAI's `allowed_tools`. */
function choiceOf(choice: Json): {
  mode: 'auto' | 'none' | 'required';
  allowed?: readonly (Json | undefined)[];
} {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { mode: choice };
  if (isObject(choice) && choice['type'] === 'function')
    return { mode: 'required', allowed: [nameOf(choice)] };
  const inner = isObject(choice) && choice['type'] === 'allowed_tools' ? choice['allowed_tools'] : undefined;
  if (
    isObject(inner) &&
    (inner['mode'] === 'auto' || inner['mode'] === 'required') &&
    Array.isArray(inner['tools'])
  )
    return { mode: inner['mode'], allowed: inner['tools'].map(nameOf) };
  throw wrong('tool_choice', 'auto, none, required or one of the tools');
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
