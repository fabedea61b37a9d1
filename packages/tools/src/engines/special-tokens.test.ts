// A mark that the model sampled as a special token stays that token: in a run that is gone on with elsewhere, and in the rows it is trained on.
import { describe, expect, it } from 'vitest';
import { memoryJournal } from '../dispatch/journal.ts';
import { tokenizeRow } from '../dispatch/tokenize-row.ts';
import { toTrainingRows } from '../dispatch/training-rows.ts';
import { runTools } from '../driver.ts';
import { specialWords } from '../formats/families/special-words.ts';
import type { ToolFormat } from '../formats/format.ts';
import type { AnyTool } from '../tool.ts';
import {
  inlineEngine,
  type SplicingCodec,
  type SplicingModel,
  type SplicingSequence,
} from './inline-engine.ts';
import { pieceIds } from './special-tokens.ts';

// Bytes are tokens; 256 ends the turn, 257 and 258 are the marks of calls: `<c>` expression `</c>`.
const marks: Readonly<Record<number, string>> = { 257: '<c>', 258: '</c>' };
const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
const codec: SplicingCodec = {
  encode,
  tokenBytes: (id) => (id < 256 ? Uint8Array.of(id) : undefined),
  idToToken: (id) => marks[id] ?? '',
  encodeChat: () => encode('Q\n'),
  eosTokenIds: [256],
  specialIds: new Set([256, 257, 258]),
};
const format: ToolFormat = {
  name: 'marked',
  states: {
    content: {
      kind: 'text',
      as: 'content',
      marks: [{ at: ['<c>'], to: 'name', act: 'open' }],
    },
    name: { kind: 'capture', as: 'name', marks: [{ at: [':'], to: 'arguments' }] },
    arguments: {
      kind: 'capture',
      as: 'arguments',
      lexer: 'raw',
      marks: [{ at: ['</c>'], to: 'content', act: 'close' }],
    },
  },
  reading: 'main-argument',
  ids: 'none',
  render: { ...specialWords.render, call: '<c>{name}:{args}</c>', result: '={text};' },
};
const script = [...encode('It is '), 257, ...encode('sum:<c>'), 258, ...encode(' ok'), 256];
/** A model that says the script around whatever was forced; `fed` holds what its sequence was. */
function model(): SplicingModel & { fed: number[] } {
  const made = {
    fed: [] as number[],
    maxPositions: 200,
    eosTokenIds: [256],
    newSequence(): SplicingSequence {
      const ids: number[] = [];
      return { ids, truncate: (n) => ids.splice(n), dispose() {} };
    },
    async step([request]: Parameters<SplicingModel['step']>[0]) {
      const { sequence, ids } = request as { sequence: SplicingSequence; ids: ArrayLike<number> };
      (sequence.ids as number[]).push(...Array.from(ids));
      made.fed = [...sequence.ids];
      const own = sequence.ids
        .slice(2)
        .join(',')
        .replace(`,${encode('=7;').join(',')}`, '');
      const said = own === '' ? 0 : own.split(',').length;
      const logits = new Float32Array(259);
      logits[script[said] ?? 256] = 9;
      return [logits];
    },
  };
  return made;
}
const sum = (run: AnyTool['run']): AnyTool => ({
  name: 'sum',
  description: 'Adds.',
  effects: 'read',
  input: { type: 'object', properties: { of: { type: 'string' } }, required: ['of'] } as AnyTool['input'],
  run,
});
const whole = [...encode('Q\nIt is '), 257, ...encode('sum:<c>'), 258, ...encode('=7; ok')];

describe('a mark that is a special token', () => {
  it('is trained on as that token, and its spelled-out twin as text', async () => {
    const one = model();
    const asked: unknown[] = [];
    const { journal, calls } = await runTools({
      engine: inlineEngine({ model: one, codec, format: 'hermes' }),
      format,
      tools: [sum((input) => (asked.push(input) > 0 ? '7' : ''))],
      messages: [{ role: 'user', content: 'Q' }],
    }).result;
    expect(asked).toEqual([{ of: '<c>' }]);
    expect(calls).toHaveLength(1);
    expect(one.fed.slice(0, whole.length)).toEqual(whole);
    const [row] = toTrainingRows(journal);
    expect(row?.pieces.filter((piece) => piece.special).map((piece) => piece.text)).toEqual(['<c>', '</c>']);
    const { ids, mask } = tokenizeRow(row as NonNullable<typeof row>, codec, { endId: 256 });
    expect([...ids]).toEqual([...whole, 256]);
    expect([...mask]).toEqual([
      0,
      0,
      ...Array(script.length - 4).fill(1),
      0,
      0,
      0,
      ...encode(' ok').map(() => 1),
      1,
    ]);
  });
  it('is that token when another process goes on with the turn', async () => {
    const journal = memoryJournal();
    const dying = runTools({
      engine: inlineEngine({ model: model(), codec, format: 'hermes' }),
      format,
      tools: [sum(() => '7')],
      messages: [{ role: 'user', content: 'Q' }],
      journal: {
        entries: [],
        append(entry) {
          if (entry.entry === 'input' && entry.input.input === 'outcome') throw new Error('died');
          journal.append(entry);
        },
      },
    });
    await expect(dying.result).rejects.toThrow('died');
    const other = model();
    const result = await runTools({
      engine: inlineEngine({ model: other, codec, format: 'hermes' }),
      format,
      tools: [sum(() => '7')],
      messages: [],
      journal: memoryJournal(JSON.parse(JSON.stringify(journal.entries))),
    }).result;
    expect(result.text).toBe('It is  ok');
    expect(other.fed.slice(0, whole.length)).toEqual(whole);
  });
  it('that the tokenizer has not is an error', () => {
    expect(() => pieceIds(codec, '<d>', true)).toThrow(/the tokenizer has no "<d>"/);
    expect(pieceIds(codec, '<c>', false)).toEqual(encode('<c>'));
  });
});

it('text is asked for without special tokens around it, and a special token without bytes is known by its name', () => {
  const framing: SplicingCodec = {
    ...codec,
    encode: (text, options) => [...(options?.addSpecialTokens === false ? [] : [256]), ...encode(text)],
    tokenBytes: (id) => (id < 256 ? Uint8Array.of(id) : new Uint8Array(0)),
  };
  expect(pieceIds(framing, 'a', false)).toEqual([97]);
  expect(pieceIds(framing, '<c>', true)).toEqual([257]);
  expect(pieceIds(framing, '<c>', false)).toEqual(encode('<c>'));
});
