// The grammar hand-off (rule 15): free text until an opening mark, then the names and schemas of the tools, then free text again. A grammar never
// excludes the way of no call, since it begins only when the model has begun one.
import type { Constrained, EngineTurn } from '../engines/engine.ts';
import type { OpenedCall } from '../formats/call-region.ts';
import type { ToolFormat } from '../formats/format.ts';
import type { ToolSignature } from '../formats/tool-signature.ts';

/** Says to a turn, after every piece, what may be written next: to be called with the parser's open call. */
export function grammarHandOff(
  format: ToolFormat,
  tools: readonly ToolSignature[],
  held: Pick<Extract<Constrained, { kind: 'call' }>, 'strict' | 'mostCalls'> = {},
): (turn: EngineTurn, opened: OpenedCall | undefined) => void {
  let constrained: { readonly turn: EngineTurn; readonly region: number } | undefined;
  return (turn, opened) => {
    if (turn.constrain === undefined || (opened === undefined && constrained === undefined)) return;
    if (opened === undefined) {
      constrained = undefined;
      turn.constrain(undefined);
    } else if (constrained?.turn !== turn || constrained.region !== opened.region) {
      constrained = { turn, region: opened.region };
      turn.constrain({ kind: 'call', format, tools, opened, ...held });
    }
  };
}
