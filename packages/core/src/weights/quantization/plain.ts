import type { PlainDtype } from '../weight-file.ts';

/** Bytes of one element of each plain type. */
export const plainBytes: Readonly<Record<PlainDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

/** True for a type whose elements are stored one after the other. */
export function isPlain(dtype: string): dtype is PlainDtype {
  return Object.hasOwn(plainBytes, dtype);
}
