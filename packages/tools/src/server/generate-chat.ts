// One turn of an engine as the pieces of an OpenAI answer: content up to a stop string, reasoning, calls, and why it ended. Calls come out whole:
// a client that sees a call sees a complete one.
import { grammarHandOff } from '../dispatch/grammar-hand-off.ts';
import type { Constrained, Engine, EngineTurn } from '../engines/engine.ts';
import type { ParseEvent } from '../formats/parse-event.ts';
import { structuredFormat } from '../formats/structured-format.ts';
import { ToolCallParser } from '../formats/tool-call-parser.ts';
import { writeJson } from '../json.ts';
import { type ChatRequest, RequestError } from './chat-request.ts';
import { StopText } from './stop-text.ts';

/** A piece of an answer. */
export type ChatPiece =
  | { readonly type: 'content' | 'reasoning'; readonly text: string }
  | { readonly type: 'call'; readonly name: string; readonly arguments: string; readonly id?: string }
  | { readonly type: 'end'; readonly reason: 'stop' | 'length' | 'tool_calls'; readonly tokens: number };

/** Holds a turn to what the request demands from its beginning. @throws RequestError where the model cannot be held to it. */
function constrainTurn(request: ChatRequest, turn: EngineTurn, parser: ToolCallParser): void {
  const hold = (what: Constrained, param: string): void => {
    let held = false;
    try {
      held = turn.constrain?.(what) === true;
    } catch (error) {
      throw new RequestError(
        400,
        `${param}: ${error instanceof Error ? error.message : String(error)}`,
        param,
      );
    }
    if (!held) throw new RequestError(400, `${param}: this model cannot be held to it`, param);
  };
  const { format, tools } = parser;
  const strict = request.strictTools;
  const opened = { mark: '', written: '' };
  const call: Constrained = { kind: 'call', format, tools, opened, ...heldTo(request) };
  if (request.schema !== undefined) hold({ kind: 'json', schema: request.schema }, 'response_format');
  else if (request.mustCall) hold(call, 'tool_choice');
  else if (strict) {
    // Held to when a call opens; that it can be is found out now, while there is a status to say it with.
    hold(call, 'tools');
    turn.constrain?.(undefined);
  }
}

const heldTo = ({ strictTools, parallelToolCalls }: ChatRequest) => ({
  ...(strictTools ? { strict: true } : {}),
  ...(parallelToolCalls ? {} : { mostCalls: 1 }),
});

/** Generates one answer. `plain`: text is text, no calls are looked for. */
export async function* generateChat(
  request: ChatRequest,
  engine: Engine,
  signal: AbortSignal,
  options: { readonly plain?: boolean } = {},
): AsyncGenerator<ChatPiece> {
  const { sampling } = request;
  const turn: EngineTurn = await engine.open(request.messages, { tools: request.tools, signal, sampling });
  try {
    const structured =
      options.plain === true || engine.format === undefined || engine.format === 'structured';
    const looking = request.tools.length > 0 && !structured;
    const parser = new ToolCallParser({
      format: structured || engine.format === undefined ? structuredFormat : engine.format,
      tools: request.tools,
      promptTail: turn.promptTail.slice(-64),
      ...(looking ? { specialMarks: engine.specialTokens ?? [] } : {}),
    });
    constrainTurn(request, turn, parser);
    const handGrammar = grammarHandOff(parser.format, parser.tools, heldTo(request));
    const stops = new StopText(request.stop);
    const most = sampling.maxTokens ?? Number.POSITIVE_INFINITY;
    let tokens = 0;
    let calls = 0;
    let reason: 'stop' | 'length' = 'stop';
    const out = function* (events: readonly ParseEvent[]): Generator<ChatPiece> {
      for (const event of events) {
        if (event.type === 'content') {
          const text = stops.push(event.text);
          if (text !== '') yield { type: 'content', text };
          if (stops.stopped) return;
        } else if (event.type === 'reasoning') yield { type: 'reasoning', text: event.text };
        else if (event.type === 'call' && (request.parallelToolCalls || calls === 0)) {
          calls++;
          yield {
            type: 'call',
            name: event.name,
            arguments: writeJson(event.arguments),
            ...(event.id === undefined ? {} : { id: event.id }),
          };
        } else if (event.type === 'call-malformed') yield { type: 'content', text: event.raw };
      }
    };
    for (;;) {
      const piece = await turn.next(signal);
      if (piece.type === 'end') {
        if (piece.reason === 'abort' || piece.reason === 'error')
          throw new Error(`the model ended with ${piece.reason}`);
        reason = piece.reason === 'length' ? 'length' : 'stop';
        yield* out(parser.end(piece.reason));
        break;
      }
      if (piece.type === 'reasoning') yield { type: 'reasoning', text: piece.text };
      else if (piece.type === 'call') {
        if (!request.parallelToolCalls && calls > 0) continue;
        calls++;
        yield piece;
      } else {
        tokens += piece.tokens ?? 1;
        yield* out(parser.push(piece.text, { special: piece.special === true }));
        if (looking) handGrammar(turn, parser.opened);
        if (stops.stopped || (!request.parallelToolCalls && calls > 0)) break;
        if (tokens >= most) {
          reason = 'length';
          yield* out(parser.end('length'));
          break;
        }
      }
    }
    const rest = stops.end();
    if (rest !== '') yield { type: 'content', text: rest };
    yield { type: 'end', reason: calls > 0 && reason === 'stop' ? 'tool_calls' : reason, tokens };
  } finally {
    await turn.close();
  }
}
