// The reader must pass every story of the grammar and must see each kind of slip; otherwise its figures mean nothing.

import { createRandom } from '@ashlar/sampling';
import { describe, expect, it } from 'vitest';
import { checkStory, isCoherent, type StoryCheck } from './check-story.ts';
import type { Story } from './story.ts';
import { storyOf } from './story-of.ts';
import { colours, names, things } from './world.ts';

const random = createRandom(11);
const stories = Array.from({ length: 3000 }, (_, index) => storyOf(random, index));
const heroOf = (story: Story): string => story.facts.hero.name as string;
const otherName = (story: Story): string => names.she.find((name) => !story.text.includes(name)) as string;

/** Replaces the occurrence `which` (-1: the last) of a text, or gives null where there is none. */
function replaceOne(text: string, from: string | RegExp, to: string, which: number): string | null {
  const found = [...text.matchAll(from instanceof RegExp ? from : new RegExp(`\\b${from}\\b`, 'g'))];
  const match = found.at(which);
  return match === undefined
    ? null
    : text.slice(0, match.index) + to + text.slice(match.index + match[0].length);
}

/** Share of the spoiled stories in which the reader finds something wrong. */
function seen(field: keyof StoryCheck, spoil: (story: Story) => string | null): number {
  const spoiled = stories.map(spoil).filter((text) => text !== null);
  expect(spoiled.length).toBeGreaterThan(100);
  return spoiled.filter((text) => !checkStory(text)[field]).length / spoiled.length;
}

describe('check story', () => {
  it('finds nothing wrong in any story of the grammar', () => {
    for (const { text } of stories) {
      const check = checkStory(text);
      expect(isCoherent(check), `${JSON.stringify(check)}\n${text}`).toBe(true);
    }
  });

  it('sees a hero who ends under another name', () => {
    expect(seen('hero', (story) => replaceOne(story.text, heroOf(story), otherName(story), -1))).toBe(1);
  });

  it('sees a stranger who was never introduced', () => {
    expect(seen('names', (story) => replaceOne(story.text, heroOf(story), otherName(story), 3))).toBe(1);
  });

  it('sees a helper whose kind changes', () => {
    expect(
      seen('kinds', ({ text, facts }) =>
        facts.other.name === null && facts.other.role === 'helper'
          ? replaceOne(text, `the ${facts.other.kind}`, 'the elephant', -1)
          : null,
      ),
    ).toBeGreaterThan(0.99);
  });

  it('sees the wrong pronoun', () => {
    expect(
      seen('pronouns', ({ text, facts }) => {
        const genders = new Set(facts.cast.map((one) => one.gender));
        if (facts.hero.gender !== 'she' || genders.has('he') || text.includes('a farmer')) return null;
        return replaceOne(text, /\bshe\b/g, 'he', -1);
      }),
    ).toBeGreaterThan(0.95);
  });

  it('sees a thing whose colour changes', () => {
    const thing = new RegExp(`\\b(?:${colours.join('|')}) (?:${things.join('|')})\\b`, 'g');
    expect(
      seen('thing', ({ text }) => {
        const first = text.match(thing);
        if (first === null || first.length < 2) return null;
        const [colour, noun] = (first[0] as string).split(' ');
        return replaceOne(text, thing, `${colours.find((other) => other !== colour)} ${noun}`, -1);
      }),
    ).toBe(1);
  });

  it('sees a place that changes', () => {
    const place =
      /\b(?:in|at|on|by|to|into|up|down to) the (?:forest|meadow|beach|garden|hill|lake|farm|park|market)\b/g;
    expect(
      seen('place', ({ text, facts }) =>
        facts.plot === 'learning' && (text.match(place)?.length ?? 0) > 1
          ? replaceOne(text, place, facts.place === 'lake' ? 'to the market' : 'to the lake', -1)
          : null,
      ),
    ).toBe(1);
  });

  it('sees a sum that is wrong', () => {
    expect(
      seen('sum', ({ text, facts }) =>
        facts.count === null || facts.count.after > 9 || facts.plot !== 'sharing'
          ? null
          : replaceOne(
              text,
              /\b(?:two|three|four|five|six|seven|eight)(?= (?:\w+ left|\w+\. "You|\w+\.))/g,
              'twelve',
              -1,
            ),
      ),
    ).toBeGreaterThan(0.9);
  });

  it('sees a story that stops early', () => {
    expect(
      seen('ending', ({ text, beats }) => text.slice(0, text.length - (beats.at(-1)?.text.length ?? 0) - 1)),
    ).toBe(1);
  });
});
