// quantization/<type>.safetensors: `blocks` u8 [rows, bytes], `values` f32 [rows, values]. Dequantised values must equal bit for bit.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { dequantize, memorySource, readSafetensors, type StoredDtype } from '@ashlar/core';
import type { CaseGroup, GroupResult, Kind } from '../case.ts';

export const kind: Kind = {
  async run(group: CaseGroup): Promise<GroupResult> {
    const file = await readSafetensors(memorySource(await readFile(group.path), basename(group.path)));
    const dtype = basename(group.path, '.safetensors').toUpperCase() as StoredDtype;
    const [blocks, values] = [await file.read('blocks'), await file.read('values')];
    const expected = dequantize(values);
    const got = dequantize({ dtype, shape: values.shape, bytes: blocks.bytes });
    const [width, rows] = [values.shape.at(-1) ?? 1, expected.length / (values.shape.at(-1) ?? 1)];
    const failures: string[] = [];
    for (let row = 0; row < rows; row++) {
      const differs = firstDifference(got, expected, row * width, width);
      if (differs !== undefined)
        failures.push(
          `row ${row}, value ${differs - row * width}: expected ${expected[differs]}, got ${got[differs]}`,
        );
    }
    return { passed: rows - failures.length, failures, note: `${dtype}, bit-exact` };
  },
};

/** The first index whose bits differ; any NaN equals any NaN. */
function firstDifference(
  a: Float32Array,
  b: Float32Array,
  start: number,
  length: number,
): number | undefined {
  for (let i = start; i < start + length; i++) if (!Object.is(a[i], b[i])) return i;
  return undefined;
}
