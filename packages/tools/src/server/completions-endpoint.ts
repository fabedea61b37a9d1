// /v1/completions: text goes on, without a template and without calls.
import type { Engine, TokenLogprob } from '../engines/engine.ts';
import type { Json, JsonObject } from '../json.ts';
import { type AnswerTokens, usageOf } from './answer-tokens.ts';
import { eventStream, freshId, json } from './answers.ts';
import { choiceOf } from './chat-endpoint.ts';
import type { ChatRequest } from './chat-request.ts';
import { generateChat } from './generate-chat.ts';
import { unsupported, wrong } from './request-error.ts';
import { checkFields, countOf, flagOf, samplingOf, stopOf, streamOf } from './request-fields.ts';

/** One answer to come: to which prompt, by which engine. */
interface Asked {
  readonly index: number;
  readonly prompt: string;
  readonly engine: Engine;
  readonly request: ChatRequest;
  readonly echo: boolean;
}

/** Answers a body. @throws RequestError */
export async function completionsAnswer(
  body: JsonObject,
  complete: (prompt: string) => Engine,
  signal: AbortSignal,
  created: number,
): Promise<Response> {
  const asked = askedOf(body, complete);
  const model = String(body['model']);
  const head = { id: freshId('cmpl'), object: 'text_completion', created, model };
  const stop = new AbortController();
  const first = asked[0]?.request;
  if (first?.stream)
    return eventStream(streamed(asked, stop.signal, head, first.includeUsage), signal, () => stop.abort());
  const choices: JsonObject[] = [];
  const usage: AnswerTokens[][] = [];
  for (const one of asked) {
    let text = one.echo ? one.prompt : '';
    const tokens: TokenLogprob[] = [];
    for await (const piece of generateChat(one.request, one.engine, signal, { plain: true }))
      if (piece.type === 'content') text += piece.text;
      else if (piece.type === 'logprobs') tokens.push(...piece.tokens);
      else if (piece.type === 'end') {
        count(usage, one, piece.usage);
        const logprobs = one.request.logprobs === undefined ? null : logprobsOf(tokens, 0);
        choices.push({ index: one.index, text, logprobs, finish_reason: piece.reason });
      }
  }
  return json({ ...head, choices, usage: together(usage) });
}

function askedOf(body: JsonObject, complete: (prompt: string) => Engine): Asked[] {
  checkFields(body, [
    'model',
    'prompt',
    'stream',
    'stream_options',
    'stop',
    'n',
    'echo',
    'logprobs',
    'logit_bias',
    'best_of',
    'suffix',
  ]);
  const prompts = typeof body['prompt'] === 'string' ? [body['prompt']] : body['prompt'];
  if (
    !Array.isArray(prompts) ||
    prompts.length === 0 ||
    prompts.length > 64 ||
    prompts.some((p) => typeof p !== 'string')
  )
    throw wrong('prompt', 'a string or 1 to 64 strings');
  for (const field of ['best_of', 'suffix'])
    if (body[field] !== undefined && body[field] !== null && body[field] !== 1) throw unsupported(field);
  const n = countOf(body, 'n', 1, 16, 1);
  const echo = flagOf(body, 'echo');
  const top = body['logprobs'] ?? undefined;
  if (top !== undefined) countOf(body, 'logprobs', 0, 5, 0);
  if (echo && top !== undefined) throw unsupported('echo', 'not supported together with logprobs');
  return (prompts as readonly string[]).flatMap((prompt, p) => {
    const engine = complete(prompt);
    const request: ChatRequest = {
      model: String(body['model']),
      messages: [{ role: 'user', content: prompt }],
      tools: [],
      sampling: samplingOf(body, engine.acceptsSampling),
      stop: stopOf(body['stop']),
      ...streamOf(body),
      n: 1,
      parallelToolCalls: true,
      mustCall: false,
      strictTools: false,
      ...(top === undefined ? {} : { logprobs: top as number }),
    };
    return Array.from({ length: n }, (_, i) => ({
      index: p * n + i,
      prompt,
      engine,
      request: choiceOf(request, i),
      echo,
    }));
  });
}

async function* streamed(
  asked: readonly Asked[],
  signal: AbortSignal,
  head: JsonObject,
  includeUsage: boolean,
): AsyncGenerator<JsonObject> {
  const usage: AnswerTokens[][] = [];
  for (const one of asked) {
    const chunk = (text: string, finish: string | null, logprobs: Json): JsonObject => ({
      ...head,
      choices: [{ index: one.index, text, logprobs, finish_reason: finish }],
      ...(includeUsage ? { usage: null } : {}),
    });
    let tokens: TokenLogprob[] = [];
    let said = 0;
    let begun = !one.echo;
    for await (const piece of generateChat(one.request, one.engine, signal, { plain: true })) {
      if (!begun) yield chunk(one.prompt, null, null);
      begun = true;
      if (piece.type === 'logprobs') tokens.push(...piece.tokens);
      if (piece.type !== 'content' && piece.type !== 'end') continue;
      const logprobs = tokens.length === 0 ? null : logprobsOf(tokens, said);
      tokens = [];
      if (piece.type === 'end') count(usage, one, piece.usage);
      const text = piece.type === 'content' ? piece.text : '';
      said += text.length;
      yield chunk(text, piece.type === 'end' ? piece.reason : null, logprobs);
    }
  }
  if (includeUsage) yield { ...head, choices: [], usage: together(usage) };
}

const count = (usage: AnswerTokens[][], { index, request }: Asked, tokens: AnswerTokens): void => {
  const at = Math.floor(index / request.n);
  usage[at] = [...(usage[at] ?? []), tokens];
};

/** Every prompt once. */
function together(usage: readonly AnswerTokens[][]): JsonObject {
  const each = usage.map(usageOf);
  const sum = (key: string): number => each.reduce((total, one) => total + Number(one[key]), 0);
  return {
    prompt_tokens: sum('prompt_tokens'),
    completion_tokens: sum('completion_tokens'),
    total_tokens: sum('total_tokens'),
  };
}

/** The older form: parallel lists. `from`: where the first token's text begins. */
function logprobsOf(tokens: readonly TokenLogprob[], from: number): JsonObject {
  let offset = from;
  const offsets = tokens.map(({ token }) => {
    const at = offset;
    offset += token.length;
    return at;
  });
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: offsets,
  };
}
