import { checkOptions } from '../../../check-options.ts';
import { isPlain, plainBytes } from '../../quantization/plain.ts';
import type { ByteSink } from '../../write/byte-sink.ts';
import type { TensorToWrite } from '../../write/tensor-to-write.ts';

/** Options of `writeSafetensors`. */
export interface WriteSafetensorsOptions {
  /** The header's `__metadata__`; transformers asks for `format: 'pt'`, which is the default. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a safetensors file tensor by tensor: wide types first, then by name (the reference's order, which keeps every tensor aligned). Packed types
 * have no name in the format: a `TypeError`. The sink is not closed.
 */
export async function writeSafetensors(
  sink: ByteSink,
  tensors: readonly TensorToWrite[],
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  checkOptions(options, ['metadata'], 'writeSafetensors');
  const header: Record<string, unknown> = Object.create(null); // no inherited name is taken for a tensor's
  header.__metadata__ = options.metadata ?? { format: 'pt' };
  const order = tensors.map((tensor) => ({ tensor, width: width(tensor) }));
  order.sort((a, b) => b.width - a.width || (a.tensor.name < b.tensor.name ? -1 : 1));
  let begin = 0;
  for (const { tensor } of order) {
    const { name, dtype, shape, byteLength } = tensor;
    if (name in header) throw new RangeError(`tensors: expected each name once, got ${name} twice`);
    header[name] = { dtype, shape, data_offsets: [begin, begin + byteLength] };
    begin += byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(8 + Math.ceil(json.byteLength / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.byteLength - 8), true);
  padded.set(json, 8);
  await sink.write(padded);
  for (const { tensor } of order) await sink.write(await exactly(tensor));
}

/** A tensor's bytes, checked against what its table line promised. */
export async function exactly(tensor: TensorToWrite): Promise<Uint8Array> {
  const bytes = await tensor.read();
  if (bytes.byteLength !== tensor.byteLength)
    throw new RangeError(`${tensor.name}: expected ${tensor.byteLength} bytes, got ${bytes.byteLength}`);
  return bytes;
}

function width({ name, dtype }: TensorToWrite): number {
  if (!isPlain(dtype))
    throw new TypeError(`dtype of ${name}: expected a plain type (safetensors has no blocks), got ${dtype}`);
  return plainBytes[dtype];
}
