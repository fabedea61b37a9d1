// Runs the pure machine against the world: it samples from an engine, asks the policy, runs tools under a clock and an abort signal, splices their
// results and goes on. Everything the machine is given is journalled first, so that a run can be resumed in another process; a call that had
// begun there without a recorded end is not run again unless it is idempotent, but answered "unknown".
import type {
  DispatchEvent,
  DispatchInput,
  FinishReason,
  SplicedResult,
} from './dispatch/dispatch-events.ts';
import { DispatchMachine } from './dispatch/dispatch-machine.ts';
import { fitContext } from './dispatch/fit-context.ts';
import { type Journal, memoryJournal } from './dispatch/journal.ts';
import type { Limits } from './dispatch/limits.ts';
import type { Call, Outcome } from './dispatch/outcome.ts';
import { Provenance } from './dispatch/provenance.ts';
import { runTool } from './dispatch/run-tool.ts';
import { toolOutcome } from './dispatch/tool-outcome.ts';
import { estimateTokens, memoryStore, type ResultStore } from './dispatch/truncate-result.ts';
import type { ChatMessage, Engine, EngineTurn } from './engines/engine.ts';
import type { ToolFormat } from './formats/format.ts';
import { structuredFormat } from './formats/structured-format.ts';
import { canonicalJson, type Json, type JsonObject } from './json.ts';
import { joinLabels, type Segment } from './label.ts';
import { type Decision, isApproved, makePending, type Pending } from './policy/approval.ts';
import { decide, type Policy, type PolicyContext, type Seen, type Verdict } from './policy/policy.ts';
import { sha256 } from './sha256.ts';
import { type AnyTool, checkInput, checkTools, schemaOf, toolDeclaration } from './tool.ts';

/** Options of {@link runTools}. */
export interface RunOptions {
  readonly engine: Engine;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly AnyTool[];
  /** Wire format; default: the engine's. */
  readonly format?: string | ToolFormat;
  /** Rules, see `standardPolicy`; without rules, tools that write or reach out ask. */
  readonly policy?: readonly Policy[];
  /** Answers what a rule wants to ask: a decision made by `approve(pending)` or from `signDecision`; `later` suspends the run. Absent: refused. */
  readonly approve?: (pending: Pending) => Promise<Decision | 'later'> | Decision | 'later';
  /** Signs approvals; needed when they leave the process. */
  readonly approvalSecret?: string;
  readonly limits?: Partial<Limits>;
  readonly journal?: Journal;
  readonly store?: ResultStore;
  readonly signal?: AbortSignal;
  readonly runId?: string;
  readonly allowRepairedEffects?: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}
/** What a run came to. */
export interface RunResult {
  /** All text that the model wrote outside calls and reasoning. */
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly call: Call; readonly outcome: Outcome }[];
  /** `pending`: calls wait for a decision; go on with the same journal. */
  readonly finish: FinishReason | 'pending';
  readonly pending: readonly Pending[];
  readonly messages: readonly ChatMessage[];
  readonly seen: Seen;
  readonly journal: Journal;
}
/** A run: its events as they come, and what it came to. */
export interface ToolRun extends AsyncIterable<DispatchEvent> {
  readonly result: Promise<RunResult>;
}

const acceptedOptions = new Set([
  'engine',
  'messages',
  'tools',
  'format',
  'policy',
  'approve',
  'approvalSecret',
  'limits',
  'journal',
  'store',
  'signal',
  'runId',
  'allowRepairedEffects',
  'now',
]);

/**
 * Generates with tools: yields events while the model writes, runs its calls, and goes on until it is done or a budget is.
 *
 * @example
 * ```ts
 * import { runTools, scriptedEngine } from '@ashlar/tools';
 * import { calculator } from '@ashlar/tools/calculator';
 * const engine = scriptedEngine(['12 * 7 is |CALCULATOR| 12 * 7 |', ', of course.'], { format: 'special-words' });
 * const run = runTools({ engine, tools: [calculator()], messages: [{ role: 'user', content: '12 * 7?' }] });
 * (await run.result).text // => '12 * 7 is , of course.'
 * (await run.result).calls[0]?.outcome.text // => '84'
 * ```
 */
export function runTools(options: RunOptions): ToolRun {
  for (const key of Object.keys(options))
    if (!acceptedOptions.has(key))
      throw new TypeError(`${key}: expected one of ${[...acceptedOptions].join(', ')}`);
  const queue: DispatchEvent[] = [];
  let wake: (() => void) | undefined;
  let over = false;
  let failed: { error: unknown } | undefined;
  const driver = new Driver(options, (event) => {
    queue.push(event);
    wake?.();
  });
  const result = driver.run().finally(() => {
    over = true;
    wake?.();
  });
  result.catch((error: unknown) => {
    failed = { error };
  });
  return {
    result,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const event = queue.shift();
        if (event) yield event;
        else if (over) {
          if (failed) throw failed.error;
          return;
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

class Driver {
  private readonly options: RunOptions;
  private readonly emit: (event: DispatchEvent) => void;
  private readonly tools: ReadonlyMap<string, AnyTool>;
  private readonly journal: Journal;
  private readonly store: ResultStore;
  private readonly now: () => number;
  private readonly machine: DispatchMachine;
  private readonly controller = new AbortController();
  private readonly calls: { call: Call; outcome: Outcome }[] = [];
  private readonly begun = new Set<string>();
  private readonly provenance = new Provenance();
  private messages: ChatMessage[];
  private written: Segment[] = [];
  private turnText = '';
  private turnReasoning = '';
  private turnCalls: Call[] = [];
  private text = '';
  private reasoning = '';
  private runId: string;
  private splice: Extract<DispatchEvent, { type: 'splice' }> | undefined;
  private pending: Pending[] = [];
  private decided = new Map<string, Verdict>();
  private constrained: string | undefined;

  constructor(options: RunOptions, emit: (event: DispatchEvent) => void) {
    this.options = options;
    this.emit = emit;
    this.tools = checkTools(options.tools ?? []);
    this.journal = options.journal ?? memoryJournal();
    this.store = options.store ?? memoryStore();
    this.now = options.now ?? (() => performance.now());
    this.messages = [...options.messages];
    this.runId = options.runId ?? crypto.randomUUID();
    const format = options.format ?? options.engine.format ?? 'structured';
    this.machine = new DispatchMachine({
      format: format === 'structured' ? structuredFormat : format,
      tools: [...this.tools.values()].map((tool) => ({
        name: tool.name,
        parameters: schemaOf(tool),
        effects: tool.effects,
      })),
      limits: options.limits ?? {},
      specialTokens: options.engine.specialTokens ?? [],
      specialMarks: options.engine.specialTokens ?? [],
      ...(options.allowRepairedEffects === undefined
        ? {}
        : { allowRepairedEffects: options.allowRepairedEffects }),
    });
  }

  async run(): Promise<RunResult> {
    const stop = (): void => this.controller.abort(this.options.signal?.reason);
    if (this.options.signal?.aborted) stop();
    this.options.signal?.addEventListener('abort', stop, { once: true });
    let turn: EngineTurn | undefined;
    try {
      const resumed = this.restore();
      if (!resumed) await this.journal.append({ entry: 'begin', runId: this.runId, messages: this.messages });
      for (const message of this.messages) this.provenance.read(message);
      const deadline = this.now() + this.machine.limits.wallTimeMs;
      const declarations = [...this.tools.values()].map(toolDeclaration);
      while (this.machine.finished === undefined) {
        if (this.controller.signal.aborted) await this.give({ input: 'expire', reason: 'abort' });
        else if (this.now() > deadline) await this.give({ input: 'expire', reason: 'time' });
        else if (this.machine.isWaiting) {
          if (!(await this.runStep(deadline))) break;
        } else if (this.splice) {
          const { splice } = this;
          this.splice = undefined;
          turn = await this.putBack(splice, turn, declarations);
        } else {
          if (turn === undefined) turn = await this.openTurn(declarations);
          await this.sample(turn);
        }
      }
      if (this.machine.finished !== undefined)
        await this.closeTurn(this.splice?.mode === 'turn' ? this.splice.results : []);
    } finally {
      this.options.signal?.removeEventListener('abort', stop);
      await turn?.close();
    }
    return {
      text: this.text,
      reasoning: this.reasoning,
      calls: this.calls,
      finish: this.machine.finished ?? 'pending',
      pending: this.pending,
      messages: this.messages,
      seen: this.provenance.seen,
      journal: this.journal,
    };
  }

  /** Feeds what a journal holds; true when it held a run. */
  private restore(): boolean {
    const entries = [...this.journal.entries];
    const begin = entries.find((entry) => entry.entry === 'begin');
    if (begin?.entry !== 'begin') return false;
    this.runId = begin.runId;
    this.messages = [...begin.messages];
    for (const entry of entries) {
      if (entry.entry === 'input') {
        if (entry.input.input === 'push')
          this.written.push({
            kind: 'text',
            text: entry.input.text,
            label: { trust: 'model', source: 'model' },
          });
        if (entry.input.input === 'start') this.begun.add(entry.input.callId);
        this.take(this.machine.apply(entry.input), true);
      } else if (entry.entry === 'forced') {
        this.written.push({ kind: 'text', text: entry.text, label: { trust: 'tool', source: 'tool' } });
        this.splice = undefined;
      } else if (entry.entry === 'turn') {
        this.messages.push(...entry.messages);
        this.splice = undefined;
        this.beginTurn();
      }
    }
    return true;
  }

  private async give(input: DispatchInput): Promise<void> {
    await this.journal.append({ entry: 'input', input });
    this.take(this.machine.apply(input));
  }
  private take(events: readonly DispatchEvent[], replayed = false): void {
    for (const event of events) {
      if (event.type === 'text') {
        this.text += event.text;
        this.turnText += event.text;
      } else if (event.type === 'think') {
        this.reasoning += event.text;
        this.turnReasoning += event.text;
      } else if (event.type === 'call.ready') this.turnCalls.push(event.call);
      else if (event.type === 'call.result') {
        this.calls.push({ call: event.call, outcome: event.outcome });
        if (event.outcome.label) this.provenance.see(event.outcome.label);
        if (!this.turnCalls.some((c) => c.id === event.call.id) && event.call.name !== '')
          this.turnCalls.push(event.call);
      } else if (event.type === 'splice') this.splice = event;
      if (!replayed) this.emit(event);
    }
  }

  private async openTurn(tools: readonly JsonObject[]): Promise<EngineTurn> {
    const { engine } = this.options;
    const count = engine.countTokens?.bind(engine) ?? estimateTokens;
    const messages =
      engine.maxPromptTokens === undefined
        ? this.messages
        : fitContext(this.messages, engine.maxPromptTokens, count, this.store);
    const turn = await engine.open(messages, {
      tools,
      signal: this.controller.signal,
      ...(this.written.length > 0 ? { written: this.written } : {}),
    });
    // The first turn's parser learns how the prompt ended; a resumed one is in the middle already.
    if (this.written.length === 0)
      await this.give({ input: 'resume', promptTail: turn.promptTail.slice(-64) });
    return turn;
  }

  private async sample(turn: EngineTurn): Promise<void> {
    let piece: Awaited<ReturnType<EngineTurn['next']>>;
    try {
      piece = await turn.next(this.controller.signal);
    } catch (error) {
      if (!this.controller.signal.aborted) throw error;
      piece = { type: 'end', reason: 'abort' };
    }
    if (piece.type === 'text') {
      const tokens = piece.tokens ?? 1;
      this.written.push({ kind: 'text', text: piece.text, label: { trust: 'model', source: 'model' } });
      await this.give({
        input: 'push',
        text: piece.text,
        tokens,
        ...(piece.special ? { special: true } : {}),
      });
      this.handGrammar(turn);
    } else if (piece.type === 'reasoning') await this.give({ input: 'think', text: piece.text });
    else if (piece.type === 'call')
      await this.give({
        input: 'call',
        name: piece.name,
        arguments: piece.arguments,
        ...(piece.id === undefined ? {} : { id: piece.id }),
      });
    else await this.give({ input: 'end', reason: piece.reason });
  }
  /** While a known tool's arguments are written, its schema constrains sampling (rule 15). */
  private handGrammar(turn: EngineTurn): void {
    if (turn.constrain === undefined) return;
    const name = this.machine.writingCallOf;
    if (name === this.constrained) return;
    this.constrained = name;
    const tool = name === undefined ? undefined : this.tools.get(name);
    turn.constrain(tool === undefined ? undefined : (schemaOf(tool) as JsonObject));
  }

  // ---- gate and run

  /** Decides on and runs every open call; false when the run is suspended. */
  private async runStep(deadline: number): Promise<boolean> {
    const open = this.machine.openCalls;
    const allowed: { call: Call; tool: AnyTool; arguments: JsonObject }[] = [];
    this.pending = [];
    for (const call of open) {
      const tool = this.tools.get(call.name) as AnyTool;
      if (
        this.begun.has(call.id) &&
        tool.idempotent !== true &&
        tool.effects !== 'none' &&
        tool.effects !== 'read'
      ) {
        await this.settle(call, {
          status: 'unknown',
          text: 'The run was interrupted while this call ran; it may have happened. Check before doing it again.',
        });
        continue;
      }
      const input = await this.gate(call, tool);
      if (input === 'later') continue;
      if (input !== undefined) allowed.push({ call, tool, arguments: input });
    }
    // What waits for a person is decided first; nothing of the step runs meanwhile.
    if (this.pending.length > 0) return false;
    const serial = allowed.filter(({ tool }) => tool.effects === 'write' || tool.effects === 'external');
    const parallel = allowed.filter((entry) => !serial.includes(entry));
    const lanes = Array.from(
      { length: Math.min(this.machine.limits.concurrency, parallel.length) },
      async () => {
        for (let next = parallel.shift(); next; next = parallel.shift()) await this.runCall(next, deadline);
      },
    );
    await Promise.all(lanes);
    for (const entry of serial) await this.runCall(entry, deadline);
    return true;
  }

  /** The arguments to run with, undefined when the call was answered, or `later`. */
  private async gate(call: Call, tool: AnyTool): Promise<JsonObject | undefined | 'later'> {
    const { seen, trustedText, userLinks, shownLinks } = this.provenance;
    const context: PolicyContext = { tool, seen, trustedText, userLinks, shownLinks };
    let args = call.arguments as JsonObject;
    let verdict = this.decided.get(call.id) ?? decide(this.options.policy ?? [], call, context);
    this.decided.set(call.id, verdict);
    await this.journal.append({ entry: 'verdict', callId: call.id, verdict });
    if (verdict.decision === 'rewrite') {
      args = verdict.arguments;
      // What a rewrite made is judged again, by the rules that refuse.
      const again = decide(this.options.policy ?? [], { ...call, arguments: args }, context);
      if (again.decision !== 'rewrite') verdict = again;
    }
    if (verdict.decision === 'deny') {
      await this.settle(call, { status: 'denied', text: `${verdict.reason} (${verdict.rule})` });
      return undefined;
    }
    if (verdict.decision === 'ask') {
      const pending = await makePending(
        this.runId,
        { ...call, arguments: args },
        tool,
        verdict,
        this.options.approvalSecret,
      );
      let decision: Decision | 'later' | undefined;
      try {
        decision = await this.options.approve?.(pending);
      } catch {
        decision = undefined;
      }
      if (decision === 'later') {
        this.pending.push(pending);
        return 'later';
      }
      if (
        !(await isApproved(
          decision,
          this.runId,
          { ...call, arguments: args },
          tool,
          this.options.approvalSecret,
        ))
      ) {
        const who =
          this.options.approve === undefined
            ? 'nobody is here to approve it'
            : (decision?.reason ?? 'not approved');
        await this.settle(call, { status: 'denied', text: `${verdict.reason} (${verdict.rule}): ${who}` });
        return undefined;
      }
    }
    return args;
  }

  private async runCall(
    entry: { call: Call; tool: AnyTool; arguments: JsonObject },
    deadline: number,
  ): Promise<void> {
    const { call, tool } = entry;
    const checked = await checkInput(tool, entry.arguments);
    if ('wrong' in checked)
      return this.settle(call, { status: 'invalid', text: `${checked.wrong}. Write the call again.` });
    if (this.controller.signal.aborted)
      return this.settle(call, { status: 'cancelled', text: 'The run was stopped before the call ran.' });
    if (!this.begun.has(call.id)) await this.give({ input: 'start', callId: call.id });
    this.begun.add(call.id);
    const key = await sha256(canonicalJson([this.runId, call.id, call.name, entry.arguments as Json]));
    await this.settle(
      call,
      await runTool({
        tool,
        input: checked.value,
        call,
        idempotencyKey: key,
        limits: this.machine.limits,
        deadline,
        now: this.now,
        signal: this.controller.signal,
        onProgress: (note) => this.emit({ seq: -1, type: 'call.progress', callId: call.id, note }),
        outcomeOf: (answer) => {
          const count = this.options.engine.countTokens?.bind(this.options.engine) ?? estimateTokens;
          const { outcome, links } = toolOutcome(tool, call, answer, {
            maxTokens: this.machine.limits.resultTokens,
            count,
            store: this.store,
          });
          this.provenance.show(links);
          return outcome;
        },
      }),
    );
  }

  private async settle(call: Call, outcome: Outcome): Promise<void> {
    this.decided.delete(call.id);
    await this.give({ input: 'outcome', callId: call.id, outcome });
  }

  // ---- putting results back

  private async putBack(
    splice: Extract<DispatchEvent, { type: 'splice' }>,
    turn: EngineTurn | undefined,
    tools: readonly JsonObject[],
  ): Promise<EngineTurn | undefined> {
    if (splice.mode === 'turn') {
      await this.closeTurn(splice.results);
      await turn?.close();
      return undefined;
    }
    const open = turn ?? (await this.openTurn(tools));
    if (open.force === undefined)
      throw new TypeError(
        'engine: expected one that can force text, since this format splices results inline',
      );
    const label = joinLabels(splice.results.map((r) => r.label));
    const segments: Segment[] = [{ kind: 'text', text: splice.text, label }];
    await this.journal.append({ entry: 'forced', text: splice.text });
    this.written.push(...segments);
    await this.give({ input: 'forced', tokens: await open.force(segments) });
    return open;
  }
  /** Files the turn: the assistant's message and the results. */
  private async closeTurn(results: readonly SplicedResult[] = []): Promise<void> {
    const messages: ChatMessage[] = [];
    if (this.turnText !== '' || this.turnCalls.length > 0 || this.turnReasoning !== '')
      messages.push({
        role: 'assistant',
        content: this.turnText,
        ...(this.turnReasoning === '' ? {} : { reasoning: this.turnReasoning }),
        ...(results.length === 0
          ? {}
          : {
              toolCalls: results.map(({ call }) => ({
                id: call.id,
                name: call.name === '' ? 'unreadable_call' : call.name,
                arguments: call.arguments as JsonObject,
              })),
            }),
      });
    for (const { call, text, label } of results)
      messages.push({
        role: 'tool',
        content: text,
        toolCallId: call.id,
        name: call.name === '' ? 'unreadable_call' : call.name,
        label,
      });
    if (messages.length === 0) return;
    await this.journal.append({ entry: 'turn', messages });
    this.messages.push(...messages);
    this.beginTurn();
  }
  private beginTurn(): void {
    this.written = [];
    this.turnText = '';
    this.turnReasoning = '';
    this.turnCalls = [];
  }
}
