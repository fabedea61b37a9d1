// The OpenAI protocol over any engine as `fetch(Request) => Response`: /v1/models, /v1/chat/completions (streaming, tools, JSON schema),
// /v1/completions, /v1/embeddings. It holds no state between requests, so replicas stand behind any balancer; it runs wherever Request and Response
// exist. Tools are the client's: calls are parsed and handed out, never run here.
import { checkOptions } from '../check-options.ts';
import { checkEngine } from '../engines/check-engine.ts';
import type { Engine } from '../engines/engine.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../json.ts';
import { errorAnswer, json } from './answers.ts';
import { chatAnswer } from './chat-endpoint.ts';
import { chatRequest } from './chat-request.ts';
import { completionsAnswer } from './completions-endpoint.ts';
import { embeddingsAnswer } from './embeddings-endpoint.ts';
import { RequestError } from './request-error.ts';

/** One model that the server offers. */
export interface ServedModel {
  readonly id: string;
  readonly engine?: Engine;
  /** Goes on with a plain text: /v1/completions. */
  readonly complete?: (prompt: string) => Engine;
  /** Embeds texts: /v1/embeddings. */
  readonly embed?: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  /** Tokens of a text that is embedded, for its usage; default: the engine's count, or an estimate. */
  readonly countTokens?: (text: string) => number;
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
  checkOptions(options, ['models', 'apiKeys', 'maxBodyBytes', 'now'], 'openAiHandler');
  if (!Array.isArray(options.models)) throw new TypeError('models: expected a list such as [{ id, engine }]');
  for (const served of options.models) {
    checkOptions(served, ['id', 'engine', 'complete', 'embed', 'countTokens'], 'openAiHandler: models');
    if (served.engine !== undefined) checkEngine(served.engine);
    if (typeof served.id !== 'string') throw new TypeError(`models: expected an id, got ${served.id}`);
  }
  const models = new Map(options.models.map((model) => [model.id, model]));
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const modelOf = (id: Json | undefined): ServedModel => {
    const model = typeof id === 'string' ? models.get(id) : undefined;
    if (model !== undefined) return model;
    const message = `model: there is no ${JSON.stringify(String(id).slice(0, 100))}`;
    throw new RequestError(404, message, 'model', 'model_not_found');
  };
  const without = (what: string): RequestError =>
    new RequestError(400, `model: it has no ${what}`, 'model', 'unsupported_model');
  const listed = (id: string): JsonObject => ({ id, object: 'model', created: 0, owned_by: 'ashlar' });
  return async (request) => {
    try {
      authorise(request, options.apiKeys);
      const path = new URL(request.url).pathname.replace(/\/$/, '');
      if (request.method === 'GET') {
        if (path.endsWith('/models')) return json({ object: 'list', data: [...models.keys()].map(listed) });
        const id = /\/models\/(.+)$/.exec(path)?.[1];
        if (id !== undefined) return json(listed(modelOf(decodeURIComponent(id)).id));
      }
      if (request.method !== 'POST')
        throw new RequestError(405, `method: ${request.method} is not supported here`);
      const body = await bodyOf(request, options.maxBodyBytes ?? 8_000_000);
      if (path.endsWith('/chat/completions')) {
        const { engine } = modelOf(body['model']);
        if (engine === undefined) throw without('chat');
        return await chatAnswer(chatRequest(body, engine.acceptsSampling), engine, request.signal, now());
      }
      if (path.endsWith('/completions')) {
        const { complete } = modelOf(body['model']);
        if (complete === undefined) throw without('completions');
        return await completionsAnswer(body, complete, request.signal, now());
      }
      if (path.endsWith('/embeddings')) {
        const { embed, engine, countTokens = engine?.countTokens?.bind(engine) } = modelOf(body['model']);
        if (embed === undefined) throw without('embeddings');
        return await embeddingsAnswer(body, { embed, ...(countTokens === undefined ? {} : { countTokens }) });
      }
      throw new RequestError(404, `path: there is no ${path.slice(0, 100)}`, null, 'unknown_url');
    } catch (error) {
      return errorAnswer(error);
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
    throw new RequestError(401, 'authorization: expected a valid API key', null, 'invalid_api_key');
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
