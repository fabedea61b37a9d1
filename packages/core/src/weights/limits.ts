// Ceilings for what a file may claim. Each is far above any real checkpoint and low enough that believing a lie costs little.

/** Bytes of a safetensors header (the reference implementation has the same ceiling). */
export const maxHeaderBytes = 100_000_000;
/** Tensors in one file. */
export const maxTensors = 1 << 20;
/** Dimensions of a tensor. */
export const maxRank = 8;
/** Bytes of a tensor's name, of a metadata key. */
export const maxNameBytes = 1 << 10;
/** Key-values of a GGUF file. */
export const maxKeyValues = 1 << 16;
/** Bytes of one GGUF string (chat templates are the long ones). */
export const maxStringBytes = 1 << 24;
/** Elements of one GGUF array (vocabularies and merges are the long ones). */
export const maxArrayLength = 1 << 24;
/** Arrays in arrays in GGUF metadata. */
export const maxArrayDepth = 4;
/** Files of a sharded or split checkpoint. */
export const maxShards = 4096;
/** Bytes of a JSON or tokenizer file beside the weights. */
export const maxAssetBytes = 1 << 28;
/** Layers, heads, experts: sizes from which tensor names are made up. */
export const maxLayers = 1 << 12;
/** Frequencies of rope for which a file may keep factors. */
export const maxRopeFactors = 1 << 14;
