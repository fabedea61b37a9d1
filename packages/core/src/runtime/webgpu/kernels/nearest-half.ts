// Rounding to binary16 that is the same on every device.

/**
 * WGSL of `fn nearestHalf(v: vec4<f32>) -> vec4<f32>`: the nearest binary16 of each, even among equals, as float32; below 2^-14 the value itself. WGSL leaves the rounding of `pack2x16float` and
 * `vec4<f16>()` to the device, and some only cut off; of what this answers nothing is left to round.
 */
export const nearestHalfSource = `
fn nearestHalf(v: vec4<f32>) -> vec4<f32> {
  let bits = bitcast<vec4<u32>>(clamp(v, vec4<f32>(-65504.0), vec4<f32>(65504.0)));
  return bitcast<vec4<f32>>((bits + vec4<u32>(0xfffu) + ((bits >> vec4<u32>(13u)) & vec4<u32>(1u))) & vec4<u32>(0xffffe000u));
}
fn packHalves(v: vec4<f32>) -> vec2<u32> { let h = nearestHalf(v); return vec2<u32>(pack2x16float(h.xy), pack2x16float(h.zw)); }`;
