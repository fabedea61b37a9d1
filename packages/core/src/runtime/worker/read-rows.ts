// What is read of a step's logits in the worker: by the model where it can read less than rows, else by looking through the rows here, so that they need not be sent.
import type { TopLogits } from '../../generate/language-model.ts';
import { logSumExp, topLogprobs } from '../../generate/logprobs.ts';
import type { KvSequence } from '../../kv-cache/kv-cache.ts';
import type { Model } from '../../models/model.ts';

/** Ids to append, and what is to be read; `enough` takes its time. */
export interface AwaitedRead {
  readonly sequence: KvSequence;
  readonly ids: ArrayLike<number>;
  readonly read: 'row' | 'nothing' | { readonly count: number; enough(top: TopLogits): Promise<boolean> };
}

/** As `LanguageModel.readStep`, whatever the model. */
export async function readRows(
  model: Model,
  requests: readonly AwaitedRead[],
): Promise<(Float32Array | TopLogits | undefined)[]> {
  if (model.readStep !== undefined) return model.readStep(requests);
  const before = requests.map(({ sequence }) => sequence.length);
  const rows = await model.step(requests);
  const answers: (Float32Array | TopLogits | undefined)[] = [];
  try {
    for (const [i, { read }] of requests.entries()) {
      if (read === 'nothing') answers.push(undefined);
      else if (read === 'row') answers.push(rows[i]);
      else {
        const top = topOf(rows[i], read.count);
        answers.push(top !== undefined && (await read.enough(top)) ? top : rows[i]);
      }
    }
  } catch (error) {
    // As where a pass fails: no sequence is changed.
    requests.forEach(({ sequence }, i) => {
      sequence.truncate(before[i]);
    });
    throw error;
  }
  return answers;
}

/** The `count` largest logits of a row; undefined where there is a NaN. */
export function topOf(row: Float32Array, count: number): TopLogits | undefined {
  for (const value of row) if (Number.isNaN(value)) return undefined;
  const ids = Int32Array.from(topLogprobs(row, count), ({ id }) => id);
  return { ids, logits: Float32Array.from(ids, (id) => row[id]), logSumExp: logSumExp(row) };
}
