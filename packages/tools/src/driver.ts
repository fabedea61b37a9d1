// Runs the pure machine against the world: it samples from an engine, asks the policy, runs tools under a clock and an abort signal, splices their
// results and goes on. Everything the machine is given is journalled first, so that a run can be resumed in another process; a call that had
// begun there without a recorded end is not run again unless it is idempotent, but answered "unknown".
import type { DispatchEvent, DispatchInput, SplicedResult } from './dispatch/dispatch-events.ts';
import { DispatchMachine } from './dispatch/dispatch-machine.ts';
import { fitContext } from './dispatch/fit-context.ts';
import { grammarHandOff } from './dispatch/grammar-hand-off.ts';
import { type Journal, memoryJournal } from './dispatch/journal.ts';
import type { Call, Outcome } from './dispatch/outcome.ts';
import { Provenance } from './dispatch/provenance.ts';
import { runTool } from './dispatch/run-tool.ts';
import { toolOutcome } from './dispatch/tool-outcome.ts';
import { estimateTokens, memoryStore, type ResultStore } from './dispatch/truncate-result.ts';
import { TurnLog } from './dispatch/turn-log.ts';
import { checkEngine } from './engines/check-engine.ts';
import type { ChatMessage, EngineTurn } from './engines/engine.ts';
import type { OpenedCall } from './formats/call-region.ts';
import { structuredFormat } from './formats/structured-format.ts';
import { canonicalJson, type Json, type JsonObject } from './json.ts';
import type { Pending } from './policy/approval.ts';
import { gateCall } from './policy/gate-call.ts';
import type { RunOptions, RunResult, ToolRun } from './run-options.ts';
import { sha256 } from './sha256.ts';
import { type AnyTool, checkInput, checkTools, schemaOf, toolDeclaration } from './tool.ts';

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
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`runTools: expected options as an object, got ${options}`);
  for (const key of Object.keys(options))
    if (!acceptedOptions.has(key))
      throw new TypeError(`${key}: expected one of ${[...acceptedOptions].join(', ')}`);
  checkEngine(options.engine);
  if (!Array.isArray(options.messages))
    throw new TypeError(`messages: expected a list of messages, got ${typeof options.messages}`);
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
  private labels: RunResult['labels'];
  private readonly log = new TurnLog();
  private text = '';
  private reasoning = '';
  private runId: string;
  private splice: Extract<DispatchEvent, { type: 'splice' }> | undefined;
  private pending: Pending[] = [];
  private readonly handGrammar: (turn: EngineTurn, opened: OpenedCall | undefined) => void;
  private giving: Promise<void> = Promise.resolve();

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
    const tools = [...this.tools.values()].map((tool) => ({
      name: tool.name,
      parameters: schemaOf(tool),
      effects: tool.effects,
    }));
    this.machine = new DispatchMachine({
      format: format === 'structured' ? structuredFormat : format,
      tools,
      limits: options.limits ?? {},
      specialTokens: options.engine.specialTokens ?? [],
      specialMarks: options.engine.specialTokens ?? [],
      ...(options.allowRepairedEffects === undefined
        ? {}
        : { allowRepairedEffects: options.allowRepairedEffects }),
    });
    this.handGrammar = grammarHandOff(this.machine.format, tools);
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
      await this.close(turn);
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
      ...(this.labels === undefined ? {} : { labels: this.labels }),
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
        if (entry.input.input === 'push') this.log.sampled(entry.input.text, entry.input.special === true);
        if (entry.input.input === 'start') this.begun.add(entry.input.callId);
        this.take(this.machine.apply(entry.input), true);
      } else if (entry.entry === 'forced') {
        this.log.forced(entry.text, []);
        this.splice = undefined;
      } else if (entry.entry === 'turn') {
        this.messages.push(...entry.messages);
        this.splice = undefined;
        this.log.clear();
      }
    }
    return true;
  }

  /** Journals an input, then applies it; one after the other, so that the journal's order is the machine's. */
  private give(input: DispatchInput): Promise<void> {
    const given = this.giving.then(async () => {
      await this.journal.append({ entry: 'input', input });
      this.take(this.machine.apply(input));
    });
    this.giving = given.catch(() => {});
    return given;
  }
  private take(events: readonly DispatchEvent[], replayed = false): void {
    for (const event of events) {
      this.log.take(event);
      if (event.type === 'text') this.text += event.text;
      else if (event.type === 'think') this.reasoning += event.text;
      else if (event.type === 'call.result') {
        this.calls.push({ call: event.call, outcome: event.outcome });
        if (event.outcome.label) this.provenance.see(event.outcome.label);
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
      ...(this.log.written.length > 0 ? { written: this.log.written } : {}),
    });
    // The first turn's parser learns how the prompt ended; a resumed one is in the middle already.
    if (this.log.written.length === 0)
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
      this.log.sampled(piece.text, piece.special === true);
      await this.give({
        input: 'push',
        text: piece.text,
        tokens,
        ...(piece.special ? { special: true } : {}),
      });
      this.handGrammar(turn, this.machine.opened);
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
      const { seen, trustedText, userLinks, shownLinks } = this.provenance;
      const context = { tool, seen, trustedText, userLinks, shownLinks };
      const { approve, approvalSecret, policy = [] } = this.options;
      const gated = await gateCall(call, context, { policy, runId: this.runId, approve, approvalSecret });
      await this.journal.append({ entry: 'verdict', callId: call.id, verdict: gated.verdict });
      if ('pending' in gated) this.pending.push(gated.pending);
      else if ('outcome' in gated) await this.settle(call, gated.outcome);
      else allowed.push({ call, tool, arguments: gated.arguments });
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
    await this.give({ input: 'outcome', callId: call.id, outcome });
  }

  private async putBack(
    splice: Extract<DispatchEvent, { type: 'splice' }>,
    turn: EngineTurn | undefined,
    tools: readonly JsonObject[],
  ): Promise<EngineTurn | undefined> {
    if (splice.mode === 'turn') {
      await this.closeTurn(splice.results);
      await this.close(turn);
      return undefined;
    }
    const open = turn ?? (await this.openTurn(tools));
    if (open.force === undefined)
      throw new TypeError(
        'engine: expected one that can force text, since this format splices results inline',
      );
    await this.journal.append({ entry: 'forced', text: splice.text });
    const segment = this.log.forced(
      splice.text,
      splice.results.map((r) => r.label),
    );
    await this.give({ input: 'forced', tokens: await open.force([segment]) });
    return open;
  }
  private async close(turn: EngineTurn | undefined): Promise<void> {
    this.labels = turn?.labels?.() ?? this.labels;
    await turn?.close();
  }
  /** Files the turn: the assistant's message and the results. */
  private async closeTurn(results: readonly SplicedResult[] = []): Promise<void> {
    const messages = this.log.messages(results);
    if (messages.length === 0) return;
    await this.journal.append({ entry: 'turn', messages });
    this.messages.push(...messages);
    this.log.clear();
  }
}
