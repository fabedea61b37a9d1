import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { calculator } from './builtins/calculator/calculator.ts';
import { memoryJournal } from './dispatch/journal.ts';
import { toTrainingRows } from './dispatch/training-rows.ts';
import { memoryStore } from './dispatch/truncate-result.ts';
import { runTools } from './driver.ts';
import { scriptedEngine } from './engines/scripted-engine.ts';
import { renderCalls } from './formats/render-calls.ts';
import { approvalHash, signDecision } from './policy/approval.ts';
import type { RunOptions } from './run-options.ts';
import type { AnyTool, Tool } from './tool.ts';

const tool = (given: Partial<AnyTool> & { name: string }): AnyTool => ({
  description: 'x',
  input: { type: 'object', properties: {} },
  effects: 'none',
  run: () => 'ok',
  ...given,
});
const calls = (...list: [string, Record<string, unknown>][]): string =>
  renderCalls(
    list.map(([name, args]) => ({ name, arguments: args as Record<string, string> })),
    'hermes',
  );
const user = (content: string) => [{ role: 'user' as const, content }];
const statuses = async (options: RunOptions): Promise<string[]> =>
  (await runTools(options).result).calls.map((c) => c.outcome.status);

describe('inline', () => {
  it('calls in mid-sentence, splices the result and goes on in the same turn', async () => {
    const engine = scriptedEngine(
      ['The sum is |CALCULATOR| 12 * 7 |', ', as |CALCULATOR| 1/0 |', ' shows nothing.'],
      { format: 'special-words' },
    );
    const journal = memoryJournal();
    const result = await runTools({ engine, tools: [calculator()], messages: user('12 * 7?'), journal })
      .result;
    expect(result.text).toBe('The sum is , as  shows nothing.');
    expect(engine.forced).toEqual([' |RESULT| 84 |', ' |RESULT| [error] division by zero |']);
    expect(engine.prompts).toHaveLength(1);
    expect(result.finish).toBe('stop');
    const rows = toTrainingRows(journal);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.pieces.map((p) => [p.train, p.text])).toEqual([
      [1, 'The sum is |CALCULATOR| 12 * 7 |'],
      [0, ' |RESULT| 84 |'],
      [1, ', as |CALCULATOR| 1/0 |'],
      [0, ' |RESULT| [error] division by zero |'],
      [1, ' shows nothing.'],
    ]);
  });
});

describe('turns', () => {
  it('run parallel calls, answer each, and show the results to the next turn', async () => {
    let running = 0;
    let most = 0;
    const slow = tool({
      name: 'slow',
      input: { type: 'object', properties: { n: { type: 'integer' } } },
      run: async (input: { n: number }) => {
        most = Math.max(most, ++running);
        await new Promise((r) => setTimeout(r, 20 - 5 * input.n));
        running--;
        return { n: input.n };
      },
    });
    const engine = scriptedEngine([
      calls(['slow', { n: 1 }], ['slow', { n: 2 }], ['slow', { n: 3 }]),
      'All done.',
    ]);
    const result = await runTools({ engine, tools: [slow], messages: user('go'), limits: { concurrency: 2 } })
      .result;
    expect(most).toBe(2);
    expect(engine.prompts[1]?.slice(1).map((m) => [m.role, m.content])).toEqual([
      ['assistant', '\n\n'],
      ['tool', '{"n":1}'],
      ['tool', '{"n":2}'],
      ['tool', '{"n":3}'],
    ]);
    expect(result.text.trim()).toBe('All done.');
  });
  it('take calls that an endpoint has taken apart, and refuse cut ones', async () => {
    const engine = scriptedEngine(
      [
        {
          calls: [
            { name: 'calculator', arguments: '{"expression": "2+2"}', id: 'a' },
            { name: 'calculator', arguments: '{"expression": "2+', id: 'b' },
          ],
        },
        'ok',
      ],
      { format: 'structured' },
    );
    const result = await runTools({ engine, tools: [calculator()], messages: user('go') }).result;
    expect(result.calls.map((c) => [c.call.id, c.outcome.status]).sort()).toEqual([
      ['a', 'ok'],
      ['b', 'malformed'],
    ]);
  });
  it('check Standard Schemas too', async () => {
    const input = z.object({ n: z.number().min(3) });
    const typed: Tool<{ n: number }> = {
      name: 'typed',
      description: 'x',
      input: input as never,
      inputSchema: { type: 'object' },
      effects: 'none',
      run: ({ n }) => n,
    };
    const engine = scriptedEngine([calls(['typed', { n: 1 }], ['typed', { n: 4 }]), '']);
    expect(await statuses({ engine, tools: [typed as AnyTool], messages: user('go') })).toEqual([
      'invalid',
      'ok',
    ]);
  });
});

describe('tools that fail', () => {
  it('throw, hang or answer nonsense: the model sees a short result, never a stack', async () => {
    const bad = [
      tool({
        name: 'throws',
        run: () => {
          throw new Error('boom\n    at secret.ts:1');
        },
      }),
      tool({ name: 'hangs', timeoutMs: 30, run: () => new Promise(() => {}) }),
      tool({ name: 'writes', effects: 'write', timeoutMs: 30, run: () => new Promise(() => {}) }),
      tool({
        name: 'cyclic',
        run: () => {
          const a: Record<string, unknown> = {};
          a['a'] = a;
          return a as never;
        },
      }),
    ];
    const engine = scriptedEngine([
      calls(['throws', {}], ['hangs', {}], ['writes', {}], ['cyclic', {}]),
      'ok',
    ]);
    const result = await runTools({
      engine,
      tools: bad,
      messages: user('go'),
      policy: [() => ({ decision: 'allow', rule: 'test', reason: '' })],
    }).result;
    expect(Object.fromEntries(result.calls.map((c) => [c.call.name, c.outcome.status]))).toEqual({
      throws: 'error',
      hangs: 'timeout',
      writes: 'unknown',
      cyclic: 'error',
    });
    expect(result.calls.find((c) => c.call.name === 'throws')?.outcome.text).toBe('boom');
  });
  it('stay alive as long as they report progress, up to the hard maximum', async () => {
    const slow = tool({
      name: 'slow',
      timeoutMs: 500,
      run: async (_: unknown, { progress }) => {
        for (let i = 0; i < 4; i++) {
          await new Promise((r) => setTimeout(r, 170));
          progress('working');
        }
        return 'done';
      },
    });
    const engine = scriptedEngine([calls(['slow', {}]), '']);
    expect(await statuses({ engine, tools: [slow], messages: user('go') })).toEqual(['ok']);
    const never = tool({
      name: 'slow',
      timeoutMs: 40,
      run: async (_: unknown, { progress, signal }) => {
        while (!signal.aborted) {
          await new Promise((r) => setTimeout(r, 10));
          progress();
        }
        return 'x';
      },
    });
    const engine2 = scriptedEngine([calls(['slow', {}]), '']);
    expect(
      await statuses({ engine: engine2, tools: [never], messages: user('go'), limits: { callMaxMs: 120 } }),
    ).toEqual(['timeout']);
  });
  it('are told of an abort, and the call still has a result', async () => {
    const controller = new AbortController();
    let told = false;
    const hangs = tool({
      name: 'hangs',
      effects: 'write',
      run: (_: unknown, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            told = true;
            reject(signal.reason);
          }),
        ),
    });
    const engine = scriptedEngine([calls(['hangs', {}]), 'never']);
    const run = runTools({
      engine,
      tools: [hangs],
      messages: user('go'),
      signal: controller.signal,
      policy: [() => ({ decision: 'allow', rule: 't', reason: '' })],
    });
    setTimeout(() => controller.abort(), 30);
    const result = await run.result;
    expect(told).toBe(true);
    expect(result.calls.map((c) => c.outcome.status)).toEqual(['unknown']);
    expect(result.finish).toBe('abort');
  });
});

describe('long results', () => {
  it('are cut by tokens with a handle to the rest', async () => {
    const store = memoryStore();
    const long = tool({ name: 'long', run: () => '🗼'.repeat(50_000) });
    const engine = scriptedEngine([calls(['long', {}]), '']);
    const result = await runTools({
      engine,
      tools: [long],
      messages: user('go'),
      limits: { resultTokens: 100 },
      store,
    }).result;
    const { outcome } = result.calls[0]!;
    expect(outcome.handle).toBe('r0');
    expect(store.get('r0')).toHaveLength(100_000);
    expect(outcome.text.length).toBeLessThan(400);
    expect(outcome.text).not.toMatch(/\ufffd|[\ud800-\udbff](?![\udc00-\udfff])/);
  });
});

describe('approvals', () => {
  const send = (log: string[]): AnyTool =>
    tool({
      name: 'send',
      effects: 'external',
      input: { type: 'object', properties: { to: { type: 'string' } } },
      run: (i: { to: string }) => {
        log.push(i.to);
        return 'sent';
      },
    });
  it('are needed for effects, and without anybody to ask that is a refusal', async () => {
    const log: string[] = [];
    expect(
      await statuses({
        engine: scriptedEngine([calls(['send', { to: 'a' }]), '']),
        tools: [send(log)],
        messages: user('go'),
      }),
    ).toEqual(['denied']);
    expect(log).toEqual([]);
  });
  it('bind one call with its arguments: another hash, a forged or a missing signature is a refusal', async () => {
    const secret = 'a secret of some length';
    const log: string[] = [];
    const decide = (approve: RunOptions['approve']) =>
      statuses({
        engine: scriptedEngine([calls(['send', { to: 'a' }]), '']),
        tools: [send(log)],
        messages: user('go'),
        approve,
        approvalSecret: secret,
      });
    expect(await decide((p) => signDecision(p, true, secret))).toEqual(['ok']);
    expect(await decide((p) => ({ hash: p.hash, approved: true }))).toEqual(['denied']);
    expect(await decide(async (p) => signDecision(p, false, secret))).toEqual(['denied']);
    expect(
      await decide(async (p) => ({ ...(await signDecision(p, false, secret)), approved: true })),
    ).toEqual(['denied']);
    expect(
      await decide(async (p) => ({
        ...(await signDecision(p, true, secret)),
        hash: await approvalHash(p.runId, { ...p.call, arguments: { to: 'b' } }, send([])),
      })),
    ).toEqual(['denied']);
    expect(
      await decide(async (p) => signDecision({ ...p, signature: '0'.repeat(64) }, true, secret)),
    ).toEqual(['denied']);
    expect(await decide(() => 'yes' as never)).toEqual(['denied']);
    expect(log).toEqual(['a']);
  });
  it('may come later, in another process, from the journal alone', async () => {
    const log: string[] = [];
    const journal = memoryJournal();
    const first = await runTools({
      engine: scriptedEngine([calls(['send', { to: 'a' }]), '']),
      tools: [send(log)],
      messages: user('go'),
      approve: () => 'later',
      journal,
    }).result;
    expect(first.finish).toBe('pending');
    expect(first.pending).toHaveLength(1);
    const other = memoryJournal(JSON.parse(JSON.stringify(journal.entries)));
    const second = await runTools({
      engine: scriptedEngine(['Sent.']),
      tools: [send(log)],
      messages: [],
      journal: other,
      approve: (p) => ({ hash: p.hash, approved: p.hash === first.pending[0]?.hash }),
    }).result;
    expect(second.calls.map((c) => c.outcome.status)).toEqual(['ok']);
    expect(second.text).toContain('Sent.');
    expect(log).toEqual(['a']);
  });
});

describe('a resumed run', () => {
  it('does not run again what had begun, but says that its outcome is unknown', async () => {
    const log: string[] = [];
    const pay = tool({
      name: 'pay',
      effects: 'write',
      run: () => {
        log.push('paid');
        return 'paid';
      },
    });
    const journal = memoryJournal();
    // The process dies while the tool runs: its end is never journalled.
    const dying = {
      ...journal,
      append: (e: Parameters<typeof journal.append>[0]) =>
        e.entry === 'input' && e.input.input === 'outcome'
          ? Promise.reject(new Error('died'))
          : journal.append(e),
    };
    const allow = [() => ({ decision: 'allow' as const, rule: 't', reason: '' })];
    await expect(
      runTools({
        engine: scriptedEngine([calls(['pay', {}])]),
        tools: [pay],
        messages: user('go'),
        journal: dying,
        policy: allow,
      }).result,
    ).rejects.toThrow('died');
    const result = await runTools({
      engine: scriptedEngine(['Checking.']),
      tools: [pay],
      messages: [],
      journal: memoryJournal(journal.entries),
      policy: allow,
    }).result;
    expect(result.calls.map((c) => c.outcome.status)).toEqual(['unknown']);
    expect(log).toEqual(['paid']);
  });
});
