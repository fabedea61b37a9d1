// Sizes of a run. `micro` learns nothing in seconds, for tests; `tiny` shows that every stage works, in a few minutes; `small` is meant for two quiet cores and under 25 minutes; `large` for a machine with a GPU or many cores.

/** What a run may cost. */
export interface Setting {
  readonly vocabSize: number;
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  /** Rows of a pretraining batch and tokens of a row. */
  readonly rows: number;
  readonly length: number;
  /** Stories of the pretraining text; as many tokens of questions from the web stand between them. */
  readonly stories: number;
  readonly steps: {
    readonly pretrain: number;
    readonly sft: number;
    readonly reward: number;
    readonly dpo: number;
    readonly grpo: number;
    readonly words: number;
  };
  /** Examples of a fine-tuning batch. */
  readonly examples: number;
  /** Questions of an evaluation. */
  readonly evaluation: number;
  /** Questions whose four drawn answers are compared. */
  readonly comparisons: number;
  /** Judged questions with four answers each, for the reward model to order and choose from. */
  readonly bestOf: number;
  /** Judged sums, asked without the tool and with it. */
  readonly sums: number;
  /** Questions whose own right answers are kept while the special word is taught. */
  readonly own: number;
  /** Hidden sizes and steps of the scaling sweep: every pair is a run. */
  readonly sweep: { readonly sizes: readonly number[]; readonly steps: readonly number[] };
}

export const settings: Readonly<Record<'micro' | 'tiny' | 'small' | 'large', Setting>> = {
  micro: {
    vocabSize: 400,
    numLayers: 1,
    hiddenSize: 32,
    intermediateSize: 64,
    rows: 4,
    length: 48,
    stories: 40,
    steps: { pretrain: 20, sft: 20, reward: 4, dpo: 4, grpo: 2, words: 4 },
    examples: 4,
    evaluation: 14,
    comparisons: 24,
    ...{ bestOf: 16, sums: 6, own: 60 },
    sweep: { sizes: [16], steps: [4, 8] },
  },
  tiny: {
    vocabSize: 2048,
    numLayers: 2,
    hiddenSize: 64,
    intermediateSize: 160,
    rows: 16,
    length: 96,
    stories: 1500,
    steps: { pretrain: 500, sft: 900, reward: 100, dpo: 60, grpo: 24, words: 150 },
    examples: 32,
    evaluation: 210,
    comparisons: 600,
    ...{ bestOf: 150, sums: 60, own: 900 },
    sweep: { sizes: [16, 32, 64], steps: [20, 40, 80] },
  },
  small: {
    vocabSize: 2048,
    numLayers: 3,
    hiddenSize: 96,
    intermediateSize: 256,
    rows: 16,
    length: 128,
    stories: 8000,
    steps: { pretrain: 1200, sft: 1300, reward: 200, dpo: 100, grpo: 40, words: 400 },
    examples: 48,
    evaluation: 700,
    comparisons: 2000,
    ...{ bestOf: 400, sums: 300, own: 4800 },
    sweep: { sizes: [16, 32, 64], steps: [40, 120, 300] },
  },
  large: {
    vocabSize: 4096,
    numLayers: 8,
    hiddenSize: 384,
    intermediateSize: 1024,
    rows: 64,
    length: 256,
    stories: 100_000,
    steps: { pretrain: 12_000, sft: 3000, reward: 600, dpo: 300, grpo: 120, words: 1000 },
    examples: 96,
    evaluation: 1400,
    comparisons: 8000,
    ...{ bestOf: 1000, sums: 500, own: 8000 },
    sweep: { sizes: [64, 96, 128, 192], steps: [500, 1500, 4000] },
  },
};
