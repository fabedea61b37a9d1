// Calls while they are written, as OpenAI's stream shows them: the name first and then the arguments piece by piece. The opening brace is said
// with the name and the closing one only with the complete call, so what a client holds of a call that is cut, or turns out to be none, never
// parses. Calls without a mark of their own may be content until they end; they come whole.
import { plainName } from '../formats/call-region.ts';
import type { ToolFormat } from '../formats/format.ts';
import type { ParseEvent } from '../formats/parse-event.ts';
import type { ToolSignature } from '../formats/tool-signature.ts';
import { canonicalJson, type JsonObject, parseJson, writeJson } from '../json.ts';
import {
  type WrittenArguments,
  writtenCall,
  writtenGemma,
  writtenJson,
  writtenParameters,
} from './written-arguments.ts';

/** What may be said of a call now. */
export type CallDelta =
  | { readonly type: 'call-begin'; readonly name: string; readonly id?: string }
  | { readonly type: 'call-text'; readonly text: string };

/** Says calls while they are written; one at a time, as they are written. */
export class WrittenCalls {
  private readonly format: ToolFormat;
  private readonly tools: readonly ToolSignature[];
  private region = -1;
  private name: string | undefined;
  private id: string | undefined;
  private written: WrittenArguments | undefined;
  private text = '';
  private begun = false;

  constructor(format: ToolFormat, tools: readonly ToolSignature[]) {
    this.format = format;
    this.tools = tools;
  }
  /** Whether a client has been told of the call of this region. */
  told(region: number): boolean {
    return this.begun && this.region === region;
  }
  /** Takes what the parser says before a call is complete. */
  *take(event: ParseEvent): Generator<CallDelta> {
    if (event.type === 'call-open') {
      this.region = event.region;
      this.name = event.name;
      this.id = undefined;
      this.text = '';
      this.begun = false;
      this.written = this.argumentsOf(event);
      return;
    }
    if (!('region' in event) || event.region !== this.region || this.written === undefined) return;
    if (event.type === 'call-id') this.id = event.id;
    if (event.type === 'call-key') yield* this.say(this.written.key?.(event.key) ?? '');
    if (event.type === 'call-text') yield* this.say(this.written.text(event.text));
  }
  /** The end of a call of which a client was told; nothing where what was said of it is not how it is read after all. */
  *complete(complete: JsonObject): Generator<CallDelta> {
    const said = this.text === '' ? '{' : this.text;
    const whole = writeJson(complete);
    const own = this.written?.end();
    const same = (text: string): boolean => canonicalJson(parseJson(text)) === canonicalJson(complete);
    if (own !== undefined && same(this.text + own)) yield* this.say(own);
    else if (whole.startsWith(said)) yield* this.say(whole.slice(this.text.length));
    this.region = -1;
  }
  private argumentsOf(event: ParseEvent & { readonly type: 'call-open' }): WrittenArguments | undefined {
    const tool = this.tools.find(({ name }) => name === event.name);
    // Kimi's calls are found by their arguments where they name no tool.
    if (this.format.ids === 'kimi' && tool === undefined) return undefined;
    switch (event.reading) {
      case 'json-arguments':
        return writtenJson();
      case 'json-calls':
        return writtenCall();
      case 'parameters':
        return writtenParameters(this.format, tool);
      case 'gemma-arguments':
        return writtenGemma();
      default:
        return undefined;
    }
  }
  private *say(text: string): Generator<CallDelta> {
    const found = this.written?.name;
    const name = this.name ?? (found === undefined ? undefined : plainName(this.format, found));
    if (name === undefined || name === '') return;
    let from = this.text.length;
    this.text += text;
    if (!this.begun) {
      this.begun = true;
      yield { type: 'call-begin', name, ...(this.id === undefined ? {} : { id: this.id }) };
      yield { type: 'call-text', text: '{' };
      from = 1;
    }
    const rest = this.text.slice(Math.max(from, 1));
    if (rest !== '') yield { type: 'call-text', text: rest };
  }
}
