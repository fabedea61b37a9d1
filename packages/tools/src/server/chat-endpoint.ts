// /v1/chat/completions: whole or streamed, one choice or several one after the other.
import type { Engine, TokenLogprob, TokenProbability } from '../engines/engine.ts';
import type { JsonObject } from '../json.ts';
import { type AnswerTokens, usageOf } from './answer-tokens.ts';
import { eventStream, freshId, json } from './answers.ts';
import type { ChatRequest } from './chat-request.ts';
import { generateChat } from './generate-chat.ts';

/** Answers a checked request. */
export async function chatAnswer(
  request: ChatRequest,
  engine: Engine,
  signal: AbortSignal,
  created: number,
): Promise<Response> {
  const head = { id: freshId('chatcmpl'), created, model: request.model };
  const stop = new AbortController();
  if (request.stream)
    return eventStream(streamed(request, engine, stop.signal, head), signal, () => stop.abort());
  const choices: JsonObject[] = [];
  const usage: AnswerTokens[] = [];
  for (let index = 0; index < request.n; index++) {
    let content = '';
    let reasoning = '';
    const calls: JsonObject[] = [];
    const tokens: TokenLogprob[] = [];
    for await (const piece of generateChat(choiceOf(request, index), engine, signal)) {
      if (piece.type === 'content') content += piece.text;
      else if (piece.type === 'reasoning') reasoning += piece.text;
      else if (piece.type === 'call') calls.push(callOf(piece));
      else if (piece.type === 'logprobs') tokens.push(...piece.tokens);
      else if (piece.type === 'end') {
        usage.push(piece.usage);
        choices.push({
          index,
          finish_reason: piece.reason,
          logprobs: request.logprobs === undefined ? null : logprobsOf(tokens),
          message: {
            role: 'assistant',
            content: content === '' && calls.length > 0 ? null : content,
            refusal: null,
            ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
            ...(calls.length === 0 ? {} : { tool_calls: calls }),
          },
        });
      }
    }
  }
  return json({ ...head, object: 'chat.completion', choices, usage: usageOf(usage) });
}

/** Choices of one seed differ by their number. */
export const choiceOf = (request: ChatRequest, index: number): ChatRequest =>
  index === 0 || request.sampling.seed === undefined
    ? request
    : { ...request, sampling: { ...request.sampling, seed: request.sampling.seed + index } };

async function* streamed(
  request: ChatRequest,
  engine: Engine,
  signal: AbortSignal,
  head: JsonObject,
): AsyncGenerator<JsonObject> {
  const usage: AnswerTokens[] = [];
  const event = (choices: readonly JsonObject[], usage: JsonObject | null): JsonObject => ({
    ...head,
    object: 'chat.completion.chunk',
    choices,
    ...(request.includeUsage ? { usage } : {}),
  });
  for (let index = 0; index < request.n; index++) {
    const chunk = (delta: JsonObject, finish: string | null, tokens: readonly TokenLogprob[]): JsonObject => {
      const logprobs = tokens.length === 0 ? null : logprobsOf(tokens);
      return event([{ index, delta, logprobs, finish_reason: finish }], null);
    };
    let begun = false;
    let calls = 0;
    let tokens: TokenLogprob[] = [];
    for await (const piece of generateChat(choiceOf(request, index), engine, signal)) {
      // Said only now: what is refused while the model is opened has a status.
      if (!begun) yield chunk({ role: 'assistant', content: '' }, null, []);
      begun = true;
      if (piece.type === 'logprobs') {
        tokens.push(...piece.tokens);
        continue;
      }
      if (piece.type === 'content') yield chunk({ content: piece.text }, null, tokens);
      else if (piece.type === 'reasoning') yield chunk({ reasoning_content: piece.text }, null, tokens);
      else if (piece.type === 'call' || piece.type === 'call-begin')
        yield chunk({ tool_calls: [{ index: calls++, ...callOf(piece) }] }, null, tokens);
      else if (piece.type === 'call-text')
        yield chunk(
          { tool_calls: [{ index: calls - 1, function: { arguments: piece.text } }] },
          null,
          tokens,
        );
      else if (piece.type === 'end') {
        usage.push(piece.usage);
        yield chunk({}, piece.reason, tokens);
      }
      tokens = [];
    }
  }
  if (request.includeUsage) yield event([], usageOf(usage));
}

const callOf = (piece: {
  readonly name: string;
  readonly arguments?: string;
  readonly id: string;
}): JsonObject => ({
  id: piece.id,
  type: 'function',
  function: { name: piece.name, arguments: piece.arguments ?? '' },
});

function logprobsOf(tokens: readonly TokenLogprob[]): JsonObject {
  const of = ({ token, bytes, logprob }: TokenProbability): JsonObject => ({
    token,
    logprob,
    bytes: Array.from(bytes),
  });
  return {
    content: tokens.map((one) => ({ ...of(one), top_logprobs: one.top.map(of) })),
    refusal: null,
  };
}
