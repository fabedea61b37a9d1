// What a pass gives back of the logits that it left on the device: the largest ones of every row, or whole rows where somebody needs them.
import type { TopLogits } from '../../generate/language-model.ts';
import type { ReadPassRequest } from '../step-executor.ts';
import type { Staging } from './staging.ts';
import { mostTop, type TopFinder, topClass } from './top-logits.ts';

type Read = ReadPassRequest['read'];

/** Rows with logits, how many of the largest are found of each (0: none), and the rows that are copied whole. */
export interface PassOutput {
  readonly rows: number;
  readonly count: number;
  readonly whole: readonly number[];
}

/** Passes of one output are recorded alike. */
export const outputKey = ({ rows, count, whole }: PassOutput): string =>
  `${rows} ${count} ${whole.length === rows ? 'all' : whole}`;

/** Copies outputs and says what they are; logits are [rows, size] in the buffer that `logits` answers. */
export function createOutputReader(
  device: GPUDevice,
  staging: Staging,
  top: TopFinder,
  size: number,
  logits: () => GPUBuffer,
) {
  const fewOf = (read: Read): number =>
    typeof read === 'object' && read.count <= mostTop && top.bytes(1, topClass(read.count)) < size * 4
      ? topClass(read.count)
      : 0;
  const topBytes = ({ rows, count }: PassOutput) => (count === 0 ? 0 : top.bytes(rows, count));
  const copyRows = (encoder: GPUCommandEncoder, rows: readonly number[], to: GPUBuffer, at: number) => {
    for (const [i, row] of rows.entries())
      encoder.copyBufferToBuffer(logits(), row * size * 4, to, at + i * size * 4, size * 4);
  };
  const mapped = async <T>(back: GPUBuffer, bytes: number, read: (range: ArrayBuffer) => T): Promise<T> => {
    await back.mapAsync(GPUMapMode.READ, 0, bytes);
    const values = read(back.getMappedRange(0, bytes));
    back.unmap();
    staging.give(back);
    return values;
  };
  const rowsOf = (range: ArrayBuffer, at: number, count: number): Float32Array[] =>
    Array.from({ length: count }, (_, i) => new Float32Array(range, at + i * size * 4, size).slice());

  return {
    /** The output that `reads`, one of each row, ask for. */
    outputOf(reads: readonly Read[]): PassOutput {
      const counts = reads.map(fewOf);
      return {
        rows: reads.length,
        count: Math.max(0, ...counts),
        whole: counts.flatMap((count, row) => (count === 0 ? [row] : [])),
      };
    },
    /** A staging buffer, and the copies into it at the end of a pass. */
    copy(encoder: GPUCommandEncoder, output: PassOutput): GPUBuffer {
      const at = topBytes(output);
      const back = staging.take(at + output.whole.length * size * 4);
      if (output.count > 0) top.copy(encoder, output.rows, output.count, back);
      copyRows(encoder, output.whole, back, at);
      return back;
    },
    /** Waits for the pass; what was not enough is read as a whole row, so no other pass may have been submitted since. */
    async read(
      back: GPUBuffer,
      output: PassOutput,
      reads: readonly Read[],
    ): Promise<(Float32Array | TopLogits)[]> {
      const { rows, count, whole } = output;
      const at = topBytes(output);
      const answers: (Float32Array | TopLogits | undefined)[] = new Array(rows);
      await mapped(back, at + whole.length * size * 4, (range) => {
        const words = new Uint32Array(range, 0, at / 4);
        for (const [row, read] of reads.entries())
          if (typeof read === 'object' && !whole.includes(row))
            answers[row] = top.read(words, row, rows, count, read.count);
        for (const [i, row] of rowsOf(range, at, whole.length).entries()) answers[whole[i]] = row;
      });
      const missing: number[] = [];
      for (const [row, read] of reads.entries()) {
        const own = answers[row];
        if (own instanceof Float32Array) continue;
        if (own === undefined || !(await (read as Exclude<Read, string>).enough(own))) missing.push(row);
      }
      if (missing.length > 0) {
        const again = staging.take(missing.length * size * 4);
        const encoder = device.createCommandEncoder();
        copyRows(encoder, missing, again, 0);
        device.queue.submit([encoder.finish()]);
        const found = await mapped(again, missing.length * size * 4, (range) =>
          rowsOf(range, 0, missing.length),
        );
        for (const [i, row] of missing.entries()) answers[row] = found[i];
      }
      return answers as (Float32Array | TopLogits)[];
    },
  };
}
