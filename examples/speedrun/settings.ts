// Sizes of a run. `tiny` shows that every stage works, in about ten minutes; `small` is meant for two quiet cores and under 25 minutes; `large` for a machine with a GPU or many cores.

export interface Setting {
  readonly numLayers: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  /** Rows of a batch and tokens of a row. */
  readonly rows: number;
  readonly length: number;
  /** Stories that the vocabulary and the pretraining text come from. */
  readonly stories: number;
  readonly steps: {
    readonly pretrain: number;
    readonly sft: number;
    readonly words: number;
    readonly reward: number;
    readonly dpo: number;
    readonly grpo: number;
  };
  /** Questions of an evaluation, and prompts that answers are compared on. */
  readonly evaluation: number;
  readonly comparisons: number;
  /** Hidden sizes and steps of the scaling sweep: every pair is a run. */
  readonly sweep: { readonly sizes: readonly number[]; readonly steps: readonly number[] };
}

export const settings: Readonly<Record<'tiny' | 'small' | 'large', Setting>> = {
  tiny: {
    numLayers: 2,
    hiddenSize: 64,
    intermediateSize: 128,
    rows: 32,
    length: 64,
    stories: 1200,
    steps: { pretrain: 400, sft: 800, words: 250, reward: 80, dpo: 50, grpo: 30 },
    evaluation: 150,
    comparisons: 128,
    sweep: { sizes: [16, 32, 64], steps: [20, 60] },
  },
  small: {
    numLayers: 3,
    hiddenSize: 96,
    intermediateSize: 256,
    rows: 32,
    length: 64,
    stories: 3000,
    steps: { pretrain: 900, sft: 1600, words: 400, reward: 150, dpo: 80, grpo: 60 },
    evaluation: 240,
    comparisons: 240,
    sweep: { sizes: [16, 32, 48, 64], steps: [50, 150, 400] },
  },
  large: {
    numLayers: 8,
    hiddenSize: 384,
    intermediateSize: 1024,
    rows: 64,
    length: 128,
    stories: 60000,
    steps: { pretrain: 12000, sft: 3000, words: 1000, reward: 600, dpo: 300, grpo: 120 },
    evaluation: 600,
    comparisons: 1200,
    sweep: { sizes: [64, 96, 128, 192], steps: [500, 1500, 4000] },
  },
};
