// Reads a model's reply as it is written and says what it is: content, reasoning, calls. The law is split invariance: however the reply is
// cut into pieces (tokens, bytes, one string) the events are the same once neighbouring text deltas are joined. Text that may still become
// a mark is held back; a call is announced while it is written but is only ever reported as a call when its close mark has come, or when the
// turn ended where the format lets it end. Total work is O(n): nothing is read twice, except after malformed text at the very end.

import {
  type CallRegion,
  named,
  newRegion,
  type OpenedCall,
  plainName,
  readingEvents,
} from './call-region.ts';
import type { Act, CaptureState, ExpectState, Mark, State, ToolFormat } from './format.ts';
import { formatOf } from './formats.ts';
import { isLiteral } from './lenient-literal.ts';
import { type FoundMark, findMark, firstMark, startsOf } from './mark-finder.ts';
import { targetOf } from './mark-target.ts';
import type { EndReason, ParseEvent } from './parse-event.ts';
import { checkParserOptions, type ToolCallParserOptions } from './parser-options.ts';
import type { KnownNames, Match } from './pattern.ts';
import { type ToolSignature, toolSignature } from './tool-signature.ts';
import { ValueLexer } from './value-lexer.ts';

const maxWait = 1024; // white space held back between two parts

/**
 * An incremental parser of one reply.
 *
 * @example
 * ```ts
 * import { ToolCallParser } from '@ashlar/tools';
 * const parser = new ToolCallParser({ format: 'hermes' });
 * const events = [...parser.push('Sure. <tool_'), ...parser.push('call>{"name": "now", "arguments": {}}</tool_call>'), ...parser.end('stop')];
 * events.map((e) => e.type).join(' ') // => 'content call-open call-text call'
 * ```
 */
export class ToolCallParser {
  readonly format: ToolFormat;
  readonly tools: readonly ToolSignature[];
  private readonly known: KnownNames;
  private readonly strict: ReadonlySet<string>;
  private readonly spans = new Map<number, number>();
  private readonly firsts = new Map<string, ReadonlySet<string> | undefined>();
  private readonly decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  private state: string;
  private buffer = '';
  private base = 0;
  private written = false;
  private ended = false;
  private regions = 0;
  private calls = 0;
  private region: CallRegion | undefined;
  private header = '';
  /** A mark that only other marks make a call: shown after all when anything else follows. */
  private unsure = '';
  private lexer = new ValueLexer('raw');
  private events: ParseEvent[] = [];

  constructor(options: ToolCallParserOptions) {
    checkParserOptions(options);
    this.format = typeof options.format === 'string' ? formatOf(options.format) : options.format;
    this.tools = (options.tools ?? []).map(toolSignature);
    this.known = {
      names: this.tools.map((tool) => tool.name),
      any: this.tools.length === 0,
      ...(this.format.words ? { words: true } : {}),
    };
    this.strict = new Set(options.specialMarks ?? []);
    const tail = options.promptTail ?? '';
    this.state = this.format.start?.find((s) => tail.endsWith(s.promptEndsWith))?.state ?? 'content';
    this.enter(this.state);
  }

  /** What the next character is part of, as far as that is known: content, reasoning, a call, or what stands between them. */
  get place(): { readonly kind: 'content' | 'reasoning' | 'call' | 'between'; readonly state: string } {
    const { state, at } = this;
    if (this.region !== undefined) return { kind: 'call', state };
    return { kind: at.kind === 'text' && at.as !== 'nothing' ? at.as : 'between', state };
  }
  /** The call being written, if any: what a grammar hand-off or a display asks. */
  get opened(): OpenedCall | undefined {
    const { region } = this;
    if (region === undefined) return undefined;
    const { mark, state, openedAs, written } = region;
    return {
      region: this.regions,
      mark,
      state,
      written: written + this.buffer,
      ...(openedAs === undefined ? {} : { name: plainName(this.format, openedAs) }),
    };
  }
  /**
   * Takes the next piece: text, or UTF-8 bytes cut anywhere. `special: true` says that the piece is exactly one special token.
   *
   * @throws Error after `end`.
   */
  push(piece: string | Uint8Array, options: { readonly special?: boolean } = {}): ParseEvent[] {
    if (this.ended) throw new Error('push: the reply has ended');
    const text = typeof piece === 'string' ? piece : this.decoder.decode(piece, { stream: true });
    if (options.special) this.spans.set(this.base + this.buffer.length, text.length);
    this.buffer += text;
    this.run(false);
    return this.take();
  }

  /** Ends the reply; afterwards every opened region has been answered with a call, malformed or incomplete. */
  end(reason: EndReason): ParseEvent[] {
    if (this.ended) return [];
    this.buffer += this.decoder.decode();
    this.run(true);
    // A close mark inside an unclosed string may close the call after all: only now, since inside a string it is text.
    for (let again = true; again && this.region !== undefined; ) {
      again = this.finishOrRecover(reason);
      if (again) this.run(true);
    }
    if (this.region !== undefined) {
      const { name, raw } = this.region;
      this.events.push({ type: 'call-incomplete', region: this.regions, ...named(name), raw });
      this.region = undefined;
    }
    this.ended = true;
    return this.take();
  }

  private take(): ParseEvent[] {
    const out = this.events;
    this.events = [];
    return out;
  }
  private get at(): State {
    return this.format.states[this.state] as State;
  }

  private run(final: boolean): void {
    // Each pass of the loop consumes text, changes state, or stops.
    for (;;) {
      const state = this.at;
      const before = this.state;
      const length = this.buffer.length;
      const more =
        state.kind === 'text'
          ? this.text(state.marks, state.as, final)
          : state.kind === 'capture'
            ? this.capture(state, final)
            : this.expect(final);
      if (!more) return;
      if (this.buffer.length === length && this.state === before)
        throw new Error(`format ${this.format.name}: state ${before} does not advance`);
      if (this.buffer === '' && (!final || this.at.kind !== 'expect')) return;
    }
  }

  private markAt(marks: readonly Mark[], at: number, final: boolean): FoundMark | 'wait' | undefined {
    const { base, written, known } = this;
    return findMark(marks, this.buffer, at, {
      base,
      final,
      written,
      known,
      specials: { spans: this.spans, strict: this.strict },
    });
  }
  private startsOf(name: string, marks: readonly Mark[]): ReadonlySet<string> | undefined {
    if (!this.firsts.has(name)) this.firsts.set(name, startsOf(marks));
    return this.firsts.get(name);
  }

  private text(marks: readonly Mark[], as: 'content' | 'reasoning' | 'nothing', final: boolean): boolean {
    const starts = this.startsOf(this.state, marks);
    let i = 0;
    let sawText = this.written;
    for (; i < this.buffer.length; i++) {
      const c = this.buffer[i] as string;
      if (starts === undefined || starts.has(c)) {
        this.written = sawText;
        const hit = this.markAt(marks, i, final);
        if (hit === 'wait') break;
        if (hit !== undefined) {
          this.say(as, i);
          this.follow(hit.mark, hit.match, i);
          return true;
        }
      }
      if (!sawText && !/\s/.test(c)) sawText = true;
    }
    this.written = sawText;
    this.say(as, i);
    this.consume(i);
    return false;
  }
  private say(as: 'content' | 'reasoning' | 'nothing', length: number): void {
    if (length > 0 && as !== 'nothing') this.events.push({ type: as, text: this.buffer.slice(0, length) });
  }

  private capture(state: CaptureState, final: boolean): boolean {
    const starts = this.startsOf(this.state, state.marks);
    let i = 0;
    for (; i < this.buffer.length; i++) {
      const c = this.buffer[i] as string;
      if (this.lexer.free && (starts === undefined || starts.has(c))) {
        const hit = this.markAt(state.marks, i, final);
        if (hit === 'wait') break;
        if (hit !== undefined) {
          this.keepText(state, i);
          this.follow(hit.mark, hit.match, i);
          return true;
        }
      }
      this.lexer.feed(c);
      if (this.lexer.complete && state.whenComplete) {
        this.keepText(state, i + 1);
        this.consume(i + 1);
        this.act(state.whenComplete.act);
        this.enter(state.whenComplete.to);
        return true;
      }
    }
    this.keepText(state, i);
    this.consume(i);
    return false;
  }
  private keepText(state: CaptureState, length: number): void {
    if (length === 0) return;
    const text = this.buffer.slice(0, length);
    const region = this.region;
    if (state.as === 'header') this.header += text;
    if (region === undefined) return;
    if (state.as !== 'header' && state.as !== 'nothing')
      region[state.as === 'arguments' ? 'raw' : state.as] += text;
    if (state.as === 'arguments' || state.as === 'value')
      this.events.push({ type: 'call-text', region: this.regions, text });
  }

  private expect(final: boolean): boolean {
    const state = this.at as ExpectState;
    let i = 0;
    while (i < this.buffer.length && /\s/.test(this.buffer[i] as string)) i++;
    if (state.last && this.region !== undefined) return this.expectLast(state, i, final);
    // Between the parts of a call white space means nothing; outside it may turn out to be content, so it waits, but not for ever.
    if (this.region !== undefined && i > 0) {
      this.consume(i);
      i = 0;
    }
    if (i >= this.buffer.length && i <= maxWait && (!final || this.region !== undefined)) return false;
    if (i >= this.buffer.length || i > maxWait) {
      this.enter(state.otherwise);
      return true;
    }
    const hit = this.markAt(state.marks, i, final);
    if (hit === 'wait') return false;
    if (hit !== undefined) {
      this.unsure = '';
      this.follow(hit.mark, hit.match, i);
      return true;
    }
    if (this.region === undefined) {
      if (this.unsure !== '') this.events.push({ type: 'content', text: this.unsure });
      this.unsure = '';
      this.enter(state.otherwise);
      return true;
    }
    this.region.wrong ??= `unexpected text in the call: ${JSON.stringify(this.buffer.slice(i, i + 1))}`;
    this.region.raw += this.buffer.slice(0, i + 1);
    this.consume(i + 1);
    return true;
  }

  /** Behind a call that counts only as the last thing of a reply: another one, the end, or it was content. */
  private expectLast(state: ExpectState, at: number, final: boolean): boolean {
    const region = this.region as CallRegion;
    if (at >= this.buffer.length && at <= maxWait) return false;
    const hit = at <= maxWait ? this.markAt(state.marks, at, final) : undefined;
    if (hit === 'wait') return false;
    if (hit !== undefined) {
      region.raw += this.buffer.slice(0, at);
      this.follow(hit.mark, hit.match, at);
      return true;
    }
    this.events.push({ type: 'content', text: region.raw });
    this.region = undefined;
    this.enter(state.otherwise);
    return true;
  }

  private consume(length: number): void {
    if (this.region !== undefined) this.region.written += this.buffer.slice(0, length);
    this.base += length;
    this.buffer = this.buffer.slice(length);
  }

  private follow(mark: Mark, match: Match & { kind: 'whole' }, at: number): void {
    this.leave();
    const text = mark.keep ? '' : this.buffer.slice(at, match.end);
    this.consume(mark.keep ? at : match.end);
    if (mark.act !== 'drop') this.written = true;
    const { to, act, name } = targetOf(mark, match.name, this.header);
    if (mark.routes) this.header = '';
    if (act === 'open') this.open(text, to, name);
    else if (name !== undefined && this.region !== undefined && mark.routes === undefined)
      this.region.name = name;
    if (act === 'close') this.act('close');
    if (act === undefined && this.format.states[to]?.kind === 'expect') this.unsure = text;
    this.enter(to);
  }
  /** Leaving a captured name announces it; leaving a captured value files it under its key. */
  private leave(): void {
    const state = this.at;
    const region = this.region;
    if (state.kind !== 'capture' || region === undefined) return;
    const call = { region: this.regions };
    if (state.as === 'name') this.announce(region, region.name);
    if (state.as === 'id' || (state.as === 'name' && this.format.ids === 'kimi'))
      this.events.push({ type: 'call-id', ...call, id: region[state.as].trim() });
    if (state.as === 'key') this.events.push({ type: 'call-key', ...call, key: region.key.trim() });
    if (state.as === 'value') {
      region.parameters.push([region.key.trim(), region.value]);
      region.key = '';
      region.value = '';
    }
  }
  private enter(to: string): void {
    this.state = to;
    const state = this.at;
    if (state === undefined) throw new Error(`format ${this.format.name}: no state ${to}`);
    this.lexer = new ValueLexer(state.kind === 'capture' ? (state.lexer ?? 'raw') : 'raw');
  }
  private open(mark: string, state: string, name: string | undefined): void {
    this.regions++;
    this.region = newRegion(mark, state, name);
    // Formats that write the name first announce the call when it is known.
    if (name !== undefined || !this.namedLater()) this.announce(this.region, name ?? '');
  }
  private announce(region: CallRegion, name: string): void {
    const reading = this.format.readings?.[region.state] ?? this.format.reading;
    const plain = named(plainName(this.format, name));
    this.events.push({ type: 'call-open', region: this.regions, ...plain, reading });
  }
  private namedLater(): boolean {
    return (
      this.format.reading === 'json-arguments' ||
      this.format.reading === 'parameters' ||
      this.format.reading === 'gemma-arguments'
    );
  }
  private act(act: Act | undefined): void {
    if (act !== 'close' || this.region === undefined) return;
    const region = this.region;
    this.region = undefined;
    const reading = this.format.readings?.[this.state] ?? this.format.reading;
    for (const event of readingEvents(region, this.regions, this.format, this.tools, reading))
      this.events.push(event.type === 'call' ? { ...event, index: this.calls++ } : event);
  }

  /** At the end of the reply with a call open: finish it, or find its close mark where the lexer saw a string. True when something was done. */
  private finishOrRecover(reason: EndReason): boolean {
    const state = this.at;
    const region = this.region;
    if (region === undefined) return false;
    if (reason === 'stop' && state.kind === 'expect' && state.last) {
      this.act('close');
      this.enter(state.otherwise);
      return true;
    }
    if (state.kind !== 'capture' || state.as !== 'arguments') return false;
    const { raw } = region;
    const python = state.lexer === 'python';
    // Templates that quote without escaping leave a quote open; the reader decides by the tool's schema.
    const closed = this.lexer.free || (python && /\)\s*\]\s*$/.test(raw));
    if (reason === 'stop' && state.atEnd === 'close' && closed) {
      this.act('close');
      this.enter('content');
      return true;
    }
    if (this.lexer.free) return false;
    const from = this.base - raw.length;
    const specials = { spans: this.spans, strict: this.strict };
    const found = firstMark(state.marks, raw, { base: from, specials, known: this.known });
    if (found === undefined) return false;
    region.raw = raw.slice(0, found.at);
    if (!python && !isLiteral(region.raw))
      region.wrong = 'malformed arguments: a string or bracket is not closed';
    this.buffer = raw.slice(found.at) + this.buffer;
    this.base = from + found.at;
    this.follow(found.mark, { ...found.match, end: found.match.end - found.at }, 0);
    return true;
  }
}
