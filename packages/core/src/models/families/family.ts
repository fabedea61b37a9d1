// The shape of an entry in the table of families. A flag that a configuration may set is written as the name of its key; `defaults` are the
// reference's values for keys that config.json leaves out (it omits what equals them).
import type { NormConfig, NormPlacement } from '../model-config.ts';
import type { RopeFamily } from '../rope-config.ts';
import type { TensorNames } from '../tensor-names.ts';

/** A fixed flag, or the key of the configuration that sets it. */
export type Flag = boolean | string;

/** One family of decoders, as data. */
export interface Family {
  readonly name: string;
  /** Values of `model_type` that mean this family. */
  readonly modelTypes: readonly string[];
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Keys that must have one of these values, because others would change the maths. */
  readonly requires?: Readonly<Record<string, readonly unknown[]>>;
  readonly norm: Pick<NormConfig, 'kind'> & {
    readonly unitOffset?: boolean;
    readonly bias?: Flag;
    readonly weight?: Flag;
  };
  /** A fixed placement, or a key with the placement when it is true and when it is false. */
  readonly placement:
    | NormPlacement
    | { readonly key: string; readonly yes: NormPlacement; readonly no: NormPlacement };
  /** With a parallel placement: one norm feeds attention and MLP. */
  readonly sharedNorm?: boolean;
  readonly rope?: RopeFamily;
  /** Only layers with a window have rotary positions (Cohere 2). */
  readonly ropeOnSlidingOnly?: boolean;
  /** Encoder: every token sees every other, and there is no head. */
  readonly encoder?: boolean;
  /** Key of the number of token types (BERT). */
  readonly tokenTypes?: string;
  /** The first layer's attention has no norm before it. */
  readonly bareFirstLayer?: boolean;
  /** Learned positions; the number is the row of position 0, `after-pad` the row behind that of the padding id (RoBERTa). */
  readonly learnedPositions?: number | 'after-pad';
  readonly alibi?: boolean;
  readonly queryBias?: Flag;
  readonly outputBias?: Flag;
  readonly queryKeyNorm?: {
    readonly when?: Flag;
    readonly scope: 'full' | 'head' | 'each-head';
    readonly kind: 'rms' | 'layer';
    readonly unitOffset?: boolean;
    readonly bias?: boolean;
  };
  readonly gated: boolean;
  /** Keys of the MLP's width; default `intermediate_size`. None set: four times the hidden size. */
  readonly intermediateKeys?: readonly string[];
  /** Names of activations that mean another one in this family's checkpoints. */
  readonly activationAliases?: Readonly<Record<string, string>>;
  readonly mlpBias?: Flag;
  /** Which layers look at `sliding_window` keys only; `layer_types` in the configuration overrides all but `all`. */
  readonly window?: {
    readonly layers: 'all' | 'all-but-every' | 'all-but-first-of' | 'from' | 'without-rope';
    /** Key of the window when it is not `sliding_window`; the window is half its value (ModernBERT's is the whole width). */
    readonly halfOf?: string;
    /** Key that switches the window on; absent: it is on when `sliding_window` is set. */
    readonly when?: string;
    /** Every n-th layer is full; the key that names n, and n when it is absent. */
    readonly every?: { readonly key?: string; readonly fallback: number };
  };
  /** sqrt(hiddenSize) or a key: factor on the embeddings. */
  readonly embeddingScale?: 'sqrt-hidden' | { readonly key: string };
  readonly embeddingNorm?: boolean;
  /** Embeddings, positions and their norm are `embedding_size` wide and a projection with a bias comes last: always (ALBERT), or where that is not the hidden size (ELECTRA). */
  readonly narrowEmbedding?: 'always' | 'where-narrower';
  /** Layers share the parameters of as many groups as this key says (ALBERT). */
  readonly layerGroups?: string;
  /** Biases of the scores by the distance of two tokens, in this many buckets, the same in all layers (MPNet). */
  readonly relativeBuckets?: number;
  /** Key whose inverse square root (`root`) or value scales the scores instead of 1/sqrt(headDim). */
  readonly attentionScale?: { readonly key: string; readonly as: 'inverse-root' | 'value' };
  readonly residualScale?: { readonly key: string };
  readonly headScale?: { readonly key: string; readonly as: 'multiply' | 'divide' };
  readonly headBias?: boolean;
  readonly experts?: {
    readonly intermediateSize: readonly string[];
    /** true, or the key that says whether the chosen weights are scaled to sum to 1. */
    readonly normalize: Flag;
  };
  readonly tensors: TensorNames;
}
