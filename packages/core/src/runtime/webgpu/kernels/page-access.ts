// How a token's keys or values of one group lie in a page, and the WGSL that reads them in fours: float32, binary16, or integers of eight bits behind their scale. Heads are filled up to whole fours.
import type { CacheDtype, PageShape } from '../../../kv-cache/page-store.ts';

/** Fours of a head. */
export const foursOf = (headDim: number): number => Math.ceil(headDim / 4);

/** 32-bit words of a token. */
export function tokenWords(headDim: number, dtype: CacheDtype): number {
  const fours = foursOf(headDim);
  return dtype === 'float32' ? 4 * fours : dtype === 'float16' ? 2 * fours : fours + 1;
}

/** Bytes of a page of one layer's keys, or of its values. */
export const sideBytes = ({ groups, pageSize, headDim }: PageShape, dtype: CacheDtype): number =>
  groups * pageSize * tokenWords(headDim, dtype) * 4;

/** WGSL type of the elements of the buffers `keys` and `values` for those who read. */
export const pageElement: Readonly<Record<CacheDtype, string>> = {
  float32: 'vec4<f32>',
  float16: 'vec2<u32>',
  int8: 'u32',
};

/** `keys4(token, i)` and `values4(token, i)`: four values as they are kept; `keysScale(token)` and `valuesScale(token)`: what they are multiplied with (1 but for int8). */
export function pageAccessSource(headDim: number, dtype: CacheDtype): string {
  const fours = foursOf(headDim);
  const one = (name: string) => {
    const at = `token * ${fours}u + i`;
    const four =
      dtype === 'float32'
        ? `return ${name}[${at}];`
        : dtype === 'float16'
          ? `let w = ${name}[${at}]; return vec4<f32>(unpack2x16float(w.x), unpack2x16float(w.y));`
          : `return vec4<f32>(unpack4xI8(${name}[token * ${fours + 1}u + 1u + i]));`;
    const scale = dtype === 'int8' ? `bitcast<f32>(${name}[token * ${fours + 1}u])` : '1.0';
    return `fn ${name}4(token: u32, i: u32) -> vec4<f32> { ${four} }
fn ${name}Scale(token: u32) -> f32 { return ${scale}; }`;
  };
  return `${one('keys')}\n${one('values')}\n`;
}
