// A compute kernel as data, its pipeline and its bind groups, both made once and kept: recording a step is three calls a dispatch.

/** One storage binding; bindings are numbered from 1 in their order, 0 is the uniform `pass`. */
export interface Binding {
  readonly name: string;
  /** WGSL type, such as `array<vec4<f32>>`. */
  readonly type: string;
  readonly write?: boolean;
}

/** A kernel's source. Kernels of one `key` are the same. */
export interface Kernel {
  readonly key: string;
  /** For profiles: what sort of kernel it is. */
  readonly sort: string;
  readonly bindings: readonly Binding[];
  /** Its code has 16-bit floats: for devices with shader-f16. */
  readonly f16?: boolean;
  /** Declarations and `fn main(...)` with its attributes. */
  readonly code: string;
}

/** Words of the uniform `pass`: rows of the pass. */
export const passBytes = 16;

/** What a dispatch needs. */
export interface Dispatch {
  readonly sort: string;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Pipelines and bind groups of one device. */
export interface KernelCache {
  readonly subgroups: boolean;
  dispatch(
    kernel: Kernel,
    pass: GPUBuffer,
    buffers: readonly GPUBuffer[],
    grid: readonly [number, number?, number?],
  ): Dispatch;
  /** Forgets the bind groups: some buffers are no longer alive. */
  forgetGroups(): void;
}

/** A cache on `device`. */
export function createKernelCache(
  device: GPUDevice,
  useSubgroups = device.features.has('subgroups' as GPUFeatureName),
): KernelCache {
  const pipelines = new Map<string, { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }>();
  const layouts = new Map<string, GPUBindGroupLayout>();
  const groups = new Map<string, GPUBindGroup>();
  const numbers = new WeakMap<GPUBuffer, number>();
  let next = 0;
  const numberOf = (buffer: GPUBuffer): number => {
    let number = numbers.get(buffer);
    if (number === undefined) {
      number = next++;
      numbers.set(buffer, number);
    }
    return number;
  };

  const layoutOf = (bindings: readonly Binding[]): GPUBindGroupLayout => {
    const key = bindings.map(({ write }) => (write ? 'w' : 'r')).join('');
    const known = layouts.get(key);
    if (known !== undefined) return known;
    const made = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' } },
        ...bindings.map(({ write }, i) => ({
          binding: i + 1,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: write ? ('storage' as const) : ('read-only-storage' as const) },
        })),
      ],
    });
    layouts.set(key, made);
    return made;
  };

  const pipelineOf = (kernel: Kernel) => {
    const known = pipelines.get(kernel.key);
    if (known !== undefined) return known;
    const layout = layoutOf(kernel.bindings);
    const half = kernel.f16 ? 'enable f16;\n' : '';
    const head = `${half}${useSubgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n' : ''}`;
    const declared = kernel.bindings
      .map(
        ({ name, type, write }, i) =>
          `@group(0) @binding(${i + 1}) var<storage, ${write ? 'read_write' : 'read'}> ${name}: ${type};`,
      )
      .join('\n');
    const code = `${head}struct Pass { rows: u32, a: u32, b: u32, c: u32 }\n@group(0) @binding(0) var<uniform> pass_: Pass;\n${declared}\n${kernel.code}`;
    const module = device.createShaderModule({ code, label: kernel.key });
    const pipeline = device.createComputePipeline({
      label: kernel.key,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    });
    const made = { pipeline, layout };
    pipelines.set(kernel.key, made);
    return made;
  };

  return {
    subgroups: useSubgroups,
    dispatch(kernel, pass, buffers, [x, y = 1, z = 1]) {
      const { pipeline, layout } = pipelineOf(kernel);
      const all = [pass, ...buffers];
      const kinds = kernel.bindings.map(({ write }) => (write ? 'w' : 'r')).join('');
      const key = `${kinds}:${all.map(numberOf).join()}`;
      let group = groups.get(key);
      if (group === undefined) {
        group = device.createBindGroup({
          layout,
          entries: all.map((buffer, binding) => ({ binding, resource: { buffer } })),
        });
        groups.set(key, group);
      }
      return { sort: kernel.sort, pipeline, group, x, y, z };
    },
    forgetGroups: () => groups.clear(),
  };
}

/** Threads of a workgroup for rows of `width` values: whole subgroups, at most 256. */
export const threadsFor = (width: number): number =>
  width <= 64 ? 32 : width <= 512 ? 64 : width <= 2048 ? 128 : 256;

/**
 * WGSL of `fn total(value: f32, lane: u32, size: u32) -> f32`: the sum (or with `max` the largest) over the workgroup of `threads`, in every thread. Must be called by all of them.
 */
export function reduction(name: string, op: 'sum' | 'max', threads: number, subgroups: boolean): string {
  const join = (a: string, b: string) => (op === 'sum' ? `${a} + ${b}` : `max(${a}, ${b})`);
  if (subgroups) {
    const all = op === 'sum' ? 'subgroupAdd' : 'subgroupMax';
    // At the least 4 lanes a subgroup.
    return `
var<workgroup> ${name}_parts: array<f32, ${Math.max(1, threads / 4)}>;
fn ${name}(value: f32, lane: u32, size: u32) -> f32 {
  let own = ${all}(value);
  workgroupBarrier();
  if (lane % size == 0u) { ${name}_parts[lane / size] = own; }
  workgroupBarrier();
  var result = ${name}_parts[0];
  for (var i = 1u; i < (${threads}u + size - 1u) / size; i++) { result = ${join('result', `${name}_parts[i]`)}; }
  return result;
}`;
  }
  return `
var<workgroup> ${name}_parts: array<f32, ${threads}>;
fn ${name}(value: f32, lane: u32, size: u32) -> f32 {
  workgroupBarrier();
  ${name}_parts[lane] = value;
  workgroupBarrier();
  for (var step = ${threads / 2}u; step > 0u; step >>= 1u) {
    if (lane < step) { ${name}_parts[lane] = ${join(`${name}_parts[lane]`, `${name}_parts[lane + step]`)}; }
    workgroupBarrier();
  }
  return ${name}_parts[0];
}`;
}

/** Parameters of `main`: workgroup and thread, and with subgroups their size (else 1). */
export function mainSource(threads: number, subgroups: boolean, body: string): string {
  const extra = subgroups ? ', @builtin(subgroup_size) size: u32' : '';
  const fixed = subgroups ? '' : '\n  let size = 1u;';
  return `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) lane: u32${extra}) {${fixed}${body}
}`;
}

/** A float as WGSL. */
export function literal(value: number): string {
  const text = Math.fround(value).toPrecision(9);
  return /[.e]/.test(text) ? text.replace(/^(-?\d+)e/, '$1.0e') : `${text}.0`;
}
