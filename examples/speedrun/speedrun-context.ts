// What all stages share.
import { type ModelConfig, parseModelConfig } from '@ashlar/core';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import { type Card, renderCard } from './card.ts';
import type { Measured } from './evaluate.ts';
import { type Question, type QuestionChoice, questionOf, type Split } from './questions.ts';
import type { RunFolder } from './run-folder.ts';
import { answerEnd, documentEnd } from './run-tokenizer.ts';
import type { Setting } from './settings.ts';

export interface Speedrun {
  readonly setting: Setting;
  readonly random: Random;
  readonly run: RunFolder;
  readonly card: Card;
  readonly tokenizer: Tokenizer;
  readonly config: ModelConfig;
  /** What the run is judged by: `test`, or `dev` while settings are being chosen. */
  readonly split: Exclude<Split, 'train'>;
  /** Judged questions of all kinds, the same ones for every stage. */
  readonly testQuestions: readonly Question[];
}

/** Numbers of questions by use. */
export const questionNumber = (use: keyof typeof uses, i: number): number => uses[use] + i;
const uses = {
  pages: 0,
  demonstrations: 20_000_000,
  comparisons: 40_000_000,
  rounds: 60_000_000,
  words: 80_000_000,
  judged: 100_000_000,
} as const;

/** Judged questions from `first` on: of the run's split, so that nothing was trained on their words. */
export const judgedQuestions = (
  { random, split }: Pick<Speedrun, 'random' | 'split'>,
  first: number,
  count: number,
  choice: Pick<QuestionChoice, 'kind'> = {},
): Question[] =>
  Array.from({ length: count }, (_, i) =>
    questionOf(random, questionNumber('judged', first + i), { ...choice, split }),
  );

export const rawConfigOf = (
  setting: Pick<Setting, 'numLayers' | 'hiddenSize' | 'intermediateSize' | 'length'>,
  vocabSize: number,
): Record<string, unknown> => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: vocabSize,
  hidden_size: setting.hiddenSize,
  intermediate_size: setting.intermediateSize,
  num_hidden_layers: setting.numLayers,
  num_attention_heads: Math.max(1, Math.floor(setting.hiddenSize / 32)),
  num_key_value_heads: Math.max(1, Math.floor(setting.hiddenSize / 32)),
  max_position_embeddings: Math.max(256, 2 * setting.length),
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  eos_token_id: [answerEnd, documentEnd],
  pad_token_id: documentEnd,
});

export const configOf = (...of: Parameters<typeof rawConfigOf>): ModelConfig =>
  parseModelConfig(rawConfigOf(...of));

/** The card is written again after every stage, so that an interrupted run has one too. */
export async function writeCard({ run, card }: Pick<Speedrun, 'run' | 'card'>): Promise<void> {
  card.seconds = run.seconds;
  await run.write('card.html', renderCard(card));
  await run.write('card.json', `${JSON.stringify(card, null, 1)}\n`);
}

/** Puts on the card what a stage was for, and whether it did it: the intervals of before and after, or of the difference where the same questions were asked. */
export function shown(
  { card }: Pick<Speedrun, 'card'>,
  stage: string,
  measure: string,
  before: Measured | number,
  after: Measured | number,
  difference?: Measured,
): void {
  card.purposes.push({ stage, measure, before, after, ...(difference === undefined ? {} : { difference }) });
  const say = (m: Measured | number): string =>
    typeof m === 'number'
      ? m.toFixed(3)
      : `${m.value.toFixed(3)} (${m.low.toFixed(3)} to ${m.high.toFixed(3)})`;
  console.log(
    `  ${measure}: ${say(before)} -> ${say(after)}${difference ? `, difference ${say(difference)}` : ''}`,
  );
}
