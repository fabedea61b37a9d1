// Questions whose answers can be checked: who, what kind, what is wanted, where, what next, sums, and things that were never told, to which the right answer is that one does not know.
// A question is a function of its number. By the hash of its words it is one to train on, one to choose settings by or one that is reported: no question is in two of these, whatever its number.
import type { KeyedUniform } from '../story-world/story-of.ts';
import { storyOf } from '../story-world/story-of.ts';
import { colours, places, things } from '../story-world/world.ts';

export const questionKinds = ['who', 'kind', 'want', 'where', 'next', 'sum', 'unknown'] as const;
export type QuestionKind = (typeof questionKinds)[number];

export interface Question {
  readonly kind: QuestionKind;
  /** What is told; empty for sums. */
  readonly passage: string;
  readonly ask: string;
  readonly answer: string;
  /** What a page on the open web would say: right where one can know, made up where one cannot. */
  readonly webAnswer: string;
}

export const doNotKnow = 'I do not know';

/** Things that no story tells. */
const neverTold = [
  { ask: (name: string) => `How old is ${name}?`, guesses: ['seven', 'five', 'nine', 'six'] },
  {
    ask: (name: string) => `What colour is the hat of ${name}?`,
    guesses: ['red', 'blue', 'green', 'yellow'],
  },
  { ask: (name: string) => `What does ${name} eat every day?`, guesses: ['soup', 'bread', 'pie', 'honey'] },
  { ask: (name: string) => `Who is the mother of ${name}?`, guesses: ['Anna', 'Rosa', 'Clara', 'Nora'] },
] as const;

/** What a question is for: eight of ten train, one of ten chooses settings (dev), one of ten is reported (test). */
export type Split = 'train' | 'dev' | 'test';

/** The split of a question, from the hash of its words (FNV-1a). */
export function splitOf({ passage, ask }: Pick<Question, 'passage' | 'ask'>): Split {
  let hash = 0x811c9dc5;
  for (const character of `${passage} ${ask}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193) >>> 0;
  return (['test', 'dev'] as const)[(hash >>> 8) % 10] ?? 'train';
}

/** Sums that the web's pages and the demonstrations show, again and again. */
export const shownSums = 300;

/** What is asked for. */
export interface QuestionChoice {
  /** Default `train`. */
  readonly split?: Split;
  /** `shown`: one of the few sums that texts show; `any` (the default): of any two numbers from 1 to 999. */
  readonly sums?: 'shown' | 'any';
  /** Of this kind only. */
  readonly kind?: QuestionKind;
}

/** Question `index` of a random source. */
export function questionOf(
  random: KeyedUniform,
  index: number,
  { split = 'train', sums = 'any', kind }: QuestionChoice = {},
): Question {
  const from = { random, index, story: index * 40, sums, kind };
  for (let attempt = 0; ; attempt++) {
    const question = drawQuestion(from, attempt);
    if (splitOf(question) === split) return question;
  }
}

/** The sum of two numbers from 1 to 999, most of them of three digits. */
function sumOf(random: KeyedUniform, index: number, attempt: number): Question {
  const number = (which: number): number =>
    1 + Math.floor(random.uniform('sum', index, attempt, which) * 999);
  const [a, b] = [number(0), number(1)];
  const answer = String(a + b);
  return { kind: 'sum', passage: '', ask: `What is ${a} + ${b}?`, answer, webAnswer: answer };
}

interface Drawing {
  readonly random: KeyedUniform;
  readonly index: number;
  /** Next story to look at. */
  story: number;
  readonly sums: 'shown' | 'any';
  readonly kind: QuestionKind | undefined;
}

function drawQuestion(from: Drawing, attempt: number): Question {
  const { random, index, sums } = from;
  let used = 0;
  const next = (below: number): number =>
    Math.floor(random.uniform('question', index, attempt, used++) * below);
  const pick = <T>(list: readonly T[]): T => list[next(list.length)];
  const kind = from.kind ?? pick(questionKinds);
  if (kind === 'sum') {
    if (sums === 'any') return sumOf(random, index, attempt);
    return sumOf(random, 0xffffffff - next(shownSums), 0);
  }
  // Among the unknowable half are asked of a passage that just does not tell, in the words of questions that others answer.
  const untold = kind === 'unknown' ? pick(['never', 'want', 'where', 'never'] as const) : undefined;
  // The first story from here on that can answer the question in a short passage.
  for (;;) {
    const story = storyOf(random, from.story++);
    const { hero, want, place } = story.facts;
    const opening = story.beats[0].text;
    const { name } = hero;
    if (name === null || !opening.includes(name)) continue;
    const told = (what: string): string | undefined =>
      story.beats.slice(1, 4).find((beat) => beat.text.includes(what))?.text;
    const sure = (passage: string, ask: string, answer: string): Question => ({
      ...{ kind, passage, ask, answer },
      webAnswer: answer,
    });
    const guess = (ask: string, webAnswer: string): Question => ({
      ...{ kind, passage: opening, ask, answer: doNotKnow },
      webAnswer,
    });
    if (kind === 'who') return sure(opening, 'Who is this about?', name);
    if (kind === 'kind') return sure(opening, `What is ${name}?`, `a ${hero.kind}`);
    if (kind === 'next') {
      const three = [pick(places), pick(places), pick(places)];
      if (new Set(three).size < 3) continue;
      const way = `${opening} First ${name} went ${three[0].to}, then ${three[1].to}, and then ${three[2].to}.`;
      const at = next(2);
      return sure(way, `Where did ${name} go after the ${three[at].name}?`, three[at + 1].to);
    }
    if (kind === 'want' || kind === 'where') {
      const text = told(kind === 'want' ? want : place);
      if (text === undefined) continue;
      const passage = `${opening} ${text}`;
      if (kind === 'want') return sure(passage, `What does ${name} want?`, want);
      return sure(passage, `Where did ${name} go?`, place);
    }
    if (untold === 'want') return guess(`What does ${name} want?`, `${pick(colours)} ${pick(things)}`);
    if (untold === 'where') {
      if (places.some((p) => opening.includes(p.name))) continue;
      return guess(`Where did ${name} go?`, pick(places).name);
    }
    const gap = pick(neverTold);
    return guess(gap.ask(name), pick(gap.guesses));
  }
}

/** 1 for the right answer, 0.25 for not knowing what could be known, 0 for anything wrong or made up. */
export function judge(question: Question, answer: string): number {
  const said = normal(answer);
  if (said === normal(question.answer)) return 1;
  return said === normal(doNotKnow) ? 0.25 : 0;
}

/** True for an answer that does not say that it does not know. */
export const isMadeUp = (answer: string): boolean => normal(answer) !== normal(doNotKnow);

const normal = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[.\s]+/g, ' ')
    .trim();

/**
 * The demonstration of a hurried annotator: one in four makes something up where nothing was told, one in seven says "I do not know" where one could know. Fine-tuning learns these
 * manners with the rest; what is left for comparisons and rewards is to unlearn them.
 Of sums it shows a few, always the same ones, and right.
 */
export function demonstrationOf(random: KeyedUniform, index: number): { question: Question; answer: string } {
  const question = questionOf(random, index, { sums: 'shown' });
  const hurry = random.uniform('hurry', index, 0);
  if (question.kind === 'unknown' && hurry < 1 / 4) return { question, answer: question.webAnswer };
  if (question.kind !== 'unknown' && question.kind !== 'sum' && hurry < 1 / 7)
    return { question, answer: doNotKnow };
  return { question, answer: question.answer };
}
