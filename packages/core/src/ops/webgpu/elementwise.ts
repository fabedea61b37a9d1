// What goes entry by entry in WGSL: the gate of SwiGLU, the way between the layouts of linear layers and attention with its rotation, and AdamW.
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { declare, entry, groupsFor, newTensor, record, sizeOf, type WebGPUBackendLike } from './record.ts';

const threads = 256;
const each = (count: number, body: string): string =>
  entry(
    threads,
    `for (var i = group * ${threads}u + lane; i < ${count}u; i += groups * ${threads}u) {\n${body}\n}`,
  );
const sigmoid = 'fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0))); }';

/** silu(gate) up. */
export function siluMulOnWebgpu(
  backend: WebGPUBackendLike,
  { gate, up }: Record<string, TensorInfo>,
): TensorInfo {
  const count = sizeOf(gate);
  const y = newTensor(backend, gate.shape);
  const code = `${declare(['gate', 'up', '=y'])}\n${sigmoid}\n${each(count, 'let x = gate[i];\ny[i] = x * sigmoid(x) * up[i];')}`;
  record(backend, code, [gate, up, y], [groupsFor(count, threads)]);
  return y;
}

/** [d gate, d up]. */
export function siluMulGradOnWebgpu(
  backend: WebGPUBackendLike,
  { dy, gate, up }: Record<string, TensorInfo>,
): TensorInfo[] {
  const count = sizeOf(gate);
  const [dGate, dUp] = [newTensor(backend, gate.shape), newTensor(backend, gate.shape)];
  const body = `let x = gate[i];
let s = sigmoid(x);
dGate[i] = dy[i] * up[i] * s * (1.0 + x * (1.0 - s));
dUp[i] = dy[i] * x * s;`;
  const code = `${declare(['dy', 'gate', 'up', '=dGate', '=dUp'])}\n${sigmoid}\n${each(count, body)}`;
  record(backend, code, [dy, gate, up, dGate, dUp], [groupsFor(count, threads)]);
  return [dGate, dUp];
}

interface HeadAttrs {
  /** Half of the components that turn; 0 for none. */
  readonly half: number;
  readonly interleaved: boolean;
}

/** `into` attention: x [B, T, H, d] -> [B, H, T, d], rotated; else x [B, H, T, d] -> [B, T, H, d], rotated back. */
export function headsOnWebgpu(
  backend: WebGPUBackendLike,
  { x, cos, sin }: Record<string, TensorInfo>,
  { half, interleaved }: HeadAttrs,
  into: boolean,
): TensorInfo {
  const [batch, a, b, size] = x.shape;
  const [length, heads] = into ? [a, b] : [b, a];
  const y = newTensor(backend, [batch, b, a, size]);
  const count = sizeOf(x);
  const turns = half > 0;
  const tableRow = turns && cos.shape[0] > 1 ? `(b * ${length}u + t)` : 't';
  const rotation = `
let pair = ${interleaved ? 'c >> 1u' : `c % ${half}u`};
let second = ${interleaved ? '(c & 1u) == 1u' : `c >= ${half}u`};
let other = x[source - c + ${interleaved ? '(c ^ 1u)' : `select(c + ${half}u, c - ${half}u, second)`}];
let at = ${tableRow} * ${half}u + pair;
value = value * cos[at] + select(-other, other, second) * ${into ? '' : '-'}sin[at];`;
  // i walks the output; the two middle axes change places.
  const body = `let c = i % ${size}u;
let r = i / ${size}u;
let p = r % ${a}u;
let q = (r / ${a}u) % ${b}u;
let b = r / ${a * b}u;
let t = ${into ? 'p' : 'q'};
let source = ((b * ${a}u + p) * ${b}u + q) * ${size}u + c;
var value = x[source];
${turns ? `if (c < ${2 * half}u) {${rotation}\n}` : ''}
y[i] = value;`;
  const tables = turns ? [cos, sin] : [];
  const code = `${declare(['x', ...(turns ? ['cos', 'sin'] : []), '=y'])}
// ${heads} heads, ${length} long
${each(count, body)}`;
  record(backend, code, [x, ...tables, y], [groupsFor(count, threads)]);
  return y;
}

const adamw = `m[i] = k[0] * m0[i] + k[1] * (k[8] * g[i]);
v[i] = k[2] * v0[i] + k[3] * (k[8] * g[i]) * (k[8] * g[i]);
out[i] = p[i] - (p[i] * k[5] + k[6] * (m[i] / (sqrt(v[i]) * k[7] + k[4])));`;

/** One AdamW update: {p, g, m, v} and the constants [beta1, 1 - beta1, beta2, 1 - beta2, eps, decay, rate, scale, gradient scale] -> [p, m, v]. */
export function adamwOnWebgpu(
  backend: WebGPUBackendLike,
  { p, g, m, v }: Record<string, TensorInfo>,
  constants: TensorInfo,
): TensorInfo[] {
  const count = sizeOf(p);
  const results = [p, p, p].map((like) => newTensor(backend, like.shape));
  const code = `${declare(['p', 'g', 'm0', 'v0', 'k', '=out', '=m', '=v'])}\n${each(count, adamw)}`;
  record(backend, code, [p, g, m, v, constants, ...results], [groupsFor(count, threads)]);
  return results;
}
