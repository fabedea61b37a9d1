// Stage 9: a special word taught by example. Half of every batch are sums answered with |CALCULATOR|, two in three of them of larger numbers than any demonstration showed; the other half are the model's own right answers to other questions, so that it keeps its manners.
import { languageModelObjective, type TokenRow } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { drawnAnswers, greedyAnswers, modelOf } from '../answers.ts';
import { type Measured, share } from '../evaluate.ts';
import { batchOf, calculatorRow } from '../prompts.ts';
import { judge, largeSum, type Question, questionOf } from '../questions.ts';
import { questionNumber, type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { fast, trainedStage } from '../train-stage.ts';
import { answerRow } from './comparisons.ts';

export async function specialWordsStage(speedrun: Speedrun): Promise<void> {
  const { run, setting, config, tokenizer, random, card } = speedrun;
  const own = await run.stage('own-answers', async () => {
    const parameters = await run.parameters('grpo');
    using model = modelOf(config, parameters);
    tf.dispose([...parameters.values()]);
    const numbers = Array.from({ length: 4 * setting.comparisons }, (_, i) => questionNumber('words', i));
    const questions = numbers.map((n) => questionOf(random, n));
    const { texts } = await drawnAnswers(model, tokenizer, questions, random, { lane: 2 });
    return numbers
      .map((number, i) => ({ number, text: texts[i] }))
      .filter(({ text }, i) => questions[i].kind !== 'sum' && judge(questions[i], text) === 1);
  });
  card.facts['own right answers kept while the word is taught'] = own.length;
  const sumOf = (index: number): Question => {
    if (index % 3 !== 0) return largeSum(random, 2 * index);
    for (let i = index * 64; ; i++) {
      const question = questionOf(random, questionNumber('words', 1_000_000 + i));
      if (question.kind === 'sum') return question;
    }
  };
  const half = Math.floor(setting.examples / 2);
  const { scores } = await trainedStage(
    speedrun,
    {
      name: 'special-words',
      start: () => run.parameters('grpo'),
      objective: languageModelObjective(config),
      optimizer: fast,
      steps: setting.steps.words,
      peak: 1e-3,
      batchAt: (index) =>
        batchOf(
          Array.from({ length: setting.examples }, (_, i): Required<TokenRow> => {
            if (i < half) return calculatorRow(tokenizer, sumOf(index * half + i));
            const { number, text } = own[(index * half + i) % own.length];
            return answerRow(speedrun, questionOf(random, number), text);
          }),
        ),
    },
    'chat',
  );
  if (scores === undefined) return;
  const large = await run.stage('large-sums', async () => ({
    without: await largeSums(speedrun, 'grpo'),
    with: await largeSums(speedrun, 'special-words'),
  }));
  shown(
    speedrun,
    'special-words',
    'sums of three-digit numbers right, without the tool and with it',
    large.without,
    large.with,
  );
  const { grpo, pretraining } = card.scores;
  shown(
    speedrun,
    'special-words',
    'sums of two-digit numbers right, which fine-tuning showed, without the tool and with it',
    grpo.right.sum,
    scores.right.sum,
  );
  shown(speedrun, 'special-words', 'other right answers (kept)', grpo.knowable, scores.knowable);
  shown(
    speedrun,
    'all',
    'made up what nobody told, from pretraining to the last stage',
    pretraining.madeUp,
    scores.madeUp,
  );
  await writeCard(speedrun);
}

/** Large sums that a stage gets right, greedily, its calls run by the dispatcher. */
async function largeSums(
  { run, config, tokenizer, random, setting }: Speedrun,
  stage: string,
): Promise<Measured> {
  const parameters = await run.parameters(stage);
  using model = modelOf(config, parameters);
  tf.dispose([...parameters.values()]);
  const questions = Array.from({ length: Math.ceil(setting.evaluation / 2) }, (_, i) =>
    largeSum(random, 2 * i + 1),
  );
  const answers = await greedyAnswers(model, tokenizer, questions, 'chat');
  return share(questions.filter((q, i) => judge(q, answers[i]) === 1).length, questions.length);
}
