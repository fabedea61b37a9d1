// Stage 9: a special word taught by example. Half of every batch are sums answered with |CALCULATOR|, half are the model's own right answers to other questions, so that it keeps its manners.
import { languageModelObjective, type TokenRow } from '@ashlar/core';
import * as tf from '@tensorflow/tfjs-core';
import { drawnAnswers, modelOf } from '../answers.ts';
import { batchOf, calculatorRow } from '../prompts.ts';
import { judge, type Question, questionOf } from '../questions.ts';
import { questionNumber, type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { fast, trainedStage } from '../train-stage.ts';
import { answerRow } from './comparisons.ts';

export async function specialWordsStage(speedrun: Speedrun): Promise<void> {
  const { run, setting, config, tokenizer, random, card } = speedrun;
  const own = await run.stage('own-answers', async () => {
    const parameters = await run.parameters('grpo');
    using model = modelOf(config, parameters);
    tf.dispose([...parameters.values()]);
    const numbers = Array.from({ length: 2 * setting.comparisons }, (_, i) => questionNumber('words', i));
    const questions = numbers.map((n) => questionOf(random, n));
    const { texts } = await drawnAnswers(model, tokenizer, questions, random, { lane: 2 });
    return numbers
      .map((number, i) => ({ number, text: texts[i] }))
      .filter(({ text }, i) => questions[i].kind !== 'sum' && judge(questions[i], text) === 1);
  });
  card.facts['own right answers kept while the word is taught'] = own.length;
  const sumOf = (index: number): Question => {
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
  const { grpo, pretraining } = card.scores;
  shown(
    speedrun,
    'special-words',
    'sums right, without the tool and with it',
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
