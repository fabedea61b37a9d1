// The rules of calls, one law each, by their numbers.
import { describe, expect, it } from 'vitest';
import { runTools } from '../driver.ts';
import type { Engine } from '../engines/engine.ts';
import { scriptedEngine } from '../engines/scripted-engine.ts';
import type { RunOptions } from '../run-options.ts';
import type { AnyTool } from '../tool.ts';
import { DispatchMachine } from './dispatch-machine.ts';
import { calls, run, tool, user } from './fixtures/scripted-run.ts';
import { memoryJournal } from './journal.ts';

const allow: RunOptions['policy'] = [() => ({ decision: 'allow', rule: 'test', reason: 'test' })];
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('calls', () => {
  it('rule 16: ids are as the format has them and never twice, a result must name an open call, and every call has exactly one', async () => {
    const mistral = new DispatchMachine({
      format: 'mistral-nemo',
      tools: [{ name: 'a', parameters: {}, effects: 'none' }],
    });
    // The model's own id is the one that the second call would be given.
    mistral.push(
      '[TOOL_CALLS][{"name": "a", "arguments": {}, "id": "call00001"}, {"name": "a", "arguments": {}}]',
    );
    mistral.end('stop');
    const ids = mistral.openCalls.map((call) => call.id);
    expect(ids.every((id) => /^[a-zA-Z0-9]{9}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(2);
    expect(() => mistral.settle('other', { status: 'ok', text: '' })).toThrow(/expected an open call/);
    mistral.settle(ids[0]!, { status: 'ok', text: '' });
    expect(() => mistral.settle(ids[0]!, { status: 'ok', text: '' })).toThrow(/expected an open call/);
    const { calls: made, messages } = await run(
      [calls('a', 'none', 'b'), 'x'],
      [tool('a'), tool('b', { effects: 'write' })],
    );
    const byIndex = [...made].sort((a, b) => a.call.index - b.call.index);
    expect(byIndex.map((one) => one.outcome.status)).toEqual(['ok', 'unknown-tool', 'denied']);
    expect(messages.filter((message) => message.role === 'tool')).toHaveLength(3);
  });
  it('rule 17: calls of a section run together up to the cap, effects one by one, results come in the order of calls, one failure is its own', async () => {
    let open = 0;
    let most = 0;
    const log: string[] = [];
    const slow = (name: string, ms: number, effects: AnyTool['effects'] = 'read'): AnyTool =>
      tool(name, {
        effects,
        run: async () => {
          most = Math.max(most, ++open);
          await later(ms);
          open--;
          log.push(name);
          if (name === 'b') throw new Error('broken');
          return name;
        },
      });
    const tools = [slow('a', 30), slow('b', 1), slow('c', 15), slow('w', 1, 'write'), slow('x', 1, 'write')];
    const { calls: made } = await run([calls('a', 'b', 'w', 'c', 'x'), 'z'], tools, {
      limits: { concurrency: 2 },
      policy: allow,
    });
    expect(most).toBe(2);
    expect(log.slice(-2)).toEqual(['w', 'x']);
    const results = (await run([calls('a', 'c'), 'z'], tools)).messages.filter((m) => m.role === 'tool');
    expect(results.map((m) => m.content)).toEqual(['a', 'c']);
    expect(made.find((one) => one.call.name === 'b')?.outcome.status).toBe('error');
    expect(made.filter((one) => one.outcome.status === 'ok')).toHaveLength(4);
    const many = await run([calls(...Array.from({ length: 5 }, () => 'a')), 'z'], [tool('a')], {
      limits: { callsPerStep: 2, repeats: 99 },
    });
    expect(many.calls.map((one) => one.outcome.status).sort()).toEqual([
      'ok',
      'ok',
      'over-budget',
      'over-budget',
      'over-budget',
    ]);
  });
  it('rule 18: the same call again and again is answered with an error, then the run stops', async () => {
    const { calls: made, finish } = await run(() => calls('a'), [tool('a')], { limits: { repeats: 3 } });
    expect(made.map((one) => one.outcome.status)).toEqual(['ok', 'ok', 'duplicate', 'duplicate']);
    expect(finish).toBe('loop');
  });
  it('rule 19: what a tool throws is a short result without a stack, and a result is never nothing', async () => {
    const secret = tool('a', {
      run: () => {
        throw new Error('no such city\n    at secret (/home/me/keys.ts:1:1)');
      },
    });
    const [thrown] = (await run([calls('a'), 'z'], [secret])).calls;
    expect(thrown?.outcome.status).toBe('error');
    expect(thrown?.outcome.text).toContain('no such city');
    expect(thrown?.outcome.text).not.toMatch(/keys\.ts| at /);
    for (const nothing of ['', undefined, null]) {
      const engine = scriptedEngine(['|A| x |', 'z'], { format: 'special-words' });
      await runTools({ engine, tools: [tool('a', { run: () => nothing as never })], messages: user }).result;
      expect(engine.forced[0]?.replace(/\|RESULT\||\|/g, '').trim(), String(nothing)).not.toBe('');
    }
    expect(() => run(['x'], [], { limits: { nonsense: 1 } as never })).toThrow(/limits\.nonsense/);
  });
  it('rule 20: a hung tool ends by its timeout; where an effect may have happened its outcome is unknown', async () => {
    const hung = (effects: AnyTool['effects']) =>
      tool('a', { effects, timeoutMs: 10, run: () => new Promise(() => {}) });
    const statuses = async (effects: AnyTool['effects']) =>
      (await run([calls('a'), 'z'], [hung(effects)], { policy: allow })).calls.map(
        (one) => one.outcome.status,
      );
    expect([await statuses('read'), await statuses('write')]).toEqual([['timeout'], ['unknown']]);
  });
  it('rule 21: an abort reaches the model and the tool, and the call still has its one result', async () => {
    const controller = new AbortController();
    let told = false;
    const waits = tool('a', {
      run: (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            told = true;
            reject(signal.reason);
          });
          controller.abort();
        }),
    });
    const { calls: made, finish } = await run([calls('a'), 'z'], [waits], { signal: controller.signal });
    expect([told, made.map((one) => one.outcome.status), finish]).toEqual([true, ['cancelled'], 'abort']);
    let asked = false;
    const engine: Engine = {
      format: 'hermes',
      open: () => ({
        promptTail: '',
        next: (signal) => {
          asked = signal.aborted;
          return { type: 'end', reason: 'abort' };
        },
        close() {},
      }),
    };
    const gone = await runTools({ engine, messages: user, signal: AbortSignal.abort() }).result;
    expect([gone.finish, asked]).toEqual(['abort', false]);
  });
  it('rule 22: a start is journalled before and an outcome after; what had begun runs again only if it is idempotent, with the same key', async () => {
    const resumed = async (idempotent: boolean) => {
      const keys: string[] = [];
      const journal = memoryJournal();
      const pay = tool('a', {
        effects: 'write',
        idempotent,
        run: (_, { idempotencyKey }) => {
          keys.push(idempotencyKey);
          return 'paid';
        },
      });
      const dying = {
        ...journal,
        entries: journal.entries,
        append: async (entry: never) => {
          if ((entry as { input?: { input: string } }).input?.input === 'outcome') throw new Error('killed');
          await journal.append(entry);
        },
      };
      await run([calls('a'), 'z'], [pay], { policy: allow, journal: dying as never }).catch(() => {});
      const kinds = [...journal.entries].flatMap((e) => (e.entry === 'input' ? [e.input.input] : []));
      expect(kinds).toContain('start');
      expect(kinds).not.toContain('outcome');
      const { calls: made } = await run(['z'], [pay], {
        policy: allow,
        journal: memoryJournal(journal.entries),
      });
      return [made.map((one) => one.outcome.status), keys.length, new Set(keys).size];
    };
    expect(await resumed(false)).toEqual([['unknown'], 1, 1]);
    expect(await resumed(true)).toEqual([['ok'], 2, 1]);
  });
  it('rule 23: every budget has its own finish reason, sampled and forced tokens are apart, and the last step is announced', async () => {
    let n = 0;
    const other = () => calls(['a', { q: String(n++) }]);
    const finish = async (limits: RunOptions['limits'], reply: () => string = other) =>
      (await run(reply, [tool('a')], { limits })).finish;
    expect(await finish({ steps: 2 })).toBe('steps');
    expect(await finish({ calls: 2, steps: 99 })).toBe('calls');
    expect(await finish({ sampledTokens: 3 })).toBe('sampled-tokens');
    expect(await finish({ retries: 2 }, () => '<tool_call>x</tool_call>')).toBe('retries');
    expect(
      (
        await run(['x'], [tool('a')], {
          limits: { wallTimeMs: 5 },
          now: (() => {
            let t = 0;
            return () => (t += 10);
          })(),
        })
      ).finish,
    ).toBe('time');
    const engine = scriptedEngine(() => '|A| x |', { format: 'special-words' });
    const forced = await runTools({
      engine,
      tools: [tool('a', { run: () => 'long '.repeat(50) })],
      messages: user,
      limits: { forcedTokens: 10, repeats: 99 },
    }).result;
    expect(forced.finish).toBe('forced-tokens');
    const shown = await run(other, [tool('a')], { limits: { steps: 1 } });
    expect(shown.messages.some((m) => m.role === 'tool' && /no more|last/i.test(m.content))).toBe(true);
  });
  it('rule 24: an approval is bound to its call, and everything else is a refusal', async () => {
    const ran: string[] = [];
    const send = tool('a', { effects: 'external', run: () => `sent ${ran.push('x')}` });
    const asked = async (approve: RunOptions['approve']) =>
      (await run([calls('a'), 'z'], [send], { approve })).calls[0]?.outcome.status;
    expect(await asked((pending) => ({ hash: pending.hash, approved: true }))).toBe('ok');
    expect(await asked((pending) => ({ hash: `${pending.hash}0`, approved: true }))).toBe('denied');
    expect(await asked(() => undefined as never)).toBe('denied');
    expect(
      await asked(() => {
        throw new Error('no');
      }),
    ).toBe('denied');
    expect(ran).toEqual(['x']);
  });
});
