/**
 * The bits of chance in a story: -log2 of the probability of all choices made. Some choices leave no word in the text
 * (the trait of a friend whose wording does not tell it), so the mean over stories is an upper bound of the entropy of
 * the texts: a good model of the stories needs fewer bits than this.
 */
import { createNarrator, type Narrator } from './narrator.ts';
import { plots } from './tell-story.ts';

export function storyBits(uniform: () => number): { text: string; bits: number } {
  const inner = createNarrator(uniform);
  let bits = 0;
  const among = <T>(list: readonly T[]): readonly T[] => {
    bits += Math.log2(list.length);
    return list;
  };
  const narrator: Narrator = {
    ...inner,
    pick: (list) => inner.pick(among(list)),
    pickOther: (list, taken) => inner.pick(among(list.filter((item) => !taken.includes(item)))),
    chance(probability) {
      const yes = inner.chance(probability);
      bits -= Math.log2(yes ? probability : 1 - probability);
      return yes;
    },
    integer(low, high) {
      bits += Math.log2(high - low + 1);
      return inner.integer(low, high);
    },
    tell(kind, ...wordings) {
      inner.tell(kind, ...among(wordings));
    },
  };
  narrator.pick(plots).tell(narrator);
  return { text: inner.text(), bits };
}
