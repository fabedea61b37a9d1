import { createRandom } from '@ashlar/sampling';
import { describe, expect, test } from 'vitest';
import { executed, stopIds } from './answers.ts';
import { calculatorRow, promptIds, userText } from './prompts.ts';
import {
  demonstrationOf,
  doNotKnow,
  judge,
  questionKinds,
  questionOf,
  shownSums,
  splitOf,
} from './questions.ts';
import { calculatorWord, readRunTokenizer, trainRunTokenizer } from './run-tokenizer.ts';

const random = createRandom(3);
const questions = Array.from({ length: 400 }, (_, i) => questionOf(random, i));

describe('questions', () => {
  test('are a function of their number and come in all kinds', () => {
    expect(questionOf(random, 17)).toEqual(questions[17]);
    expect(questionOf(random, 17, { kind: 'next' }).kind).toBe('next');
    expect(new Set(questions.map((q) => q.kind)).size).toBe(questionKinds.length);
  });
  test('the right answer scores 1, not knowing a little where one could know, anything else 0', () => {
    for (const q of questions) {
      expect(judge(q, q.answer)).toBe(1);
      expect(judge(q, `${q.answer} indeed`)).toBe(0);
      expect(judge(q, 'i do not know')).toBe(q.kind === 'unknown' ? 1 : 0.25);
      if (q.kind === 'unknown') {
        expect(q.answer).toBe(doNotKnow);
        expect(judge(q, q.webAnswer)).toBe(0);
      }
    }
  });
  test('no words of a question are in two splits, whatever their numbers and kind', () => {
    const said = (split: 'train' | 'dev' | 'test') =>
      new Set(
        Array.from({ length: 150 }, (_, i) => questionOf(random, i, { split })).map((q) => {
          expect(splitOf(q)).toBe(split);
          return userText(q);
        }),
      );
    const [train, dev, test] = [said('train'), said('dev'), said('test')];
    for (const words of dev) expect(train.has(words) || test.has(words)).toBe(false);
    for (const words of test) expect(train.has(words)).toBe(false);
  });
  test('sums are of two numbers from 1 to 999, and right; the shown ones are few', () => {
    const sums = (choice: 'shown' | 'any') =>
      Array.from({ length: 2000 }, (_, i) => questionOf(random, i, { kind: 'sum', sums: choice }));
    for (const { ask, answer } of [...sums('any'), ...sums('shown')]) {
      const [, a, b] = /^What is ([1-9]\d{0,2}) \+ ([1-9]\d{0,2})\?$/.exec(ask)!;
      expect(Number(a) + Number(b)).toBe(Number(answer));
    }
    expect(new Set(sums('shown').map((q) => q.ask)).size).toBeLessThanOrEqual(shownSums);
    expect(new Set(sums('any').map((q) => q.ask)).size).toBeGreaterThan(1900);
  });
  test('what can be known stands in the passage', () => {
    for (const q of questions)
      if (q.kind !== 'unknown' && q.kind !== 'sum') expect(q.passage).toContain(q.answer.replace(/^a /, ''));
  });
  test('what comes next is the place behind the one asked for', () => {
    for (const q of questions)
      if (q.kind === 'next') {
        const asked = /after the (\w+)\?/.exec(q.ask)?.[1] as string;
        const rest = q.passage.slice(q.passage.lastIndexOf(`${asked}, `));
        expect(/^\w+, (?:and )?then (.*?)[,.]/.exec(rest)?.[1]).toBe(q.answer);
      }
  });
  test('about a quarter of the demonstrations of the unknowable make something up, and a seventh of the knowable give up', () => {
    const all = Array.from({ length: 3000 }, (_, i) => demonstrationOf(random, i));
    const part = (of: typeof all, bad: (d: (typeof all)[number]) => boolean) =>
      of.filter(bad).length / of.length;
    const unknown = all.filter((d) => d.question.kind === 'unknown');
    const known = all.filter((d) => d.question.kind !== 'unknown' && d.question.kind !== 'sum');
    expect(part(unknown, (d) => d.answer !== doNotKnow)).toBeCloseTo(0.25, 1);
    expect(part(known, (d) => d.answer === doNotKnow)).toBeCloseTo(1 / 7, 1);
  });
});

describe('the run tokenizer', async () => {
  const tokenizer = readRunTokenizer(
    await trainRunTokenizer(
      questions.map((q) => `${userText(q)} ${q.answer}`),
      600,
    ),
  );
  test('gives the text back and cuts numbers into digits', () => {
    for (const q of questions) expect(tokenizer.decode(tokenizer.encode(userText(q)))).toBe(userText(q));
    const parts = tokenizer.encode(' 347').map((id) => tokenizer.decode([id]));
    expect(parts.join('')).toBe(' 347');
    expect(parts.every((part) => part.trim().length <= 1)).toBe(true);
  });
  test('an answer ends with an end token or the bar of a call, and with no other token of a text', () => {
    const ends = stopIds(tokenizer);
    for (const q of questions)
      expect(tokenizer.encode(` ${q.answer}`).some((id) => ends.includes(id))).toBe(false);
    expect(
      ends
        .map((id) => tokenizer.decode([id]))
        .at(-1)
        ?.trim(),
    ).toBe('|');
    const bar = tokenizer.encode(' 27 + 35 |');
    expect(bar.findIndex((id) => ends.includes(id))).toBe(bar.length - 1);
  });
  test('frames a conversation, and an example of the special word learns the call and not the result', () => {
    const sum = questions.find((q) => q.kind === 'sum')!;
    const prompt = promptIds(tokenizer, sum, 'chat');
    expect(tokenizer.decode(prompt, { skipSpecialTokens: false })).toBe(`<|user|>${sum.ask}<|assistant|>`);
    const { ids, mask } = calculatorRow(tokenizer, sum);
    const learned = Array.from(ids).filter((_, i) => mask[i] === 1);
    expect(learned[0]).toBe(calculatorWord);
    expect(tokenizer.decode(learned)).not.toContain(sum.answer.length > 2 ? ` ${sum.answer}` : '|RESULT|');
  });
});

test('a call in a text is run by the dispatcher, a text without one stays', async () => {
  expect(await executed('|CALCULATOR| 347 + 586 |')).toBe('933');
  expect(await executed('the lake')).toBe('the lake');
});
