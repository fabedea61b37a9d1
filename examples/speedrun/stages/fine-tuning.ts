// Stage 4: how to answer in a conversation, from demonstrations; some of them are careless (`demonstrationOf`).
import { languageModelObjective, type TokenBatch } from '@ashlar/core';
import type * as tf from '@tensorflow/tfjs-core';
import { modelOf } from '../answers.ts';
import { scoreModel } from '../evaluate.ts';
import { answerIds, batchOf, promptIds, row } from '../prompts.ts';
import { demonstrationOf } from '../questions.ts';
import { questionNumber, type Speedrun, shown, writeCard } from '../speedrun-context.ts';
import { fast, trainedStage } from '../train-stage.ts';

export async function fineTuningStage(speedrun: Speedrun): Promise<void> {
  const { run, setting, tokenizer, config, random, testQuestions } = speedrun;
  const batchAt = (index: number): TokenBatch =>
    batchOf(
      Array.from({ length: setting.examples }, (_, i) => {
        const number = questionNumber('demonstrations', index * setting.examples + i);
        const { question, answer } = demonstrationOf(random, number);
        return row(promptIds(tokenizer, question, 'chat'), answerIds(tokenizer, answer));
      }),
    );
  // What the pretrained model makes of a conversation, which it has never seen.
  const before = await run.stage('conversation-before', async () => {
    const parameters: Map<string, tf.Tensor> = await run.parameters('pretraining');
    const model = modelOf(config, parameters);
    const scores = await scoreModel(model, tokenizer, testQuestions, random, 'chat');
    model.dispose();
    for (const p of parameters.values()) p.dispose();
    return scores;
  });
  const { scores } = await trainedStage(
    speedrun,
    {
      name: 'fine-tuning',
      start: () => run.parameters('pretraining'),
      objective: languageModelObjective(config),
      optimizer: fast,
      steps: setting.steps.sft,
      peak: 2e-3,
      batchAt,
    },
    'chat',
  );
  if (scores === undefined) return;
  shown(
    speedrun,
    'fine-tuning',
    'right answers in a conversation, sums aside',
    before.knowable,
    scores.knowable,
  );
  const web = speedrun.card.scores['pretraining'];
  shown(speedrun, 'fine-tuning', 'made up what nobody told (greedy)', web.madeUp, scores.madeUp);
  await writeCard(speedrun);
}
