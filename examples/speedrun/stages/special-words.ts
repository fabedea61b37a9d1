// Stage 9: a special word taught by example. Half of every batch are sums answered with |CALCULATOR|; the other half are the model's own right answers to other questions, so that it keeps
// its manners. Beside it the control: the same start, steps and sums with the answers written out, that is, what so many more sums teach without a tool.
import { languageModelObjective, type TokenRow } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { drawnAnswers, greedyAnswers, modelOf } from '../answers.ts';
import { type Measured, share } from '../evaluate.ts';
import { batchOf, calculatorRow } from '../prompts.ts';
import { judge, type Question, questionOf } from '../questions.ts';
import { judgedQuestions, questionNumber, type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { fast, type StageResult, trainedStage } from '../train-stage.ts';
import { answerRow } from './comparisons.ts';

interface OwnAnswer {
  readonly number: number;
  readonly text: string;
}

export async function specialWordsStage(speedrun: Speedrun): Promise<void> {
  const { run, setting, config, tokenizer, random, card } = speedrun;
  const own = await run.stage('own-answers', async (): Promise<OwnAnswer[]> => {
    const parameters = await run.parameters('grpo');
    using model = modelOf(config, parameters);
    tf.dispose([...parameters.values()]);
    const numbers = Array.from({ length: setting.own }, (_, i) => questionNumber('words', i));
    const questions = numbers.map((n) => questionOf(random, n));
    const { texts } = await drawnAnswers(model, tokenizer, questions, random, { lane: 2 });
    return numbers
      .map((number, i) => ({ number, text: texts[i] }))
      .filter(({ text }, i) => questions[i].kind !== 'sum' && judge(questions[i], text) === 1);
  });
  card.facts['own right answers kept while the word is taught'] = own.length;
  const half = Math.floor(setting.examples / 2);
  const lesson = (
    name: string,
    sumRow: (question: Question) => Required<TokenRow>,
    manner?: 'chat',
  ): Promise<StageResult> =>
    trainedStage(
      speedrun,
      {
        name,
        start: () => run.parameters('grpo'),
        objective: languageModelObjective(config),
        optimizer: fast,
        steps: setting.steps.words,
        peak: 1e-3,
        batchAt: (index) =>
          batchOf(
            Array.from({ length: setting.examples }, (_, i): Required<TokenRow> => {
              const at = index * half + i;
              if (i < half)
                return sumRow(questionOf(random, questionNumber('words', 1_000_000 + at), { kind: 'sum' }));
              const { number, text } = own[at % own.length];
              return answerRow(speedrun, questionOf(random, number), text);
            }),
          ),
      },
      manner,
    );
  const { scores } = await lesson('special-words', (sum) => calculatorRow(tokenizer, sum), 'chat');
  await lesson('sums-by-heart', (sum) => answerRow(speedrun, sum, sum.answer));
  if (scores === undefined) return;
  const sums = await run.stage('sums', async () => ({
    before: await sumsRight(speedrun, 'grpo'),
    byHeart: await sumsRight(speedrun, 'sums-by-heart'),
    with: await sumsRight(speedrun, 'special-words'),
  }));
  shown(
    speedrun,
    'special-words',
    'sums right, without the tool and with it (the same sums)',
    sums.before,
    sums.with,
  );
  shown(
    speedrun,
    'special-words',
    'sums right, after as many lessons with written answers and with the tool (the same sums)',
    sums.byHeart,
    sums.with,
  );
  const { grpo, pretraining } = card.scores;
  shown(speedrun, 'special-words', 'other right answers (kept)', grpo.knowable, scores.knowable);
  shown(
    speedrun,
    'all',
    'made up what nobody told, from pretraining to the last stage (greedy)',
    pretraining.madeUp,
    scores.madeUp,
  );
  shown(
    speedrun,
    'all',
    'made up what nobody told, from pretraining to the last stage (drawn)',
    pretraining.madeUpDrawn,
    scores.madeUpDrawn,
  );
  await writeCard(speedrun);
}

/** Judged sums that a stage gets right, greedily, its calls run by the dispatcher. */
async function sumsRight(speedrun: Speedrun, stage: string): Promise<Measured> {
  const { run, config, tokenizer, setting } = speedrun;
  const parameters = await run.parameters(stage);
  using model = modelOf(config, parameters);
  tf.dispose([...parameters.values()]);
  const questions = judgedQuestions(speedrun, 2_000_000, setting.sums, { kind: 'sum' });
  const answers = await greedyAnswers(model, tokenizer, questions, 'chat');
  return share(questions.filter((q, i) => judge(q, answers[i]) === 1).length, questions.length);
}
