import type { Llama2cHeader } from './header.ts';

/** One run of the file: a tensor, or (without a name) a table that is not needed. */
export interface Llama2cPart {
  readonly name?: string;
  readonly shape: readonly number[];
  /** Rows are in the pairwise order of rope. */
  readonly permuted?: boolean;
}

/** The runs of a llama2.c file in their order, after the header. */
export function* llama2cLayout(header: Llama2cHeader): Generator<Llama2cPart> {
  const { dim, hiddenDim, vocabSize, sequenceLength } = header;
  const headSize = dim / header.headCount;
  const kvDim = header.keyValueHeadCount * headSize;
  const layers = Array.from({ length: header.layerCount }, (_, n) => n);
  const each = (name: string, shape: readonly number[], permuted = false): Llama2cPart[] =>
    layers.map((n) => ({ name: `model.layers.${n}.${name}.weight`, shape, permuted }));
  const embedding = { name: 'model.embed_tokens.weight', shape: [vocabSize, dim] };
  const attentionNorms = each('input_layernorm', [dim]);
  const mlpNorms = each('post_attention_layernorm', [dim]);
  const finalNorm = { name: 'model.norm.weight', shape: [dim] };
  const attention = [
    ...each('self_attn.q_proj', [dim, dim], true),
    ...each('self_attn.k_proj', [kvDim, dim], true),
    ...each('self_attn.v_proj', [kvDim, dim]),
    ...each('self_attn.o_proj', [dim, dim]),
  ];
  const mlp = [
    ...each('mlp.gate_proj', [hiddenDim, dim]),
    ...each('mlp.down_proj', [dim, hiddenDim]),
    ...each('mlp.up_proj', [hiddenDim, dim]),
  ];
  if (header.version === 0) {
    yield* [embedding, ...attentionNorms, ...attention, ...mlpNorms, ...mlp, finalNorm];
    yield { shape: [sequenceLength, headSize / 2] }; // cos of rope, which we compute ourselves
    yield { shape: [sequenceLength, headSize / 2] }; // sin of rope
  } else {
    yield* [...attentionNorms, ...mlpNorms, finalNorm, embedding, ...attention, ...mlp];
  }
  if (!header.sharedClassifier) yield { name: 'lm_head.weight', shape: [vocabSize, dim] };
}
