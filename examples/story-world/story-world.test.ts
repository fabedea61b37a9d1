// The laws of the grammar, over every plot and any stream of chance. Deeper checks of a text read it as a reader would:
// by its words, not by the tables it was made from.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Character } from './character.ts';
import { countDistinct } from './count-distinct.ts';
import { inWords, pronounsOf, withArticle } from './realize.ts';
import type { Story } from './story.ts';
import { plots, tellStory } from './tell-story.ts';
import { kinds } from './world.ts';

/** A source of chance given by fast-check's numbers, repeated: shrinks to the first choices. */
const anyUniform = fc
  .array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 60, maxLength: 120 })
  .map((numbers) => () => {
    let next = 0;
    return () => numbers[next++ % numbers.length] as number;
  });

const anyPlot = fc.constantFrom(...plots);
const law = (check: (story: Story) => void, numRuns = 1500): void =>
  fc.assert(
    fc.property(anyUniform, anyPlot, (uniform, plot) => check(tellStory(uniform(), plot))),
    { numRuns },
  );

const words = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];
const genderWords: Record<string, readonly string[]> = {
  she: ['she', 'her', 'herself'],
  he: ['he', 'him', 'his', 'himself'],
};
const namedIn = (sentence: string, cast: readonly Character[]): Character[] =>
  cast.filter((one) => new RegExp(`\\b${one.name ?? one.kind}\\b`).test(sentence));

describe('story world', () => {
  it('the same chances tell the same story', () => {
    fc.assert(
      fc.property(anyUniform, anyPlot, (uniform, plot) => {
        expect(tellStory(uniform(), plot)).toEqual(tellStory(uniform(), plot));
      }),
      { numRuns: 200 },
    );
  });

  it('a story has 80 to 210 words', () => {
    law((story) => {
      const count = story.text.split(/\s+/).length;
      expect(count).toBeGreaterThanOrEqual(80);
      expect(count).toBeLessThanOrEqual(210);
    });
  });

  it('no slot is left open and the punctuation closes', () => {
    law(({ text }) => {
      expect(text).not.toMatch(/undefined|null|NaN|object|[${}<>|`_]| {2}|\.\.|,,| [.,!?]/);
      expect((text.match(/"/g) ?? []).length % 2).toBe(0);
      for (const paragraph of text.split('\n\n')) expect(paragraph).toMatch(/^["A-Z].*[.!?]"?$/);
    });
  });

  it('every sentence begins with a capital', () => {
    law(({ text }) => {
      expect(text).not.toMatch(/\. "?[a-z]/);
    });
  });

  it('a stands before consonants and an before vowels', () => {
    law(({ text }) => {
      for (const [phrase, article, letter] of text.matchAll(/\b(an?) ([a-z])/gi))
        expect(`${article} ${letter}`.toLowerCase(), phrase).toBe(
          withArticle(letter as string).toLowerCase(),
        );
    });
  });

  it('only genders of the cast have pronouns', () => {
    law(({ text, facts }) => {
      const used = words(text);
      for (const [gender, forms] of Object.entries(genderWords))
        if (!facts.cast.some((one) => one.gender === gender))
          for (const form of forms) expect(used, form).not.toContain(form);
    });
  });

  it("the hero's pronouns agree with the hero's gender in sentences that name the hero alone", () => {
    law(({ text, facts }) => {
      const opening = text.split(/(?<=[.!?]"?) /)[0] as string;
      expect(opening).toContain(facts.hero.name);
      for (const sentence of text.split(/(?<=[.!?]"?)\s/)) {
        const named = namedIn(sentence, facts.cast);
        if (named.length !== 1 || named[0] !== facts.hero) continue;
        const subject = new RegExp(
          `\\b${facts.hero.name}\\b[^.!?"]*? (?:until|because|so|and|that) (she|he)\\b`,
        ).exec(sentence);
        if (subject) expect(subject[1], sentence).toBe(pronounsOf[facts.hero.gender].subject);
      }
    });
  });

  it('the second beat speaks of the hero with the right pronoun', () => {
    law(({ beats, facts }) => {
      const spoken = words(`${beats[0]?.text} ${beats[1]?.text}`);
      const cast = namedIn(`${beats[0]?.text} ${beats[1]?.text}`, facts.cast);
      if (cast.length > 1) return;
      for (const [gender, forms] of Object.entries(genderWords))
        if (gender !== facts.hero.gender) for (const form of forms) expect(spoken).not.toContain(form);
    });
  });

  it('everything the facts state stands in the text', () => {
    law(({ text, facts }) => {
      const lower = text.toLowerCase();
      const stated = [facts.hero.name, facts.hero.kind, facts.want, facts.place, facts.feeling, facts.moral];
      stated.push(facts.other.name ?? facts.other.kind, facts.other.kind);
      if (facts.obstacle !== null) stated.push(facts.obstacle);
      for (const one of facts.cast) stated.push(one.name ?? one.kind, one.kind);
      for (const entity of stated) expect(lower).toContain(String(entity).toLowerCase());
    });
  });

  it('everyone in a story has another name', () => {
    law(({ facts }) => {
      const names = facts.cast.map((one) => one.name).filter((name) => name !== null);
      expect(new Set(names).size).toBe(names.length);
    });
  });

  it('sums are right and their terms are told', () => {
    law(({ text, facts }) => {
      if (facts.count === null) return;
      const { before, change, after, thing } = facts.count;
      expect(before + change).toBe(after);
      expect(text).toContain(thing);
      for (const value of [before, Math.abs(change), after])
        expect(words(text), String(value)).toContain(inWords(value));
    });
  });

  it('the beats are the text, in order', () => {
    law(({ text, beats }) => {
      expect(beats.map((beat) => beat.text).join(' ')).toBe(text.replaceAll('\n\n', ' '));
      expect(beats[0]?.kind).toBe('opening');
      expect(beats.at(-1)?.kind).toBe('moral');
    });
  });

  it('each kind of hero can be the hero of each plot', () => {
    for (const plot of plots)
      for (let kind = 0; kind < kinds.length; kind++) {
        let first = true;
        const uniform = () => {
          const value = first ? (kind + 0.5) / kinds.length : 0.5;
          first = false;
          return value;
        };
        expect(tellStory(uniform, plot).facts.hero.kind).toBe(kinds[kind]?.noun);
      }
  });

  it('the text tells which entities were chosen: at least a million distinct stories', () => {
    expect(countDistinct()).toBeGreaterThan(1e6);
    const seen = new Map<string, string>();
    law((story) => {
      const key = JSON.stringify(story.facts);
      const before = seen.get(story.text);
      if (before !== undefined) expect(key).toBe(before);
      seen.set(story.text, key);
    }, 3000);
  });
});
