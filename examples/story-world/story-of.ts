/** The story with a number: story `index` of a random source, always the same one. */
import type { Story } from './story.ts';
import { tellStory } from './tell-story.ts';

/** The part of `Random` of @ashlar/sampling that is needed: a number keyed by stream, position, lane and index. */
export interface KeyedUniform {
  uniform(stream: string, position: number, lane: number, index?: number): number;
}

export function storyOf(random: KeyedUniform, index: number): Story {
  let used = 0;
  return tellStory(() => random.uniform('story', index, 0, used++));
}
