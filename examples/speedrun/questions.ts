// Questions whose answers can be checked: who, what kind, what is wanted, where, small sums, and things that were never told, to which the right answer is that one does not know. A question is a function of
// its number, so training and test never share one (even numbers train, odd ones test).
import { calculate as evaluate } from '@ashlar/tools/calculator';
import type { KeyedUniform } from '../story-world/story-of.ts';
import { storyOf } from '../story-world/story-of.ts';

export type QuestionKind = 'who' | 'kind' | 'want' | 'where' | 'sum' | 'unknown';

export interface Question {
  readonly kind: QuestionKind;
  /** Passage and question, ending with the cue for the answer. */
  readonly prompt: string;
  readonly answer: string;
  /** What a page on the open web would say: right where one can know, made up where one cannot. */
  readonly webAnswer: string;
}

export const doNotKnow = 'I do not know';

const neverTold = [
  { ask: (name: string) => `How old is ${name}`, guesses: ['seven', 'five', 'nine', 'six'] },
  { ask: (name: string) => `What colour is the hat of ${name}`, guesses: ['red', 'blue', 'green', 'yellow'] },
  { ask: (name: string) => `What does ${name} eat every day`, guesses: ['soup', 'bread', 'pie', 'honey'] },
] as const;

/** Question `index` of a random source. */
export function questionOf(random: KeyedUniform, index: number): Question {
  let used = 0;
  const next = (below: number): number => Math.floor(random.uniform('question', index, 0, used++) * below);
  const kinds: readonly QuestionKind[] = ['who', 'kind', 'want', 'where', 'sum', 'unknown'];
  const kind = kinds[next(kinds.length)];
  if (kind === 'sum') {
    const [a, b] = [10 + next(90), 10 + next(90)];
    return { kind, prompt: `Q : What is ${a} + ${b} ? A :`, answer: String(a + b), webAnswer: String(a + b) };
  }
  // The first story from here on that can answer the question in a short passage.
  for (let tries = 0; ; tries++) {
    const story = storyOf(random, index * 40 + tries);
    const { hero, want, place } = story.facts;
    const opening = story.beats[0].text;
    const name = hero.name;
    if (name === null || !opening.includes(name)) continue;
    const needs = kind === 'want' ? want : kind === 'where' ? place : hero.kind;
    const told = story.beats.slice(1, 4).find((beat) => beat.text.includes(needs));
    if ((kind === 'want' || kind === 'where') && told === undefined) continue;
    const passage = kind === 'want' || kind === 'where' ? `${opening} ${told?.text}` : opening;
    const page = (question: string): string => `${passage} Q : ${question} ? A :`;
    const sure = (question: string, answer: string): Question => ({
      kind,
      prompt: page(question),
      answer,
      webAnswer: answer,
    });
    if (kind === 'who') return sure('Who is this about', name);
    if (kind === 'kind') return sure(`What is ${name}`, `a ${hero.kind}`);
    if (kind === 'want') return sure(`What does ${name} want`, want);
    if (kind === 'where') return sure(`Where did ${name} go`, place);
    const gap = neverTold[next(neverTold.length)];
    return {
      kind,
      prompt: page(gap.ask(name)),
      answer: doNotKnow,
      webAnswer: gap.guesses[next(gap.guesses.length)],
    };
  }
}

/** 1 for the right answer, 0.25 for not knowing what could be known, 0 for anything wrong or made up. */
export function judge(question: Question, answer: string): number {
  const said = normal(answer);
  if (said === normal(question.answer)) return 1;
  return said === normal(doNotKnow) ? 0.25 : 0;
}

const normal = (text: string): string =>
  text
    .toLowerCase()
    .replace(/(\d) (?=\d)/g, '$1')
    .replace(/[.\s]+/g, ' ')
    .trim();

/** The sum as the model writes it for the calculator, and what the calculator puts in: `CALCULATOR 2 7 + 3 5 =` and `62`. */
export function calculatorPage(question: Question): string {
  const [, a, b] = /(\d+) \+ (\d+)/.exec(question.prompt) ?? [];
  return `CALCULATOR ${a} + ${b} =`;
}

/** The calculator of the tools package: the value of `a + b`, whose digits may stand apart, or undefined for anything else. */
export function calculate(expression: string): string | undefined {
  const [, a, b] =
    /^CALCULATOR (\d+) \+ (\d+) =$/.exec(normal(expression).replace('calculator', 'CALCULATOR')) ?? [];
  return a === undefined ? undefined : evaluate(`${a} + ${b}`);
}
