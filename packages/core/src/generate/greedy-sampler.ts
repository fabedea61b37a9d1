import type { TokenSampler } from './token-seams.ts';

/** arg max over the logits; of equal ones the first. */
export const greedySampler: TokenSampler = {
  sample(logits) {
    let id = 0;
    for (let i = 1; i < logits.length; i++) if (logits[i] > logits[id]) id = i;
    return { id };
  },
  topNeeded: () => 1,
  sampleTop: ({ ids }) => ({ id: ids[0] }),
  fork: () => greedySampler,
};
