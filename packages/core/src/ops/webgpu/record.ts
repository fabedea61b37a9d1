// Recording a compute pass of our own on tfjs's WebGPU backend: onto its command encoder, so that order and disposal stay its business, but with any number of outputs, with
// pipelines and bind groups made by us: about a tenth of what `runWebGPUProgram` costs. Sizes are constants of the shader's text, so a pipeline serves one shape.
import type { DataId, TensorInfo } from '@tensorflow/tfjs-core';

/** The part of tfjs's WebGPUBackend that recording needs. */
export interface WebGPUBackendLike {
  readonly device: GPUDevice;
  readonly tensorMap: { get(id: DataId): { resource?: GPUBuffer } };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: WeakSet<DataId>;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(id: DataId): void;
  makeTensorInfo(shape: number[], dtype: 'float32' | 'int32', values?: Float32Array): TensorInfo;
  disposeData(id: DataId): boolean;
}

/** A tensor in the order of the shader's bindings, or bytes of one. */
export type Binding =
  | TensorInfo
  | { readonly info: TensorInfo; readonly offset: number; readonly size: number };

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();
// As tfjs's WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE: how many dispatches wait for one submission.
const batchSize = 15;

/** Records one dispatch of `groups` workgroups of the WGSL `code`, whose bindings 0, 1, ... of group 0 are `bindings`. */
export function record(
  backend: WebGPUBackendLike,
  code: string,
  bindings: readonly Binding[],
  groups: readonly [number, number?, number?],
): void {
  const pipeline = pipelineOf(backend.device, code);
  const entries = bindings.map((binding, i) => {
    const part = 'info' in binding;
    const { dataId } = part ? binding.info : binding;
    backend.uploadToGPU(dataId);
    backend.commandQueueOwnedIds.add(dataId);
    const buffer = backend.tensorMap.get(dataId).resource as GPUBuffer;
    return {
      binding: i,
      resource: part ? { buffer, offset: binding.offset, size: binding.size } : { buffer },
    };
  });
  const group = backend.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= (backend.commandEncoder as GPUCommandEncoder).beginComputePass();
  const pass = backend.computePassEncoder;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(groups[0], groups[1] ?? 1, groups[2] ?? 1);
  if (++backend.dispatchCountInPass >= batchSize) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}

/** A new float32 output. */
export const newTensor = (backend: WebGPUBackendLike, shape: readonly number[]): TensorInfo =>
  backend.makeTensorInfo([...shape], 'float32');

/** Workgroups for `count` items, `each` a workgroup; shaders stride over what is above the limit of one dimension. */
export const groupsFor = (count: number, each = 1): number =>
  Math.max(1, Math.min(65535, Math.ceil(count / each)));

/** Entries of a tensor. */
export const sizeOf = ({ shape }: TensorInfo): number => shape.reduce((a, b) => a * b, 1);

/** `@group(0) @binding(i) var<storage, ...> name: array<type>;` for a list like ['x', 'ids:i32', '=y']: `=` marks what is written. */
export function declare(names: readonly string[]): string {
  return names
    .map((entry, i) => {
      const written = entry.startsWith('=');
      const [name, type = 'f32'] = entry.replace('=', '').split(':');
      return `@group(0) @binding(${i}) var<storage, ${written ? 'read_write' : 'read'}> ${name}: array<${type}>;`;
    })
    .join('\n');
}

/** WGSL: `total(v, lane)` and `most(v, lane)` over a workgroup of `size` (a power of two). */
export const reductions = (size: number): string => `
var<workgroup> part: array<f32, ${size}>;
fn total(v: f32, lane: u32) -> f32 {
  part[lane] = v;
  workgroupBarrier();
  for (var s = ${size / 2}u; s > 0u; s >>= 1u) {
    if (lane < s) { part[lane] += part[lane + s]; }
    workgroupBarrier();
  }
  let result = part[0];
  workgroupBarrier();
  return result;
}
fn most(v: f32, lane: u32) -> f32 {
  part[lane] = v;
  workgroupBarrier();
  for (var s = ${size / 2}u; s > 0u; s >>= 1u) {
    if (lane < s) { part[lane] = max(part[lane], part[lane + s]); }
    workgroupBarrier();
  }
  let result = part[0];
  workgroupBarrier();
  return result;
}`;

/** WGSL entry point of `size` threads with \`group\`, \`groups\` (x) and \`lane\`. */
export const entry = (size: number, body: string): string => `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) lane: u32) {
  let group = id.x;
  let groups = count.x;
${body}
}`;

function pipelineOf(device: GPUDevice, code: string): GPUComputePipeline {
  const known = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, known);
  let pipeline = known.get(code);
  if (pipeline === undefined) {
    const module = device.createShaderModule({ code });
    pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
    known.set(code, pipeline);
  }
  return pipeline;
}
