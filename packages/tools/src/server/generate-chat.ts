// One turn of an engine as the pieces of an OpenAI answer: content up to a stop string, reasoning, calls, and why it ended. Of a streamed answer
// calls are told while they are written, but only a complete call's arguments parse.
import { grammarHandOff } from '../dispatch/grammar-hand-off.ts';
import type { Engine, EngineTurn, TokenLogprob } from '../engines/engine.ts';
import { formatOf } from '../formats/formats.ts';
import type { ParseEvent } from '../formats/parse-event.ts';
import { structuredFormat } from '../formats/structured-format.ts';
import { ToolCallParser } from '../formats/tool-call-parser.ts';
import { withoutCalls } from '../formats/without-calls.ts';
import { writeJson } from '../json.ts';
import { AnswerIds } from './answer-ids.ts';
import { AnswerTokens } from './answer-tokens.ts';
import type { ChatRequest } from './chat-request.ts';
import { heldTo, holdAnswer } from './hold-answer.ts';
import { unsupported } from './request-error.ts';
import { StopText } from './stop-text.ts';
import { type CallDelta, WrittenCalls } from './written-calls.ts';

/** A piece of an answer. */
export type ChatPiece =
  | { readonly type: 'content' | 'reasoning'; readonly text: string }
  /** A complete call; of a streamed answer only those that could not be told while they were written. */
  | { readonly type: 'call'; readonly name: string; readonly arguments: string; readonly id: string }
  /** Of a streamed answer: a call begins, and the next piece of its arguments' JSON. */
  | { readonly type: 'call-begin'; readonly name: string; readonly id: string }
  | { readonly type: 'call-text'; readonly text: string }
  /** Of sampled tokens, where the request asks for them; those of reasoning and calls too. */
  | { readonly type: 'logprobs'; readonly tokens: readonly TokenLogprob[] }
  | {
      readonly type: 'end';
      readonly reason: 'stop' | 'length' | 'tool_calls';
      readonly usage: AnswerTokens;
    };

/** Generates one answer. `plain`: text is text, no calls are looked for. */
export async function* generateChat(
  request: ChatRequest,
  engine: Engine,
  signal: AbortSignal,
  options: { readonly plain?: boolean } = {},
): AsyncGenerator<ChatPiece> {
  const { sampling, logprobs, tools } = request;
  if (logprobs !== undefined && engine.givesLogprobs !== true)
    throw unsupported('logprobs', 'this model does not give them');
  const turn: EngineTurn = await engine.open(request.messages, {
    tools,
    signal,
    sampling,
    ...(logprobs === undefined ? {} : { logprobs }),
  });
  try {
    const structured =
      options.plain === true || engine.format === undefined || engine.format === 'structured';
    const looking = tools.length > 0 && !structured;
    const format = structured || engine.format === undefined ? structuredFormat : formatOf(engine.format);
    const parser = new ToolCallParser({
      format: looking ? format : withoutCalls(format),
      tools,
      promptTail: turn.promptTail.slice(-64),
      ...(looking ? { specialMarks: engine.specialTokens ?? [] } : {}),
    });
    const hold = holdAnswer(request, turn, parser);
    const handGrammar = grammarHandOff(parser.format, parser.tools, heldTo(request));
    const stops = new StopText(request.stop);
    const usage = new AnswerTokens(request, engine, turn);
    const ids = new AnswerIds(
      format,
      request.messages.reduce((sum, { toolCalls = [] }) => sum + toolCalls.length, 0),
    );
    const written = request.stream ? new WrittenCalls(parser.format, parser.tools) : undefined;
    // Those that a client knows of, and whether one of them is still being written.
    let calls = 0;
    let writing = false;
    // JSON of a response format is content as it stands: a mark in one of its strings is none.
    let undecided = hold.whole;
    let asItStands = false;
    let reason: 'stop' | 'length' = 'stop';
    // White space around calls is no content: it waits for something to follow.
    let blank = '';
    let said = false;
    const content = function* (text: string): Generator<ChatPiece> {
      const waits = looking && (!said || calls > 0);
      const whole = blank + text;
      blank = waits && whole.trim() === '' ? whole : '';
      if (whole === '' || blank !== '') return;
      said = true;
      yield { type: 'content', text: whole };
    };
    const told = function* (deltas: Iterable<CallDelta>): Generator<ChatPiece> {
      for (const delta of deltas) {
        if (delta.type === 'call-text') yield delta;
        else {
          calls++;
          writing = true;
          yield { type: 'call-begin', name: delta.name, id: ids.take(delta.name, delta.id) };
        }
      }
    };
    const out = function* (events: readonly ParseEvent[]): Generator<ChatPiece> {
      for (const event of events) {
        if (event.type === 'content') {
          yield* content(stops.push(event.text));
          if (stops.stopped) return;
        } else if (event.type === 'reasoning') yield { type: 'reasoning', text: event.text };
        else if ('region' in event && written?.told(event.region)) {
          if (event.type === 'call') yield* told(written.complete(event.arguments));
          else yield* told(written.take(event));
          if (event.type !== 'call-text' && event.type !== 'call-key') writing = false;
        } else if (event.type === 'call-malformed') yield* content(event.raw);
        else if (!request.parallelToolCalls && calls > 0) continue;
        else if (event.type === 'call') {
          calls++;
          const { name, id } = event;
          yield { type: 'call', name, arguments: writeJson(event.arguments), id: ids.take(name, id) };
        } else if (written !== undefined) yield* told(written.take(event));
      }
    };
    const read = function* (text: string, special: boolean): Generator<ChatPiece> {
      if (undecided && hold.held && parser.place.kind === 'content' && text.trim() !== '') {
        undecided = false;
        asItStands = beginsJson(text, format);
        if (asItStands) yield* out(parser.end('stop'));
      }
      yield* out(asItStands ? [{ type: 'content', text }] : parser.push(text, { special }));
    };
    for (;;) {
      hold.begin();
      const piece = await turn.next(signal);
      if (piece.type === 'end') {
        if (piece.reason === 'abort' || piece.reason === 'error')
          throw new Error(`the model ended with ${piece.reason}`);
        usage.count(piece.tokens ?? 0, false);
        reason = piece.reason === 'length' ? 'length' : 'stop';
        yield* out(parser.end(piece.reason));
        break;
      }
      if (piece.type === 'reasoning') yield { type: 'reasoning', text: piece.text };
      else if (piece.type === 'call') {
        if (!request.parallelToolCalls && calls > 0) continue;
        calls++;
        yield { ...piece, id: ids.take(piece.name, piece.id) };
      } else {
        usage.count(piece.tokens ?? 1, parser.place.kind === 'reasoning');
        const pieces = [...read(piece.text, piece.special === true)];
        if (piece.logprobs !== undefined && !stops.stopped)
          yield { type: 'logprobs', tokens: piece.logprobs };
        yield* pieces;
        if (looking && !hold.whole) handGrammar(turn, parser.opened);
        if (stops.stopped || (!request.parallelToolCalls && calls > 0 && !writing)) break;
        if (usage.sampled >= (sampling.maxTokens ?? Number.POSITIVE_INFINITY)) {
          reason = 'length';
          yield* out(parser.end('length'));
          break;
        }
      }
    }
    yield* content(stops.end());
    if (blank !== '' && calls === 0) yield { type: 'content', text: blank };
    yield { type: 'end', reason: calls > 0 && reason === 'stop' ? 'tool_calls' : reason, usage };
  } finally {
    await turn.close();
  }
}

/** Whether an answer that begins so is JSON and no call of the format. */
function beginsJson(text: string, { render }: ReturnType<typeof formatOf>): boolean {
  const begin = text.trimStart()[0];
  return (
    begin !== undefined && /["{[\-\dtfn]/.test(begin) && !(render.before + render.call).startsWith(begin)
  );
}
