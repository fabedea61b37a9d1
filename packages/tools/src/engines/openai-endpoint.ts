// An OpenAI-compatible endpoint (vLLM, llama-server, Ollama, TGI, this package's own server) as an engine in turn mode: the server has taken calls
// apart, results go back as messages. Arguments are kept until the server says why it stopped; of a cut reply no call comes out.
import { checkOptions } from '../check-options.ts';
import type { EndReason } from '../formats/parse-event.ts';
import { isObject, type Json, type JsonObject, parseJson, writeJson } from '../json.ts';
import type { Engine, EnginePiece, EngineTurn, SamplingSettings } from './engine.ts';
import { sseData } from './sse.ts';
import { wireMessage } from './wire-message.ts';

/** Options of {@link openAiEndpoint}. */
export interface OpenAiEndpointOptions {
  /** Up to and including `/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey?: string;
  /** For tests, and for routing. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Further fields of the request body (`{chat_template_kwargs: ...}`). */
  readonly extraBody?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The endpoint answered with an error. */
export class EndpointError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'EndpointError';
    this.status = status;
  }
}

const fields: Readonly<Record<keyof SamplingSettings, string>> = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  seed: 'seed',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  maxTokens: 'max_tokens',
  logitBias: 'logit_bias',
};

/** An engine over `POST {baseUrl}/chat/completions` with streaming. */
export function openAiEndpoint(options: OpenAiEndpointOptions): Engine {
  checkOptions(options, ['baseUrl', 'model', 'apiKey', 'fetch', 'extraBody', 'headers'], 'openAiEndpoint');
  if (!/^https?:\/\//.test(String(options.baseUrl)))
    throw new TypeError(`baseUrl: expected a URL such as http://localhost:8080/v1, got ${options.baseUrl}`);
  if (typeof options.model !== 'string')
    throw new TypeError(
      `model: expected the name of a model that the server has, got ${typeof options.model}`,
    );
  const send = options.fetch ?? ((request: Request) => fetch(request));
  return {
    format: 'structured',
    acceptsSampling: Object.keys(fields) as (keyof SamplingSettings)[],
    async open(messages, { tools, signal, written = [], sampling = {} }): Promise<EngineTurn> {
      if (written.length > 0)
        throw new TypeError('written: an endpoint cannot go on in the middle of a turn');
      const body: Record<string, Json> = {
        model: options.model,
        messages: messages.map((m) => wireMessage(m, 'text')),
        stream: true,
        ...(tools.length > 0 ? { tools: tools as Json } : {}),
      };
      for (const [key, value] of Object.entries(sampling))
        body[fields[key as keyof SamplingSettings]] = value as Json;
      const controller = new AbortController();
      const abort = (): void => controller.abort(signal.reason);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      const response = await send(
        new Request(`${options.baseUrl.replace(/\/$/, '')}/chat/completions`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
            ...options.headers,
          },
          body: writeJson({ ...body, ...options.extraBody }),
          signal: controller.signal,
        }),
      );
      if (!response.ok || response.body === null)
        throw new EndpointError(
          response.status,
          `${options.baseUrl}: HTTP ${response.status} ${(await response.text()).slice(0, 500)}`,
        );
      const pieces = read(response.body);
      return {
        promptTail: '',
        async next(): Promise<EnginePiece> {
          const { value, done } = await pieces.next();
          return done ? { type: 'end', reason: 'error' } : value;
        },
        async close(): Promise<void> {
          signal.removeEventListener('abort', abort);
          controller.abort();
          await pieces.return(undefined).catch(() => {});
        },
      };
    },
  };
}

async function* read(body: ReadableStream<Uint8Array>): AsyncGenerator<EnginePiece> {
  const calls = new Map<number, { name: string; arguments: string; id?: string }>();
  let finish: string | undefined;
  for await (const data of sseData(body)) {
    if (data.trim() === '[DONE]') break;
    const chunk = parseJson(data);
    if (!isObject(chunk)) continue;
    if (isObject(chunk['error']))
      throw new EndpointError(200, String(chunk['error']['message'] ?? 'the endpoint failed'));
    const choice = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    if (!isObject(choice)) continue;
    const delta = isObject(choice['delta']) ? choice['delta'] : {};
    const reasoning = delta['reasoning_content'] ?? delta['reasoning'];
    if (typeof reasoning === 'string' && reasoning !== '') yield { type: 'reasoning', text: reasoning };
    if (typeof delta['content'] === 'string' && delta['content'] !== '')
      yield { type: 'text', text: delta['content'], tokens: 1 };
    for (const part of Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : []) {
      if (!isObject(part)) continue;
      const index = typeof part['index'] === 'number' ? part['index'] : calls.size;
      const f = isObject(part['function']) ? part['function'] : {};
      const call = calls.get(index) ?? { name: '', arguments: '' };
      if (typeof part['id'] === 'string' && part['id'] !== '') call.id = part['id'];
      if (typeof f['name'] === 'string') call.name += call.name === '' ? f['name'] : '';
      if (typeof f['arguments'] === 'string') call.arguments += f['arguments'];
      else if (isObject(f['arguments'])) call.arguments = writeJson(f['arguments']);
      calls.set(index, call);
    }
    if (typeof choice['finish_reason'] === 'string') finish = choice['finish_reason'];
  }
  const complete = finish === 'stop' || finish === 'tool_calls' || finish === 'function_call';
  if (complete) for (const [, call] of [...calls].sort(([a], [b]) => a - b)) yield { type: 'call', ...call };
  const reason: EndReason = complete ? 'stop' : finish === 'length' ? 'length' : 'error';
  yield { type: 'end', reason };
}
