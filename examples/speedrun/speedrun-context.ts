// What all stages share.
import { type ModelConfig, parseModelConfig } from '@ashlar/core';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import { type Card, renderCard } from './card.ts';
import type { Measured } from './evaluate.ts';
import type { Question } from './questions.ts';
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
  /** Questions with odd numbers; training uses even ones. */
  readonly testQuestions: readonly Question[];
}

/** Numbers of questions by use; even, so that no test question is among them. */
export const questionNumber = (use: keyof typeof uses, i: number): number => 2 * (uses[use] + i);
const uses = {
  pages: 0,
  demonstrations: 1_000_000,
  comparisons: 2_000_000,
  rounds: 3_000_000,
  words: 4_000_000,
} as const;

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
