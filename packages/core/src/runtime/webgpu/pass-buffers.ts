// The buffers that a pass of at most `maxRows` rows goes through. Every row is filled up to whole eights of floats with zeros that nothing writes, so kernels read
// columns in eights whatever the model's sizes.
import type { ModelConfig, RopeConfig } from '../../models/model-config.ts';
import { alibiSlopes } from '../../ops/attention-mask.ts';
import type { DeviceMemory } from './device-memory.ts';
import { passBytes } from './kernel.ts';
import { rowWords } from './kernels/gather.ts';

/** A buffer of rows, `stride` floats apart. */
export interface RowBuffer {
  readonly buffer: GPUBuffer;
  readonly stride: number;
}

/** All of them. */
export interface PassBuffers {
  readonly pass: GPUBuffer;
  readonly headPass: GPUBuffer;
  readonly lines: GPUBuffer;
  readonly picked: GPUBuffer;
  readonly x: RowBuffer;
  readonly n: RowBuffer;
  readonly y: RowBuffer;
  readonly qkv: RowBuffer;
  readonly heads: RowBuffer;
  readonly inner: RowBuffer;
  readonly gate: RowBuffer;
  readonly wide: RowBuffer;
  readonly router: RowBuffer;
  readonly choices: GPUBuffer;
  readonly angles: ReadonlyMap<RopeConfig, { readonly buffer: GPUBuffer; readonly half: number }>;
  readonly slopes?: GPUBuffer;
}

/** Whole eights. */
export const strideOf = (width: number): number => Math.ceil(width / 8) * 8;

/** Floats of a row in each buffer, for allocation and estimates. */
export function rowWidths(
  config: ModelConfig,
): Record<'x' | 'n' | 'y' | 'qkv' | 'heads' | 'inner' | 'gate' | 'wide' | 'router', number> {
  const { hiddenSize: C, numHeads: H, numKeyValueHeads: G, headDim: d, experts } = config;
  const dense = config.layers.some(({ mlp }) => mlp === 'dense') ? config.intermediateSize : 0;
  return {
    x: strideOf(C),
    n: strideOf(C),
    y: strideOf(C),
    qkv: strideOf((H + 2 * G) * d),
    heads: strideOf(H * d),
    inner: Math.max(strideOf(dense), strideOf(experts?.intermediateSize ?? 0) * (experts?.perToken ?? 0)),
    gate: strideOf(dense),
    wide: config.embedding.width === C ? 8 : strideOf(config.embedding.width),
    router: strideOf(experts?.count ?? 8),
  };
}

/** Allocates the buffers for `maxRows` rows. */
export function createPassBuffers(memory: DeviceMemory, config: ModelConfig, maxRows: number): PassBuffers {
  const widths = rowWidths(config);
  const rows = (name: keyof typeof widths): RowBuffer => ({
    buffer: memory.storage(maxRows * widths[name] * 4, name),
    stride: widths[name],
  });
  const angles = new Map<RopeConfig, { buffer: GPUBuffer; half: number }>();
  for (const { rope } of config.layers) {
    if (rope === undefined || angles.has(rope)) continue;
    const half = rope.rotaryDim >> 1;
    angles.set(rope, { buffer: memory.storage(maxRows * half * 8, 'angles'), half });
  }
  let slopes: GPUBuffer | undefined;
  if (config.attention.alibi) {
    slopes = memory.storage(config.numHeads * 4, 'slopes');
    memory.device.queue.writeBuffer(slopes, 0, alibiSlopes(config.numHeads) as Float32Array<ArrayBuffer>);
  }
  return {
    pass: memory.uniform(passBytes, 'pass'),
    headPass: memory.uniform(passBytes, 'head pass'),
    lines: memory.storage(maxRows * rowWords * 4, 'lines'),
    picked: memory.storage(maxRows * 4, 'picked'),
    x: rows('x'),
    n: rows('n'),
    y: rows('y'),
    qkv: rows('qkv'),
    heads: rows('heads'),
    inner: rows('inner'),
    gate: rows('gate'),
    wide: rows('wide'),
    router: rows('router'),
    choices: memory.storage(maxRows * (config.experts?.perToken ?? 1) * 8, 'choices'),
    angles,
    ...(slopes === undefined ? {} : { slopes }),
  };
}
