import { blockFormat, isBlockDtype } from '../../quantization/block-format.ts';
import { isPlain } from '../../quantization/plain.ts';
import type { BlockDtype, PlainDtype } from '../../weight-file.ts';

// ggml.h, enum ggml_type: the place in this list is the number in the file. 4, 5, 31-33 and 36-38 were withdrawn.
// biome-ignore format: a table by number, ten a line
const names: readonly string[] = [
  'F32', 'F16', 'Q4_0', 'Q4_1', 'Q4_2', 'Q4_3', 'Q5_0', 'Q5_1', 'Q8_0', 'Q8_1',
  'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'Q8_K', 'IQ2_XXS', 'IQ2_XS', 'IQ3_XXS', 'IQ1_S',
  'IQ4_NL', 'IQ3_S', 'IQ2_S', 'IQ4_XS', 'I8', 'I16', 'I32', 'I64', 'F64', 'IQ1_M',
  'BF16', 'Q4_0_4_4', 'Q4_0_4_8', 'Q4_0_8_8', 'TQ1_0', 'TQ2_0', 'IQ4_NL_4_4', 'IQ4_NL_4_8', 'IQ4_NL_8_8', 'MXFP4',
  'NVFP4',
];

/** What GGUF tensors can be here. */
export type GgmlDtype = PlainDtype | BlockDtype;

/** ggml's name of a type number, or undefined for one that it has not. */
export function ggmlTypeName(type: number): string | undefined {
  return names[type];
}

/** The type as a `StoredDtype`, or undefined when there is no dequantiser for it. */
export function ggmlDtype(type: number): GgmlDtype | undefined {
  const name = names[type];
  return name !== undefined && (isPlain(name) || isBlockDtype(name)) ? name : undefined;
}

/** The number of a type in a file. */
export function ggmlTypeNumber(dtype: GgmlDtype): number {
  return names.indexOf(dtype);
}

/** Values that share a block, 1 for a plain type. */
export function ggmlBlockSize(dtype: GgmlDtype): number {
  return isPlain(dtype) ? 1 : blockFormat(dtype).blockSize;
}
