// The one typed form that every checkpoint's configuration becomes. The decoder reads nothing else: a family is only a way of
// filling this in (families.ts), so adding a Llama-like architecture adds data and no code.

/** How rotary positions are scaled past the trained length; the names are those of `rope_type`. */
export type RopeKind = 'default' | 'linear' | 'dynamic' | 'llama3' | 'yarn' | 'longrope';

/** Rotary position embedding of one layer (Su et al. 2021, arXiv:2104.09864). */
export interface RopeConfig {
  readonly kind: RopeKind;
  /** Base of the wavelengths. */
  readonly theta: number;
  /** Leading components of a head that are rotated; the rest pass unchanged. */
  readonly rotaryDim: number;
  /** True: pairs (0,1), (2,3), ...; false: pairs (i, i + rotaryDim/2). */
  readonly interleaved: boolean;
  readonly factor: number;
  /** Positions the model was trained on before scaling. */
  readonly originalMaxPositions: number;
  readonly maxPositions: number;
  readonly lowFrequencyFactor?: number;
  readonly highFrequencyFactor?: number;
  readonly betaFast?: number;
  readonly betaSlow?: number;
  readonly truncate?: boolean;
  /** Factor on cos and sin; derived from `factor` when absent (yarn, longrope). */
  readonly attentionFactor?: number;
  readonly mscale?: number;
  readonly mscaleAllDim?: number;
  readonly shortFactor?: readonly number[];
  readonly longFactor?: readonly number[];
}

/** Root-mean-square or mean-and-variance normalisation. */
export interface NormConfig {
  readonly kind: 'rms' | 'layer';
  readonly eps: number;
  /** True: scale by (1 + weight), as Gemma does. */
  readonly unitOffset: boolean;
  /** False: no parameters at all. */
  readonly weight: boolean;
  readonly bias: boolean;
}

/** Where the norms of a layer stand; `x` is the residual stream, `f` attention or MLP. */
export type NormPlacement =
  /** x + f(norm(x)): GPT-2, Llama. */
  | 'pre'
  /** x + norm(f(x)): OLMo 2. */
  | 'post'
  /** x + norm(f(norm(x))): Gemma 2 and 3. */
  | 'sandwich'
  /** norm(x + f(x)): the original Transformer, OPT-350M. */
  | 'original'
  /** x + attention(norm(x)) + mlp(norm'(x)): GPT-NeoX, Phi, Cohere. */
  | 'parallel';

/** Element-wise non-linearity of the MLP. */
export type Activation = 'silu' | 'gelu' | 'gelu-tanh' | 'quick-gelu' | 'relu' | 'relu-squared';

/** What differs from layer to layer. */
export interface LayerConfig {
  /** Causal: keys visible to a query, itself included. Bidirectional: the distance up to which keys are visible. Undefined: all. */
  readonly window?: number;
  /** False: attention reads the residual stream as it is (ModernBERT's first layer). */
  readonly attentionNorm: boolean;
  /** Undefined: this layer has no rotary positions. */
  readonly rope?: RopeConfig;
  /** Factor on the scores before softcap and softmax. */
  readonly attentionScale: number;
  readonly mlp: 'dense' | 'experts';
  /** Index of the parameters that this layer uses, when layers share them (ALBERT); default its own. */
  readonly shares?: number;
}

/** Routing of a mixture of experts (Shazeer et al. 2017, arXiv:1701.06538). */
export interface ExpertsConfig {
  readonly count: number;
  readonly perToken: number;
  /** True: the chosen experts' weights are scaled to sum to 1. */
  readonly normalize: boolean;
  readonly intermediateSize: number;
}

/** A decoder, in full: sizes, kinds of norm, positions, attention, MLP and head. */
export interface ModelConfig {
  /** Name of the entry in the table of families. */
  readonly family: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKeyValueHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  readonly norm: NormConfig;
  readonly placement: NormPlacement;
  /** Parallel placement with one norm for attention and MLP. */
  readonly sharedNorm: boolean;
  readonly finalNorm: boolean;
  readonly embedding: {
    /** Factor on the token embeddings. */
    readonly scale: number;
    /** Norm right after the embeddings (BLOOM). */
    readonly norm: boolean;
    readonly learnedPositions: boolean;
    /** Row of position 0 in the table of learned positions. */
    readonly positionOffset: number;
    /** An id that takes no position: it has the row before that of position 0, and what follows is counted without it (RoBERTa's padding, also inside of a text). */
    readonly uncountedId: number | undefined;
    /** Rows of the table of token types (BERT); 0: there is none. */
    readonly tokenTypes: number;
    /** Width of the embeddings when it differs from `hiddenSize` (OPT-350M). */
    readonly width: number;
    /** Positions, token types and norm have that width too, and a projection with a bias comes behind them (ALBERT, ELECTRA). */
    readonly narrow: boolean;
  };
  readonly attention: {
    /** False: every token sees every other (encoders). */
    readonly causal: boolean;
    readonly queryBias: boolean;
    readonly outputBias: boolean;
    /** c * tanh(scores / c). */
    readonly softcap?: number;
    /** Linear biases instead of positions (Press et al. 2021, arXiv:2108.12409). */
    readonly alibi: boolean;
    /** Learned biases by the distance of two tokens (MPNet): rows of their table, for both directions. */
    readonly relativeBuckets?: number;
    /** Norm of queries and keys: one for all of them, one shared by the heads, or one for every head. */
    readonly queryKeyNorm?: { readonly scope: 'full' | 'head' | 'each-head'; readonly norm: NormConfig };
    /** Values of q, k and v are cut to [-clip, clip] (OLMo). */
    readonly clip?: number;
  };
  readonly mlp: { readonly gated: boolean; readonly activation: Activation; readonly bias: boolean };
  readonly experts?: ExpertsConfig;
  readonly layers: readonly LayerConfig[];
  /** Factor on what attention and MLP add to the residual stream (Granite). */
  readonly residualScale: number;
  readonly head: {
    /** False: the model ends with its hidden states (encoders, checkpoints of a base model). */
    readonly present: boolean;
    /** The head is the transposed table of embeddings. */
    readonly tied: boolean;
    readonly bias: boolean;
    readonly scale: number;
    readonly softcap?: number;
  };
  readonly bosTokenId?: number;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId?: number;
  /** dtype named by the checkpoint, such as `bfloat16`. */
  readonly storedDtype?: string;
  /** Keys of the configuration that this library does not know: they were not used. */
  readonly unknownKeys: readonly string[];
  /** The configuration as it was read. */
  readonly raw: Readonly<Record<string, unknown>>;
}
