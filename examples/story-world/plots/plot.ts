/** The contract of a plot: it tells one story through the narrator and returns the facts that the text states. */
import type { Narrator } from '../narrator.ts';
import type { StoryFacts } from '../story.ts';

export interface Plot {
  readonly name: string;
  readonly tell: (narrator: Narrator) => Omit<StoryFacts, 'plot'>;
}
