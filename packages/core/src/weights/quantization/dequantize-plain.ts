import type { PlainDtype } from '../weight-file.ts';
import { e4m3Table, halfTable } from './half.ts';
import { plainBytes } from './plain.ts';

/** Converts `out.length` plain elements to float32. Integers and F64 are rounded to the nearest float32. */
export function dequantizePlain(dtype: PlainDtype, bytes: Uint8Array, out: Float32Array): void {
  const source = align(bytes, plainBytes[dtype]);
  const at = [source.buffer as ArrayBuffer, source.byteOffset, out.length] as const;
  switch (dtype) {
    case 'F32':
      out.set(new Float32Array(...at));
      return;
    case 'F16':
      lookUp(new Uint16Array(...at), halfTable(), out);
      return;
    case 'BF16': {
      const bits = new Uint16Array(...at);
      const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
      for (let i = 0; i < words.length; i++) words[i] = bits[i] << 16;
      return;
    }
    case 'F8_E4M3':
      lookUp(source, e4m3Table(), out);
      return;
    case 'F8_E5M2': {
      const table = halfTable(); // E5M2 is the upper byte of a binary16
      for (let i = 0; i < out.length; i++) out[i] = table[source[i] << 8];
      return;
    }
    case 'I64':
      fromBig(new BigInt64Array(...at), out);
      return;
    case 'U64':
      fromBig(new BigUint64Array(...at), out);
      return;
    default:
      out.set(new integers[dtype](...at));
  }
}

const integers = {
  F64: Float64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

function lookUp(bits: Uint16Array | Uint8Array, table: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = table[bits[i]];
}

function fromBig(values: BigInt64Array | BigUint64Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = Number(values[i]);
}

/** The same bytes at an address that is a multiple of `size`: a view when it is one already, else a copy. */
function align(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice();
}
