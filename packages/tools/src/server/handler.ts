// The OpenAI protocol over any engine as `fetch(Request) => Response`: /v1/models, /v1/chat/completions (streaming, tools, JSON schema),
// /v1/completions, /v1/embeddings. It holds no state between requests, so replicas stand behind any balancer; it runs wherever Request and Response
// exist. Tools are the client's: calls are parsed and handed out, never run here.
import type { Engine } from '../engines/engine.ts';
import { isObject, type Json, type JsonObject, parseJson, writeJson } from '../json.ts';
import { type ChatRequest, chatRequest, checkFields, RequestError, samplingOf } from './chat-request.ts';
import { type ChatPiece, generateChat } from './generate-chat.ts';

/** One model that the server offers. */
export interface ServedModel {
  readonly id: string;
  readonly engine?: Engine;
  /** Goes on with a plain text: /v1/completions. */
  readonly complete?: (prompt: string) => Engine;
  /** Embeds texts: /v1/embeddings. */
  readonly embed?: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
}
/** Options of {@link openAiHandler}. */
export interface OpenAiHandlerOptions {
  readonly models: readonly ServedModel[];
  /** Keys that may ask; absent: everybody. Compared in constant time. */
  readonly apiKeys?: readonly string[];
  readonly maxBodyBytes?: number;
  /** Seconds since 1970, for `created`. */
  readonly now?: () => number;
}

const json = (body: JsonObject, status = 200): Response =>
  new Response(writeJson(body), { status, headers: { 'content-type': 'application/json' } });
const refusal = (error: RequestError): Response =>
  json(
    {
      error: {
        message: error.message,
        type: error.status === 401 ? 'authentication_error' : 'invalid_request_error',
        param: error.param,
        code: null,
      },
    },
    error.status,
  );

/**
 * The handler of an OpenAI-compatible server.
 *
 * @example
 * ```ts
 * import { scriptedEngine } from '@ashlar/tools';
 * import { openAiHandler } from '@ashlar/tools/server';
 * const serve = openAiHandler({ models: [{ id: 'm', engine: scriptedEngine(['Hello.']) }] });
 * const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
 * const response = await serve(new Request('http://localhost/v1/chat/completions', { method: 'POST', body }));
 * (await response.json()).choices[0].message.content // => 'Hello.'
 * ```
 */
export function openAiHandler(options: OpenAiHandlerOptions): (request: Request) => Promise<Response> {
  const models = new Map(options.models.map((model) => [model.id, model]));
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const modelOf = (id: string): ServedModel => {
    const model = models.get(id);
    if (model === undefined)
      throw new RequestError(404, `model: there is no ${JSON.stringify(id.slice(0, 100))}`, 'model');
    return model;
  };
  return async (request) => {
    try {
      authorise(request, options.apiKeys);
      const path = new URL(request.url).pathname.replace(/\/$/, '');
      if (request.method === 'GET' && path.endsWith('/models'))
        return json({
          object: 'list',
          data: [...models.keys()].map((id) => ({ id, object: 'model', created: 0, owned_by: 'ashlar' })),
        });
      if (request.method !== 'POST')
        throw new RequestError(405, `method: ${request.method} is not supported here`);
      const body = await bodyOf(request, options.maxBodyBytes ?? 8_000_000);
      if (path.endsWith('/chat/completions')) {
        const { engine } = modelOf(String(body['model']));
        if (engine === undefined) throw new RequestError(400, 'model: it has no chat', 'model');
        return await chat(chatRequest(body, engine.acceptsSampling), engine, request.signal, now());
      }
      if (path.endsWith('/completions'))
        return await completions(body, modelOf(String(body['model'])), request.signal, now());
      if (path.endsWith('/embeddings')) return await embeddings(body, modelOf(String(body['model'])));
      throw new RequestError(404, `path: there is no ${path.slice(0, 100)}`);
    } catch (error) {
      if (error instanceof RequestError) return refusal(error);
      if (error instanceof RangeError) return refusal(new RequestError(400, error.message));
      return json(
        { error: { message: 'the model failed', type: 'server_error', param: null, code: null } },
        500,
      );
    }
  };
}

function authorise(request: Request, keys: readonly string[] | undefined): void {
  if (keys === undefined) return;
  const given = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  const same = (a: string, b: string): boolean => {
    let difference = a.length ^ b.length;
    for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % (b.length || 1));
    return difference === 0;
  };
  if (!keys.some((key) => same(key, given)))
    throw new RequestError(401, 'authorization: expected a valid API key');
}

async function bodyOf(request: Request, most: number): Promise<JsonObject> {
  const reader = request.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    bytes += part.value.byteLength;
    if (bytes > most) throw new RequestError(413, `body: expected at most ${most} bytes`);
    text += decoder.decode(part.value, { stream: true });
  }
  let value: Json;
  try {
    value = parseJson(text + decoder.decode());
  } catch (error) {
    throw new RequestError(400, `body: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new RequestError(400, 'body: expected a JSON object');
  return value;
}

interface Choice {
  content: string;
  reasoning: string;
  calls: JsonObject[];
  finish: string;
  tokens: number;
}
const usageOf = (choices: readonly Choice[], promptTokens: number): JsonObject => {
  const completion = choices.reduce((sum, c) => sum + c.tokens, 0);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completion,
    total_tokens: promptTokens + completion,
  };
};
const promptTokensOf = (request: ChatRequest, engine: Engine): number =>
  engine.countTokens === undefined
    ? 0
    : request.messages.reduce((sum, m) => sum + (engine.countTokens?.(m.content) ?? 0), 0);
const id = (prefix: string): string => `${prefix}-${crypto.randomUUID().replace(/-/g, '')}`;

async function chat(
  request: ChatRequest,
  engine: Engine,
  signal: AbortSignal,
  created: number,
): Promise<Response> {
  const head = { id: id('chatcmpl'), created, model: request.model };
  if (!request.stream) {
    const choices: Choice[] = [];
    for (let i = 0; i < request.n; i++) {
      const choice: Choice = { content: '', reasoning: '', calls: [], finish: 'stop', tokens: 0 };
      for await (const piece of generateChat(request, engine, signal)) gather(choice, piece);
      choices.push(choice);
    }
    return json({
      ...head,
      object: 'chat.completion',
      choices: choices.map((c, index) => ({
        index,
        finish_reason: c.finish,
        logprobs: null,
        message: {
          role: 'assistant',
          content: c.content === '' && c.calls.length > 0 ? null : c.content,
          refusal: null,
          ...(c.reasoning === '' ? {} : { reasoning_content: c.reasoning }),
          ...(c.calls.length === 0 ? {} : { tool_calls: c.calls }),
        },
      })),
      usage: usageOf(choices, promptTokensOf(request, engine)),
    });
  }
  if (request.n > 1) throw new RequestError(400, 'n: expected 1 with stream', 'n');
  // The first piece is generated before the answer begins, so that an error there is a proper status.
  const controller = new AbortController();
  signal.addEventListener('abort', () => controller.abort(), { once: true });
  const pieces = generateChat(request, engine, controller.signal);
  let next = pieces.next();
  await next;
  const choice: Choice = { content: '', reasoning: '', calls: [], finish: 'stop', tokens: 0 };
  const chunk = (delta: JsonObject, finish: string | null): string =>
    `data: ${writeJson({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }] })}\n\n`;
  const encoder = new TextEncoder();
  let begun = false;
  return new Response(
    new ReadableStream<Uint8Array>(
      {
        async pull(stream) {
          const say = (text: string): void => stream.enqueue(encoder.encode(text));
          if (!begun) {
            begun = true;
            say(chunk({ role: 'assistant', content: '' }, null));
          }
          try {
            // A pull that enqueues nothing is not repeated, so pieces without text are passed over here.
            for (let said = false; !said; ) {
              const { value, done } = await next;
              if (done) {
                say(chunk({}, choice.finish));
                if (request.includeUsage)
                  say(
                    `data: ${writeJson({ ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf([choice], promptTokensOf(request, engine)) })}\n\n`,
                  );
                say('data: [DONE]\n\n');
                stream.close();
                return;
              }
              const before = choice.calls.length;
              gather(choice, value);
              said = value.type !== 'end';
              if (value.type === 'content') say(chunk({ content: value.text }, null));
              else if (value.type === 'reasoning') say(chunk({ reasoning_content: value.text }, null));
              else if (value.type === 'call')
                say(
                  chunk({ tool_calls: [{ index: before, ...(choice.calls[before] as JsonObject) }] }, null),
                );
              next = pieces.next();
              next.catch(() => {});
            }
          } catch {
            say(
              `data: ${writeJson({ error: { message: 'the model failed', type: 'server_error', param: null, code: null } })}\n\n`,
            );
            stream.close();
          }
        },
        async cancel() {
          controller.abort();
          await pieces.return(undefined);
        },
      },
      { highWaterMark: 0 },
    ),
    {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache',
        'x-accel-buffering': 'no',
      },
    },
  );
}

function gather(choice: Choice, piece: ChatPiece): void {
  if (piece.type === 'content') choice.content += piece.text;
  else if (piece.type === 'reasoning') choice.reasoning += piece.text;
  else if (piece.type === 'call')
    choice.calls.push({
      id: piece.id ?? id('call'),
      type: 'function',
      function: { name: piece.name, arguments: piece.arguments },
    });
  else if (piece.type === 'end') {
    choice.finish = piece.reason;
    choice.tokens = piece.tokens;
  }
}

async function completions(
  body: JsonObject,
  model: ServedModel,
  signal: AbortSignal,
  created: number,
): Promise<Response> {
  checkFields(body, ['model', 'prompt', 'stream', 'stop']);
  if (typeof body['prompt'] !== 'string') throw new RequestError(400, 'prompt: expected a string', 'prompt');
  if (model.complete === undefined) throw new RequestError(400, 'model: it has no completions', 'model');
  const engine = model.complete(body['prompt']);
  const sampling = samplingOf(body, engine.acceptsSampling);
  const given = body['stop'] ?? [];
  const request: ChatRequest = {
    model: model.id,
    messages: [{ role: 'user', content: body['prompt'] }],
    tools: [],
    sampling,
    stop: (typeof given === 'string' ? [given] : Array.isArray(given) ? given : [])
      .map(String)
      .filter((s) => s !== ''),
    stream: false,
    includeUsage: false,
    n: 1,
    parallelToolCalls: true,
    mustCall: false,
    strictTools: false,
  };
  const head = { id: id('cmpl'), object: 'text_completion', created, model: model.id };
  const choice: Choice = { content: '', reasoning: '', calls: [], finish: 'stop', tokens: 0 };
  const whole = (text: string, finish: string | null): JsonObject => ({
    ...head,
    choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
  });
  const pieces = generateChat(request, engine, signal, { plain: true });
  if (body['stream'] !== true) {
    for await (const piece of pieces) gather(choice, piece);
    return json({
      ...whole(choice.content, choice.finish),
      usage: usageOf([choice], engine.countTokens?.(body['prompt']) ?? 0),
    });
  }
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream<Uint8Array>({
      async pull(stream) {
        const { value, done } = await pieces.next();
        if (value) gather(choice, value);
        if (done) {
          stream.enqueue(encoder.encode(`data: ${writeJson(whole('', choice.finish))}\n\ndata: [DONE]\n\n`));
          stream.close();
        } else if (value.type === 'content')
          stream.enqueue(encoder.encode(`data: ${writeJson(whole(value.text, null))}\n\n`));
        else stream.enqueue(new Uint8Array());
      },
      cancel: async () => void (await pieces.return(undefined)),
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  );
}

async function embeddings(body: JsonObject, model: ServedModel): Promise<Response> {
  checkFields(body, ['model', 'input', 'encoding_format', 'dimensions']);
  if (model.embed === undefined) throw new RequestError(400, 'model: it has no embeddings', 'model');
  if (body['dimensions'] !== undefined)
    throw new RequestError(400, 'dimensions: not supported', 'dimensions');
  const input = typeof body['input'] === 'string' ? [body['input']] : body['input'];
  if (
    !Array.isArray(input) ||
    input.length === 0 ||
    input.length > 2048 ||
    input.some((t) => typeof t !== 'string')
  )
    throw new RequestError(400, 'input: expected a string or 1 to 2048 strings', 'input');
  const vectors = await model.embed(input as string[]);
  const base64 = body['encoding_format'] === 'base64';
  return json({
    object: 'list',
    model: model.id,
    data: vectors.map((v, index) => ({
      object: 'embedding',
      index,
      embedding: base64 ? toBase64(v) : Array.from(v),
    })),
    usage: { prompt_tokens: 0, total_tokens: 0 },
  });
}
function toBase64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, x] of vector.entries()) view.setFloat32(4 * i, x, true);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
