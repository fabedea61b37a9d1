// What a request demands of the whole answer: JSON of a schema, a call, or either. It is held to from where the answer begins, which is behind
// the reasoning where the model reasons, and inside a header where its format has headers. Whether it can be held to is found out before
// anything is said, while there is a status to say it with.
import type { Constrained, EngineTurn } from '../engines/engine.ts';
import type { ToolCallParser } from '../formats/tool-call-parser.ts';
import type { ChatRequest } from './chat-request.ts';
import { RequestError } from './request-error.ts';

/** How strictly calls are held to. */
export const heldTo = ({ strictTools, parallelToolCalls }: ChatRequest) => ({
  ...(strictTools ? { strict: true } : {}),
  ...(parallelToolCalls ? {} : { mostCalls: 1 }),
});

/** The demand on one turn. */
export interface AnswerHold {
  /** To be called before every piece: begins to hold once the answer begins. */
  begin(): void;
  /** The whole answer is held to, so no call that opens in it needs a grammar of its own. */
  readonly whole: boolean;
  /** Held to now. */
  readonly held: boolean;
}

/** Holds `turn` to what `request` demands. @throws RequestError where the model cannot be held to it */
export function holdAnswer(request: ChatRequest, turn: EngineTurn, parser: ToolCallParser): AnswerHold {
  const { schema, mustCall, strictTools } = request;
  const { format, tools } = parser;
  const param = schema !== undefined ? 'response_format' : mustCall ? 'tool_choice' : 'tools';
  const demand = (state: string): Constrained | undefined => {
    const call: Constrained = {
      kind: 'call',
      format,
      tools,
      opened: { mark: '', written: '', state },
      ...heldTo(request),
    };
    if (schema !== undefined && !mustCall && tools.length > 0) return { ...call, orJson: schema };
    if (mustCall || (strictTools && schema === undefined)) return call;
    return schema === undefined ? undefined : { kind: 'json', schema, begin: { format, state } };
  };
  const hold = (state: string): void => {
    const what = demand(state);
    if (what === undefined) return;
    let held = false;
    try {
      held = turn.constrain?.(what) === true;
    } catch (error) {
      const message = `${param}: ${error instanceof Error ? error.message : String(error)}`;
      throw new RequestError(400, message, param, 'unsupported_schema');
    }
    if (!held) throw new RequestError(400, `${param}: this model cannot be held to it`, param);
  };
  const whole = schema !== undefined && !mustCall;
  const demanded = schema !== undefined || mustCall;
  const first = parser.place;
  const begins = (kind: string): boolean => kind === 'content' || kind === 'between';
  hold(begins(first.kind) ? first.state : 'content');
  let held = demanded && begins(first.kind);
  if (!held) turn.constrain?.(undefined);
  return {
    whole,
    get held() {
      return held;
    },
    begin(): void {
      const { kind, state } = parser.place;
      if (held || !demanded || !begins(kind)) return;
      held = true;
      hold(state);
    },
  };
}
