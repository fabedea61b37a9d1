import { createRandom } from '@ashlar/sampling';
import { expect, it } from 'vitest';
import { storyBits } from './story-bits.ts';
import { tellStory } from './tell-story.ts';

it('counting the bits does not change the story, and every story has some', () => {
  const random = createRandom(3);
  for (let index = 0; index < 300; index++) {
    const stream = () => {
      let used = 0;
      return () => random.uniform('story', index, 0, used++);
    };
    const { text, bits } = storyBits(stream());
    expect(text).toBe(tellStory(stream()).text);
    expect(bits).toBeGreaterThan(40);
  }
});
