// A format for replies in which no call may be: its reasoning and headers are read as ever, its calls' marks are text like any other. A request
// without tools that talks about `<tool_call>` must not lose its words.
import type { Mark, State, ToolFormat } from './format.ts';

const known = new WeakMap<ToolFormat, ToolFormat>();

/** `format` without calls. */
export function withoutCalls(format: ToolFormat): ToolFormat {
  let plain = known.get(format);
  if (plain === undefined) {
    const onlyCalls = new Set(
      Object.entries(format.states).flatMap(([name, state]) => (state.kind === 'expect' ? [name] : [])),
    );
    const states = Object.entries(format.states).map(([name, state]) => [
      name,
      {
        ...state,
        marks: state.marks.filter((mark) => mark.act !== 'open' && !onlyCalls.has(mark.to)).map(unrouted),
      } as State,
    ]);
    plain = { ...format, states: Object.fromEntries(states) };
    known.set(format, plain);
  }
  return plain;
}

const unrouted = (mark: Mark): Mark =>
  mark.routes === undefined ? mark : { ...mark, routes: mark.routes.filter(({ act }) => act !== 'open') };
