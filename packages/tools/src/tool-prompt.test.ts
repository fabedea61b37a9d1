import { describe, expect, it } from 'vitest';
import { calculator } from './builtins/calculator/calculator.ts';
import { readMore } from './builtins/read-more.ts';
import { fitContext } from './dispatch/fit-context.ts';
import { tokenizeRow } from './dispatch/tokenize-row.ts';
import { estimateTokens, memoryStore } from './dispatch/truncate-result.ts';
import type { ChatMessage } from './engines/engine.ts';
import { parseReply } from './formats/parse-reply.ts';
import { fewShotMessages } from './tool-prompt.ts';

const example = {
  question: '6*7?',
  before: 'It is ',
  tool: 'calculator',
  arguments: { expression: '6*7' },
  after: '.',
};

describe('few-shot examples', () => {
  it('run the real tools, and read back as the calls they show', async () => {
    const inline = await fewShotMessages([example], [calculator()], 'special-words');
    expect(inline.map((m) => m.content)).toEqual(['6*7?', 'It is |CALCULATOR| 6*7 | |RESULT| 42 |.']);
    expect(
      parseReply(inline[1]!.content.split(' |RESULT|')[0]!, {
        format: 'special-words',
        tools: [{ name: 'calculator', parameters: calculator().input as never }],
      }).calls[0]?.arguments,
    ).toEqual({ expression: '6*7' });
    const turns = await fewShotMessages([example], [calculator()], 'hermes');
    expect(turns.map((m) => m.role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(turns[2]?.content).toBe('42');
  });
  it('refuse a tool or arguments that are not there', async () => {
    await expect(fewShotMessages([{ ...example, tool: 'x' }], [calculator()], 'hermes')).rejects.toThrow(
      RangeError,
    );
    await expect(fewShotMessages([{ ...example, arguments: {} }], [calculator()], 'hermes')).rejects.toThrow(
      /missing/,
    );
  });
});

describe('a training row', () => {
  it('trains on what was sampled and nothing else', () => {
    const encode = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));
    const codec = { encode, tokenBytes: () => undefined, encodeChat: () => [1, 2] };
    const row = tokenizeRow(
      {
        messages: [],
        pieces: [
          { text: 'ab', train: 1 },
          { text: 'R', train: 0 },
          { text: 'c', train: 1 },
        ],
      },
      codec,
      { endId: 9 },
    );
    expect([...row.ids]).toEqual([1, 2, 97, 98, 82, 99, 9]);
    expect([...row.mask]).toEqual([0, 0, 1, 1, 0, 1, 1]);
    expect(() => tokenizeRow({ messages: [], pieces: [{ text: 'R', train: 0 }] }, codec)).toThrow(RangeError);
  });
});

describe('a conversation that outgrows the context', () => {
  const long: ChatMessage[] = [
    { role: 'system', content: 'sys' },
    { role: 'user', content: 'first' },
    ...[1, 2, 3].flatMap((n): ChatMessage[] => [
      { role: 'assistant', content: '', toolCalls: [{ id: `c${n}`, name: 't', arguments: {} }] },
      { role: 'tool', content: `${n} ${'x'.repeat(2000)}`, toolCallId: `c${n}` },
    ]),
  ];
  it('loses old results first, then whole exchanges, never half of one', () => {
    for (const most of [2000, 900, 700, 600, 100]) {
      const store = memoryStore();
      const fitted = fitContext(long, most, estimateTokens, store);
      const calls = fitted.flatMap((m) => (m.toolCalls ?? []).map((c) => c.id));
      expect(fitted.flatMap((m) => (m.role === 'tool' ? [m.toolCallId] : []))).toEqual(calls);
      expect(fitted.slice(0, 2).map((m) => m.content)).toEqual(['sys', 'first']);
      expect(fitted.at(-1)?.content.startsWith('3 ')).toBe(true);
      const handle = /handle (\S+)\]/.exec(fitted.map((m) => m.content).join('\n'))?.[1];
      if (handle) expect(store.get(handle)).toHaveLength(2002);
    }
    expect(fitContext(long, 10_000, estimateTokens, memoryStore())).toEqual(long);
  });
  it('can read on in what was cut', () => {
    const store = memoryStore();
    store.set('r0', 'abcdefghij');
    const tool = readMore(store, { chars: 4 });
    expect(tool.run({ handle: 'r0' }, {} as never)).toBe('abcd\n[... 6 characters follow; from: 4]');
    expect(tool.run({ handle: 'r0', from: 8 }, {} as never)).toBe('ij');
    expect(tool.run({ handle: 'toString' }, {} as never)).toMatchObject({ isError: true });
  });
});
