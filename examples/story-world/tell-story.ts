/** One call, one story: picks a plot and tells it. The same stream of numbers gives the same story. */
import { createNarrator } from './narrator.ts';
import { brokenThing } from './plots/broken-thing.ts';
import { feast } from './plots/feast.ts';
import { gathering } from './plots/gathering.ts';
import { learning } from './plots/learning.ts';
import { lostAndFound } from './plots/lost-and-found.ts';
import { lostYoungling } from './plots/lost-youngling.ts';
import { outOfReach } from './plots/out-of-reach.ts';
import type { Plot } from './plots/plot.ts';
import { race } from './plots/race.ts';
import { secretGift } from './plots/secret-gift.ts';
import { sharing } from './plots/sharing.ts';
import { storm } from './plots/storm.ts';
import { together } from './plots/together.ts';
import type { Story } from './story.ts';

export const plots: readonly Plot[] = [
  outOfReach,
  lostAndFound,
  sharing,
  gathering,
  learning,
  lostYoungling,
  brokenThing,
  feast,
  race,
  storm,
  secretGift,
  together,
];

/** Tells a story with the numbers of `uniform` (in [0, 1)); with `plot` the plot is given, else it is picked too. */
export function tellStory(uniform: () => number, plot?: Plot): Story {
  const narrator = createNarrator(uniform);
  const chosen = plot ?? narrator.pick(plots);
  const facts = chosen.tell(narrator);
  return { text: narrator.text(), beats: narrator.beats, facts: { plot: chosen.name, ...facts } };
}
