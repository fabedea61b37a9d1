import { describe, expect, test } from 'vitest';
import { cohenKappa, fleissKappa, krippendorffAlpha } from '../comparisons/agreement.ts';
import { calibration, longerWinRate } from '../comparisons/audit.ts';
import { helpfulHonestHarmless, renderGuideline } from '../comparisons/guidelines.ts';
import { firstNumber, gsm8kAnswer } from '../rollout/environment.ts';
import { encodeConversation, encodeExample } from './encode-example.ts';
import { readArenaVotes, readAssistantTrees, readHhRlhf, readOpenAiComparisons } from './foreign-rows.ts';
import {
  type Message,
  pairsOfRanking,
  readCompletionRows,
  readPreferenceRows,
  readRankingRows,
  readUnpairedRows,
} from './preference-rows.ts';

const say = (role: string, content: string): Message => ({ role, content });

describe('preference rows', () => {
  test('both shapes, with explicit and with implicit prompt', () => {
    const user = say('user', 'hi');
    const [a, b] = [say('assistant', 'hello'), say('assistant', 'no')];
    const rows = readPreferenceRows([
      { prompt: 'The sky is', chosen: ' blue', rejected: ' green', margin: 2 },
      { chosen: 'The sky is blue', rejected: 'The sky is green' },
      { prompt: [user], chosen: [a], rejected: [b] },
      { chosen: [user, a], rejected: [user, b] },
    ]);
    expect(rows[0]).toEqual({ prompt: 'The sky is', chosen: ' blue', rejected: ' green', margin: 2 });
    expect(rows[1]).toEqual({ prompt: 'The sky is', chosen: ' blue', rejected: ' green' });
    expect(rows[3]).toEqual(rows[2]);
  });
  test('an implicit prompt is not cut inside a word', () => {
    expect(readPreferenceRows([{ chosen: 'a blueish sky', rejected: 'a blue sky' }])[0].prompt).toBe('a');
  });
  test('errors name row and column', () => {
    expect(() => readPreferenceRows([{ chosen: 'a', rejected: 'b' }, { chosen: 'a' }])).toThrow(
      'row 1: rejected: expected a string',
    );
    expect(() =>
      readPreferenceRows([{ prompt: 'x', chosen: 'a', rejected: [say('assistant', 'b')] }]),
    ).toThrow('row 0: rejected: expected the shape of chosen');
    expect(() => readUnpairedRows([{ prompt: 'a', completion: 'b', label: 1 }])).toThrow('row 0: label');
    expect(() => readRankingRows([{ prompt: 'a', completions: ['b', 'c'], ranks: [1] }])).toThrow(
      'row 0: ranks',
    );
  });
  test('completions from prompts, conversations and instructions', () => {
    const rows = readCompletionRows([
      { prompt: 'a', completion: 'b' },
      { messages: [say('user', 'q'), say('assistant', 'a')] },
      { instruction: 'Add.', input: '1 2', output: '3' },
    ]);
    expect(rows[1]).toEqual({ prompt: [say('user', 'q')], completion: [say('assistant', 'a')] });
    expect(rows[2].prompt).toEqual([say('user', 'Add.\n\n1 2')]);
  });
  test('a ranking of K makes every decided pair and no tie', () => {
    const pairs = pairsOfRanking({ prompt: 'p', completions: ['x', 'y', 'z'], ranks: [2, 1, 2] });
    expect(pairs.map((p) => [p.chosen, p.rejected])).toEqual([
      ['y', 'x'],
      ['y', 'z'],
    ]);
  });
});

describe('foreign rows', () => {
  test('hh-rlhf: the last answers differ, the dialogue before is the prompt', () => {
    const start = '\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:';
    const [row] = readHhRlhf([{ chosen: `${start} yes`, rejected: `${start} no` }]);
    expect(row.prompt).toHaveLength(3);
    expect([row.chosen, row.rejected]).toEqual([[say('assistant', 'yes')], [say('assistant', 'no')]]);
    expect(() => readHhRlhf([{ chosen: 'x', rejected: 'y' }])).toThrow('row 0: chosen');
  });
  test('summaries, arena votes, answer trees', () => {
    const comparison = { info: { post: 'long' }, summaries: [{ text: 's' }, { text: 't' }], choice: 1 };
    expect(readOpenAiComparisons([comparison])[0]).toEqual({ prompt: 'long', chosen: 't', rejected: 's' });
    expect(readArenaVotes([{ model_a: 'x', model_b: 'y', winner: 'tie (bothbad)' }])[0].winner).toBe('tie');
    const tree = {
      prompt: {
        text: 'q',
        role: 'prompter',
        replies: [
          { text: 'bad', role: 'assistant', rank: 1 },
          { text: 'good', role: 'assistant', rank: 0 },
        ],
      },
    };
    const [ranking] = readAssistantTrees([tree]);
    expect(ranking.ranks).toEqual([2, 1]);
    expect(ranking.prompt).toEqual([say('user', 'q')]);
  });
});

describe('encoding', () => {
  const codec = {
    encode: (text: string) => [...text].map((c) => c.charCodeAt(0)),
    eosTokenId: 1,
    conversation: (messages: readonly Message[]) =>
      messages.flatMap((m) => [
        { id: m.role === 'user' ? 2 : 3, generated: false },
        { text: m.content, generated: m.role === 'assistant' },
        { id: 1, generated: m.role === 'assistant' },
      ]),
  };
  test('parts are encoded apart; the answer and its end are learned', () => {
    const { ids, mask } = encodeExample(codec, 'ab', 'c');
    expect(ids).toEqual([97, 98, 99, 1]);
    expect(mask).toEqual([0, 0, 1, 1]);
  });
  test('parts are asked for without tokens around them, and end as the tokenizer says', () => {
    const framing = {
      encode: (text: string, options?: { addSpecialTokens?: boolean }) => [
        ...(options?.addSpecialTokens === false ? [] : [0]),
        ...new TextEncoder().encode(text),
      ],
      eosTokenIds: [7, 8],
    };
    expect(encodeExample(framing, 'a', 'b')).toEqual({ ids: [97, 98, 7], mask: [0, 1, 1] });
    expect(encodeExample({ ...framing, eosTokenId: 8 }, 'a', 'b').ids).toEqual([97, 98, 8]);
    expect(encodeExample({ ...framing, eosTokenIds: [] }, 'a', 'b').ids).toEqual([97, 98]);
    const conversation = () => [
      { id: 2, generated: false },
      { text: 'b', generated: true },
    ];
    expect(encodeConversation({ ...framing, conversation }, []).ids).toEqual([2, 98]);
  });
  test('only the completion of a conversation is learned, not earlier answers', () => {
    const prompt = [say('user', 'a'), say('assistant', 'b'), say('user', 'c')];
    const one = encodeExample(codec, prompt, [say('assistant', 'd')]);
    expect(one.ids).toEqual([2, 97, 1, 3, 98, 1, 2, 99, 1, 3, 100, 1]);
    expect(one.mask).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    const all = encodeConversation(codec, [...prompt, say('assistant', 'd')]);
    expect(all.mask).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1]);
  });
  test('a template that marks nothing is an error, not a mask of zeros', () => {
    const silent = { ...codec, conversation: () => [{ text: 'x', generated: false }] };
    expect(() => encodeConversation(silent, [say('user', 'a')])).toThrow('at least one learned token');
  });
});

describe('agreement', () => {
  test('textbook values', () => {
    // Wikipedia: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no.
    const pairs = [
      ...Array(20).fill('yy'),
      ...Array(5).fill('yn'),
      ...Array(10).fill('ny'),
      ...Array(15).fill('nn'),
    ] as string[];
    expect(
      cohenKappa(
        pairs.map((p) => p[0]),
        pairs.map((p) => p[1]),
      ),
    ).toBeCloseTo(0.4, 6);
    const fleiss = [
      [0, 0, 0, 0, 14],
      [0, 2, 6, 4, 2],
      [0, 0, 3, 5, 6],
      [0, 3, 9, 2, 0],
      [2, 2, 8, 1, 1],
      [7, 7, 0, 0, 0],
      [3, 2, 6, 3, 0],
      [2, 5, 3, 2, 2],
      [6, 5, 2, 1, 0],
      [0, 2, 2, 3, 7],
    ];
    expect(fleissKappa(fleiss)).toBeCloseTo(0.21, 2);
    // Krippendorff's own example: 3 raters, 15 units with gaps.
    const none = undefined;
    const labels = [
      [none, none, none, none, none, 3, 4, 1, 2, 1, 1, 3, 3, none, 3],
      [1, none, 2, 1, 3, 3, 4, 3, none, none, none, none, none, none, none],
      [none, none, 2, 1, 3, 4, 4, none, 2, 1, 1, 3, 3, none, 4],
    ];
    expect(krippendorffAlpha(labels, 'nominal')).toBeCloseTo(0.691, 3);
    expect(krippendorffAlpha(labels, 'interval')).toBeCloseTo(0.811, 3);
    expect(krippendorffAlpha(labels, 'ordinal')).toBeCloseTo(0.807, 2);
  });
  test('audit: longer answers and calibration', () => {
    expect(
      longerWinRate([
        { chosenLength: 3, rejectedLength: 1 },
        { chosenLength: 2, rejectedLength: 2 },
      ]),
    ).toBe(0.75);
    expect(calibration([0.9, 0.9, 0.1, 0.1], [true, true, false, false]).expectedError).toBeCloseTo(0.1, 10);
    expect(renderGuideline(helpfulHonestHarmless)).toContain('1. harmless');
  });
  test('answers to sums and word problems', () => {
    expect(firstNumber(' it is 12, not 13')).toBe(12);
    expect(gsm8kAnswer('She has 1,200 left.\n#### 1,200')).toBe('1200');
    expect(gsm8kAnswer('That makes $18.00 a day')).toBe('18');
    expect(gsm8kAnswer('no idea')).toBe(undefined);
  });
});
