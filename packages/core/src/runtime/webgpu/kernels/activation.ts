// The non-linearities of MLPs in WGSL, and a kernel for where no linear kernel can apply them.
import type { Activation } from '../../../models/model-config.ts';
import type { Kernel } from '../kernel.ts';

// tanh overflows on some drivers for large arguments; erf is Abramowitz and Stegun 7.1.26 (1.5e-7), the same as tfjs's.
const bodies: Readonly<Record<Activation, string>> = {
  silu: 'return v / (1.0 + exp(-v));',
  gelu: `
  let s = abs(v) * 0.7071067811865476;
  let t = 1.0 / (1.0 + 0.3275911 * s);
  let e = 1.0 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * exp(-s * s);
  return 0.5 * v * (1.0 + sign(v) * e);`,
  'gelu-tanh':
    'return 0.5 * v * (1.0 + tanh(clamp(0.7978845608028654 * v * (1.0 + 0.044715 * v * v), -15.0, 15.0)));',
  'quick-gelu': 'return v / (1.0 + exp(-1.702 * v));',
  relu: 'return max(v, 0.0);',
  'relu-squared': 'let r = max(v, 0.0); return r * r;',
};

/** `fn act(v: f32) -> f32`. */
export const activationSource = (kind: Activation): string => `
fn act(v: f32) -> f32 { ${bodies[kind]} }`;

/** up = act(gate) * up, or up = act(up); grid [ceil(width / 64), rows]. Bindings: up (and gate). */
export function activateKernel(
  kind: Activation,
  width: number,
  stride: number,
  gated: boolean,
  gateStride = stride,
): Kernel {
  return {
    key: `activate ${kind} ${width} ${stride} ${gated} ${gateStride}`,
    sort: 'activate',
    bindings: [
      { name: 'up', type: 'array<f32>', write: true },
      ...(gated ? [{ name: 'gate', type: 'array<f32>' }] : []),
    ],
    code: `${activationSource(kind)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= ${width}u) { return; }
  let at = id.y * ${stride}u + id.x;
  up[at] = ${gated ? `act(gate[id.y * ${gateStride}u + id.x]) * up[at]` : 'act(up[at])'};
}`,
  };
}
