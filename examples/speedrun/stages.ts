// What the stages train, each with core's one trainer. A stage resumes in its middle: it saves its state as it goes.
import {
  adamw,
  cosineSchedule,
  initTrainState,
  type ModelConfig,
  type Objective,
  padRows,
  parseModelConfig,
  progressLine,
  type TokenBatch,
  type TokenRow,
  type TrainState,
  train,
} from '@ashlar/core';
import { encodeExample } from '@ashlar/rlhf';
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import type * as tf from '@tensorflow/tfjs-core';
import { calculatorPage, type Question, questionOf } from './questions.ts';
import type { RunFolder } from './run-folder.ts';
import type { Setting } from './settings.ts';

export const optimizer = adamw({ weightDecay: 0.05 });

export function configOf(
  setting: Pick<Setting, 'numLayers' | 'hiddenSize' | 'intermediateSize' | 'length'>,
  vocabSize: number,
): ModelConfig {
  return parseModelConfig({
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: vocabSize,
    hidden_size: setting.hiddenSize,
    intermediate_size: setting.intermediateSize,
    num_hidden_layers: setting.numLayers,
    num_attention_heads: Math.max(1, setting.hiddenSize / 16),
    num_key_value_heads: Math.max(1, setting.hiddenSize / 16),
    max_position_embeddings: 2 * setting.length,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: true,
    eos_token_id: 1,
    pad_token_id: 0,
  });
}

export interface TrainingTask<Batch> {
  readonly name: string;
  readonly start: () => Promise<ReadonlyMap<string, tf.Tensor>>;
  readonly objective: Objective<Batch>;
  readonly steps: number;
  readonly peak: number;
  readonly batchAt: (index: number) => Batch | Promise<Batch>;
}

/** Trains a stage to its end, from where an earlier attempt had got to; answers the curve of losses. */
export async function trainStage<Batch>(
  run: RunFolder,
  task: TrainingTask<Batch>,
): Promise<{ state: TrainState; curve: (readonly [number, number])[]; tokensPerSecond: number }> {
  const { name, steps } = task;
  const state = (await run.load(name)) ?? initTrainState(await task.start(), optimizer);
  const curve: (readonly [number, number])[] = [];
  const every = Math.max(1, Math.floor(steps / 10));
  let [tokens, seconds] = [0, 0];
  const end = await train(state, {
    objective: task.objective,
    optimizer,
    schedule: cosineSchedule({
      peak: task.peak,
      minimum: task.peak / 10,
      warmupSteps: Math.floor(steps / 20),
      totalSteps: steps,
    }),
    steps,
    batchAt: task.batchAt,
    onStep(entry) {
      curve.push([entry.step, entry.loss]);
      tokens += entry.tokens;
      seconds += entry.secondsPerStep;
      if (entry.step % every === 0) console.log(`  ${progressLine(entry, steps)}`);
    },
    save: { every: Math.max(1, Math.floor(steps / 4)), run: (now) => run.save(name, now) },
  });
  return { state: end, curve, tokensPerSecond: tokens / Math.max(1e-9, seconds) };
}

/** Question pages as rows: prompt without gradient, or learned too (`whole`, for pretraining). */
export function questionRow(
  tokenizer: Tokenizer,
  question: Question,
  answer: string,
  whole = false,
): TokenRow {
  const codec = { encode: (text: string) => tokenizer.encode(text), eosTokenId: 1 };
  const { ids, mask } = encodeExample(codec, question.prompt, answer);
  return whole ? { ids } : { ids, mask };
}

/** Batch i of pretraining: windows of stories, and every second row a page of questions as the web answers them. */
export function pretrainingBatches(
  setting: Setting,
  tokenizer: Tokenizer,
  stories: (index: number) => Promise<TokenBatch>,
  random: Random,
): (index: number) => Promise<TokenBatch> {
  const pages = Math.floor(setting.rows / 2);
  return async (index) => {
    const window = await stories(index);
    const rows: TokenRow[] = Array.from({ length: window.rows }, (_, r) => ({
      ids: window.ids.subarray(r * window.length, (r + 1) * window.length),
    }));
    for (let i = 0; i < pages; i++) {
      const question = questionOf(random, 2 * (index * pages + i));
      rows[i] = questionRow(tokenizer, question, question.webAnswer, true);
    }
    return padRows(rows, setting.length);
  };
}

/** Batch i of supervised fine-tuning; with `calculator`, sums are answered by calling the calculator. */
export function answerBatches(
  setting: Setting,
  tokenizer: Tokenizer,
  random: Random,
  { calculator = false, from = 0 } = {},
): (index: number) => TokenBatch {
  return (index) =>
    padRows(
      Array.from({ length: setting.rows }, (_, i) => {
        const question = questionOf(random, 2 * (from + index * setting.rows + i));
        const answer = calculator && question.kind === 'sum' ? calculatorPage(question) : question.answer;
        return questionRow(tokenizer, question, answer);
      }),
    );
}
