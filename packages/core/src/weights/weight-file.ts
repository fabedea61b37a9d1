// What every checkpoint format is read into: a table of named tensors whose bytes are fetched one tensor at a time, so that the peak
// extra memory of a load is one tensor. Quantised tensors stay packed; `dequantize` turns them into float32.

/** Element types that are stored plainly, one after the other, little-endian. */
export type PlainDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL'
  | 'F8_E4M3'
  | 'F8_E5M2';

/** ggml's block types that can be dequantised here. */
export type BlockDtype =
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q8_0'
  | 'Q2_K'
  | 'Q3_K'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K'
  | 'IQ4_NL'
  | 'IQ4_XS'
  | 'MXFP4'
  | 'TQ1_0'
  | 'TQ2_0';

/**
 * llama2.c's version 2 groups: `Q8_G64` is 64 values a block, a float32 scale and then 64 int8 (we interleave what the file keeps in two
 * runs, so that a row is one run of bytes).
 */
export type GroupDtype = `Q8_G${number}`;

/** The type of a stored tensor, spelt as the formats spell it. */
export type StoredDtype = PlainDtype | BlockDtype | GroupDtype;

/** A tensor's line in the table: what is known without reading its data. */
export interface TensorEntry {
  readonly dtype: StoredDtype;
  /** Sizes, outermost first: a linear layer is [out, in]. Blocks run along the innermost. */
  readonly shape: readonly number[];
  /** Bytes that `read` will return. */
  readonly byteLength: number;
}

/** A tensor with its bytes, little-endian as in the file; blocks are not unpacked. */
export interface StoredTensor {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  /** May be a view of a larger buffer and need not be aligned; do not write to it. */
  readonly bytes: Uint8Array;
}

/** The tensors of a checkpoint, under their Hugging Face names and in the Hugging Face row order whatever the format was. */
export interface WeightFile {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Reads one tensor. Throws `CheckpointError` for a name that is not in `tensors`. */
  read(name: string): Promise<StoredTensor>;
  /** Closes the files; tensors that were read stay valid. */
  close(): Promise<void>;
}

/** Everything a tokenizer needs, whatever the checkpoint's format was. */
export interface ModelAssets {
  readonly format: 'huggingface' | 'gguf' | 'llama2c';
  /** 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'tokenizer.model', 'tokenizer.bin', ...; undefined when absent. */
  file(name: string): Promise<Uint8Array | undefined>;
  /** The names of the files right in a folder of the checkpoint ('additional_chat_templates'); undefined where they cannot be listed (below a plain URL). */
  list?(folder: string): Promise<readonly string[] | undefined>;
  /** GGUF key-values: numbers, bigints, strings, booleans, arrays of strings, typed arrays. */
  readonly metadata?: ReadonlyMap<string, unknown>;
}
