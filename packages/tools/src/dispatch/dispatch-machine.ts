// The dispatcher as a pure machine: no I/O, no clock, no promises. Inputs are sampled pieces, decisions and outcomes; outputs are events, some of
// which ask the driver to do something (`call.ready`: decide and run; `splice`: force this text). The same inputs give the same events, so a
// snapshot is the list of inputs and a replay is a loop. Laws: any chunking of the reply gives the same events; a cut call never becomes ready;
// every ready call gets exactly one outcome before the next text is sampled; only sampled text can open a call.
import type { OpenedCall } from '../formats/call-region.ts';
import type { ToolFormat } from '../formats/format.ts';
import { formatOf } from '../formats/formats.ts';
import type { EndReason, ParseEvent } from '../formats/parse-event.ts';
import { ToolCallParser } from '../formats/tool-call-parser.ts';
import { canonicalJson, isObject, type Json, type JsonObject, parseJson } from '../json.ts';
import { CallIds } from './call-ids.ts';
import type {
  DispatchEvent,
  DispatchInput,
  DispatchOptions,
  FinishReason,
  ToolContract,
  Unsequenced,
} from './dispatch-events.ts';
import { type Limits, limitsOf } from './limits.ts';
import type { Call, Outcome } from './outcome.ts';
import { refuseCall } from './refuse-call.ts';
import { shownEvent } from './shown-event.ts';
import { allUnreadable, cleanResults, spliceText } from './splice-results.ts';

const acceptedOptions = new Set([
  'format',
  'tools',
  'limits',
  'promptTail',
  'specialMarks',
  'specialTokens',
  'allowRepairedEffects',
]);

/**
 * The pure dispatcher of one run.
 *
 * @example
 * ```ts
 * import { DispatchMachine } from '@ashlar/tools';
 * const machine = new DispatchMachine({
 *   format: 'special-words',
 *   tools: [{ name: 'calculator', parameters: { type: 'object', properties: { expression: { type: 'string' } } }, effects: 'none' }],
 * });
 * const events = machine.push('It is |CALCULATOR| 12 * 7 |', 9);
 * const ready = events.find((e) => e.type === 'call.ready');
 * ready?.type === 'call.ready' && ready.call.arguments // => { expression: '12 * 7' }
 * machine.settle('call_0', { status: 'ok', text: '84' }).find((e) => e.type === 'splice')?.text // => ' |RESULT| 84 |'
 * ```
 */
export class DispatchMachine {
  readonly format: ToolFormat;
  readonly limits: Limits;
  private readonly options: DispatchOptions;
  private readonly tools: ReadonlyMap<string, ToolContract>;
  private readonly inputs: DispatchInput[] = [];
  private parser: ToolCallParser;
  private events: DispatchEvent[] = [];
  private seq = 0;
  private open = new Map<string, Call>();
  /** Calls of the step being gathered or run, in the order they were written, with what came of them. */
  private step: { call: Call; outcome?: Outcome; said?: boolean }[] = [];
  private steps = 0;
  private calls = 0;
  private readonly perTool = new Map<string, number>();
  private lastCall = '';
  private repeated = 0;
  private failures = 0;
  private sampled = 0;
  private forced = 0;
  private waiting = false;
  private lastStep = false;
  private turnOver = false;
  private done: FinishReason | undefined;
  private readonly ids: CallIds;

  constructor(options: DispatchOptions) {
    for (const key of Object.keys(options))
      if (!acceptedOptions.has(key))
        throw new TypeError(`${key}: expected one of ${[...acceptedOptions].join(', ')}`);
    this.options = options;
    this.format = typeof options.format === 'string' ? formatOf(options.format) : options.format;
    this.ids = new CallIds(this.format);
    this.limits = limitsOf(options.limits);
    this.tools = new Map(options.tools.map((tool) => [tool.name, tool]));
    this.parser = this.newParser(options.promptTail ?? '');
  }

  /** Rebuilds a machine from a snapshot: the same state, in another process. */
  static replay(
    options: DispatchOptions,
    inputs: readonly DispatchInput[],
  ): { machine: DispatchMachine; events: DispatchEvent[] } {
    const machine = new DispatchMachine(options);
    return { machine, events: inputs.flatMap((input) => machine.apply(input)) };
  }

  /** Everything that came in: with the options, the whole state. */
  snapshot(): readonly DispatchInput[] {
    return [...this.inputs];
  }
  /** True while outcomes are awaited: nothing may be sampled. */
  get isWaiting(): boolean {
    return this.waiting;
  }
  /** True when the model's turn has ended and `resume` must begin the next. */
  get turnEnded(): boolean {
    return this.turnOver;
  }
  /** The reason, once the run is over. */
  get finished(): FinishReason | undefined {
    return this.done;
  }
  /** Calls without an outcome yet. */
  get openCalls(): readonly Call[] {
    return [...this.open.values()];
  }
  /** The call being written, if any: for a grammar. */
  get opened(): OpenedCall | undefined {
    return this.parser.opened;
  }
  /** Tokens so far: sampled by the model, and forced into the sequence. */
  get tokens(): { readonly sampled: number; readonly forced: number } {
    return { sampled: this.sampled, forced: this.forced };
  }

  /** Takes the next sampled piece of the reply; `tokens` is how many tokens it was. */
  push(text: string, tokens = 1, options: { readonly special?: boolean } = {}): DispatchEvent[] {
    return this.apply({ input: 'push', text, tokens, ...(options.special ? { special: true } : {}) });
  }
  /** Takes a call that an endpoint has already taken apart. */
  pushCall(name: string, argumentsText: string, id?: string): DispatchEvent[] {
    return this.apply({ input: 'call', name, arguments: argumentsText, ...(id === undefined ? {} : { id }) });
  }
  /** Ends the model's turn. */
  end(reason: EndReason): DispatchEvent[] {
    return this.apply({ input: 'end', reason });
  }
  /** Notes, before it does, that a call begins to run. */
  started(callId: string): DispatchEvent[] {
    return this.apply({ input: 'start', callId });
  }
  /** Gives the outcome of a call. @throws Error for a call that is not open. */
  settle(callId: string, outcome: Outcome): DispatchEvent[] {
    return this.apply({ input: 'outcome', callId, outcome });
  }
  /** Counts forced tokens. */
  wasForced(tokens: number): DispatchEvent[] {
    return this.apply({ input: 'forced', tokens });
  }
  /** Begins the next turn of the model after a turn-mode splice. */
  resume(promptTail: string): DispatchEvent[] {
    return this.apply({ input: 'resume', promptTail });
  }
  /** Ends the run from outside: time, abort. Open calls must have been settled. */
  expire(reason: FinishReason): DispatchEvent[] {
    return this.apply({ input: 'expire', reason });
  }

  /** Applies one input; what is refused is not recorded. */
  apply(input: DispatchInput): DispatchEvent[] {
    if (input.input === 'push' || input.input === 'call' || input.input === 'end') this.mustSample();
    if (input.input === 'resume' && this.waiting) throw new Error('resume: calls are still open');
    if (input.input === 'outcome') this.openEntry(input.callId);
    this.inputs.push(input);
    switch (input.input) {
      case 'push':
        this.sampled += input.tokens;
        this.read(this.parser.push(input.text, { special: input.special === true }));
        if (this.done === undefined && !this.waiting && this.sampled > this.limits.sampledTokens)
          this.overBudget('sampled-tokens', `${this.limits.sampledTokens} tokens`);
        break;
      case 'think':
        this.say({ type: 'think', text: input.text });
        break;
      case 'call':
        this.structured(input.name, input.arguments, input.id);
        break;
      case 'end':
        this.endTurn(input.reason);
        break;
      case 'start':
        if (this.open.has(input.callId)) this.say({ type: 'call.start', callId: input.callId });
        break;
      case 'outcome':
        this.settleCall(input.callId, input.outcome);
        break;
      case 'forced':
        this.forced += input.tokens;
        if (this.done === undefined && this.forced > this.limits.forcedTokens)
          this.overBudget('forced-tokens', `${this.limits.forcedTokens} tokens`);
        break;
      case 'resume':
        this.parser = this.newParser(input.promptTail);
        this.turnOver = false;
        break;
      case 'expire':
        this.cancelOpen(input.reason);
        this.finish(input.reason);
        break;
    }
    const out = this.events;
    this.events = [];
    return out;
  }

  private mustSample(): void {
    if (this.done !== undefined) throw new Error(`the run is over: ${this.done}`);
    if (this.waiting) throw new Error('nothing may be sampled while calls are open');
    if (this.turnOver) throw new Error('the turn is over: resume begins the next');
  }
  private openEntry(id: string): { call: Call; outcome?: Outcome; said?: boolean } {
    const entry = this.step.find((e) => e.call.id === id);
    if (entry === undefined || entry.outcome !== undefined)
      throw new Error(`call ${id}: expected an open call`);
    return entry;
  }
  private newParser(promptTail: string): ToolCallParser {
    return new ToolCallParser({
      format: this.format,
      tools: this.options.tools.map(({ name, parameters }) => ({ name, parameters: parameters as Json })),
      promptTail,
      specialMarks: this.options.specialMarks ?? [],
    });
  }
  private say(event: Unsequenced): void {
    this.events.push({ seq: this.seq++, ...event } as DispatchEvent);
  }

  private read(events: readonly ParseEvent[]): void {
    const inline = this.format.render.splice === 'inline';
    for (const event of events) {
      if (event.type === 'call') this.newCall(event.name, event.arguments, event.repairs, event.id);
      else if (event.type === 'call-malformed') this.malformed(event.name, event.raw, event.reason);
      else if (event.type !== 'call-id' && event.type !== 'call-key') this.say(shownEvent(event));
    }
    if (inline && this.step.length > 0) this.beginStep();
  }

  private structured(name: string, argumentsText: string, id: string | undefined): void {
    try {
      const value = argumentsText.trim() === '' ? {} : parseJson(argumentsText);
      if (isObject(value)) this.newCall(name, value, [], id);
      else this.malformed(name, argumentsText, 'arguments: expected an object', id);
    } catch (error) {
      this.malformed(name, argumentsText, error instanceof Error ? error.message : String(error), id);
    }
  }

  private newCall(name: string, args: JsonObject, repairs: readonly string[], given?: string): void {
    const call: Call = {
      id: this.ids.take(name, this.calls, given),
      name,
      arguments: args,
      repairs,
      index: this.calls++,
    };
    const refusal = this.refusal(call);
    this.say({ type: 'call.ready', call });
    if (refusal) {
      this.step.push({ call, outcome: refusal });
      return;
    }
    this.step.push({ call });
    this.open.set(call.id, call);
  }
  private malformed(name: string | undefined, raw: string, reason: string, id?: string): void {
    const call: Call = {
      id: this.ids.take(name ?? 'call', this.calls, id),
      name: name ?? '',
      arguments: {},
      repairs: [],
      index: this.calls++,
    };
    this.say({ type: 'guard', what: 'malformed', detail: raw.slice(0, 200), callId: call.id });
    this.step.push({
      call,
      outcome: { status: 'malformed', text: `The call could not be read: ${reason}. Write it again.` },
    });
  }

  /** Answers a call that must not reach the driver: unknown, invalid, repaired, repeated, beyond a budget. */
  private refusal(call: Call): Outcome | undefined {
    const text = `${call.name}\n${canonicalJson(call.arguments as Json)}`;
    this.repeated = text === this.lastCall ? this.repeated + 1 : 1;
    this.lastCall = text;
    const usedOfTool = this.perTool.get(call.name) ?? 0;
    const counts = { repeated: this.repeated, usedOfTool, inStep: this.step.length, lastStep: this.lastStep };
    const refused = refuseCall(
      call,
      this.tools,
      this.limits,
      counts,
      this.options.allowRepairedEffects === true,
    );
    if (refused === undefined) this.perTool.set(call.name, usedOfTool + 1);
    return refused;
  }

  private endTurn(reason: EndReason): void {
    const before = this.events.length;
    this.read(this.parser.end(reason));
    this.turnOver = true;
    if (reason !== 'stop') {
      // Complete calls of a turn that was cut do not run either.
      this.cancelOpen(reason);
      this.step = [];
      this.finish(reason);
      return;
    }
    // A call that the model's own end of turn cut off is answered, so that it may try again (rule 33).
    for (const event of this.events.slice(before))
      if (event.type === 'call.incomplete')
        this.malformed(event.name, event.raw, 'it ends before its closing mark');
    if (this.waiting) return;
    if (this.step.length > 0) this.beginStep();
    else this.finish('stop');
  }
  private cancelOpen(reason: FinishReason): void {
    for (const entry of this.step) {
      entry.outcome ??= { status: 'cancelled', text: `The run ended (${reason}) before the call ran.` };
      this.tell(entry);
    }
    this.open.clear();
    this.waiting = false;
  }

  private beginStep(): void {
    this.steps++;
    this.waiting = true;
    for (const entry of this.step) this.tell(entry);
    this.finishStepWhenDone();
  }
  private settleCall(id: string, outcome: Outcome): void {
    const entry = this.openEntry(id);
    entry.outcome = outcome;
    this.open.delete(id);
    this.tell(entry);
    if (this.waiting) this.finishStepWhenDone();
  }
  /** Says the one result of a call, once. */
  private tell(entry: { call: Call; outcome?: Outcome; said?: boolean }): void {
    if (entry.outcome === undefined || entry.said) return;
    entry.said = true;
    this.say({ type: 'call.result', call: entry.call, outcome: entry.outcome });
  }
  private finishStepWhenDone(): void {
    if (this.open.size > 0) return;
    const { format } = this;
    const { specialTokens = [] } = this.options;
    const options = { format, toolNames: [...this.tools.keys()], specialTokens };
    const results = cleanResults(this.step, options, (what, count, callId) =>
      this.say({ type: 'guard', what, detail: `${count} in the result`, callId }),
    );
    this.failures = allUnreadable(results) ? this.failures + 1 : 0;
    this.step = [];
    this.waiting = false;
    const wasLast = this.lastStep;
    this.lastStep ||= this.steps >= this.limits.steps || this.calls >= this.limits.calls;
    this.say({
      type: 'splice',
      mode: format.render.splice,
      ...spliceText(results, format, this.lastStep && !wasLast),
    });
    if (wasLast)
      this.overBudget(this.calls > this.limits.calls ? 'calls' : 'steps', 'a call after the last step');
    else if (this.repeated > this.limits.repeats)
      this.overBudget('loop', `the same call ${this.repeated} times`);
    else if (this.failures >= this.limits.retries)
      this.overBudget('retries', `${this.failures} failed calls in a row`);
    else if (this.format.render.splice === 'inline' && this.turnOver) this.finish('stop');
  }

  private overBudget(limit: FinishReason, detail: string): void {
    this.say({ type: 'budget', limit, detail });
    this.cancelOpen(limit);
    this.finish(limit);
  }
  private finish(reason: FinishReason): void {
    if (this.done !== undefined) return;
    this.done = reason;
    // What was held back is shown, and a call in the middle is named as cut.
    const shown = ['content', 'reasoning', 'call-incomplete'];
    this.read(this.parser.end('abort').filter((event) => shown.includes(event.type)));
    this.say({ type: 'finish', reason });
  }
}
