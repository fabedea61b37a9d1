import { createRandom } from '@ashlar/sampling';
import { describe, expect, test } from 'vitest';
import { calculate, calculatorPage, doNotKnow, judge, questionOf } from './questions.ts';
import { loadWordTokenizer, trainWordTokenizer } from './word-tokenizer.ts';

const random = createRandom(3);
const questions = Array.from({ length: 300 }, (_, i) => questionOf(random, i));

describe('questions', () => {
  test('are a function of their number and come in all kinds', () => {
    expect(questionOf(random, 17)).toEqual(questions[17]);
    expect(new Set(questions.map((q) => q.kind)).size).toBe(6);
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
  test('what can be known stands in the passage', () => {
    for (const q of questions) {
      const passage = q.prompt.slice(0, q.prompt.indexOf(' Q : '));
      if (q.kind !== 'unknown' && q.kind !== 'sum') expect(passage).toContain(q.answer.replace(/^a /, ''));
    }
  });
  test('the calculator gives the sum that was asked for, also from single digits, and nothing for anything else', () => {
    for (const q of questions) if (q.kind === 'sum') expect(calculate(calculatorPage(q))).toBe(q.answer);
    expect(calculate('CALCULATOR 2 7 + 3 5 =')).toBe('62');
    expect(calculate('CALCULATOR 2 7 - 3 5 =')).toBe(undefined);
    expect(calculate('the answer is 7')).toBe(undefined);
  });
});

test('the word tokenizer has one id a word, mark and digit, and knows its end', () => {
  const tokenizer = loadWordTokenizer(trainWordTokenizer(['Lily has 27 kites.', 'Lily!']));
  const ids = tokenizer.encode('Lily has 27 kites.');
  expect(ids).toHaveLength(6);
  expect(ids[0]).toBe(3);
  expect(tokenizer.encode('Zebra')).toEqual([2]);
  expect(tokenizer.eosTokenIds).toEqual([1]);
});
