/** The hero breaks a friend's thing, thinks of hiding it, tells the truth, and mends it. */
import { castHero, close, goTo, open, pickThing } from '../cast.ts';
import { withArticle } from '../realize.ts';
import { places } from '../world.ts';
import type { Plot } from './plot.ts';

const repairs = [
  { tool: 'glue', deed: 'put the pieces together with glue' },
  { tool: 'string', deed: 'tied the pieces together with string' },
  { tool: 'needle', deed: 'mended it with a needle' },
  { tool: 'hammer', deed: 'made it straight with a hammer' },
  { tool: 'paint', deed: 'covered the crack with paint' },
];

export const brokenThing: Plot = {
  name: 'broken-thing',
  tell(narrator) {
    const hero = castHero(narrator);
    const friend = castHero(narrator, [hero.who]);
    const want = pickThing(narrator);
    const place = narrator.pick(places);
    const repair = narrator.pick(repairs);
    const hiding = narrator.pick(['under a bush', 'behind a tree', 'in a hole', 'under some leaves']);
    const feeling = narrator.pick(['light', 'glad', 'happy']);
    const moral = narrator.pick(['the truth is better than a secret', 'saying sorry is the first step']);

    open(narrator, hero);
    narrator.tell(
      'opening',
      `${hero.Their} best friend was a ${friend.kind.noun} named ${friend.id}.`,
      `${hero.Id} had a friend named ${friend.id}, ${withArticle(`${friend.trait} ${friend.kind.noun}`)}.`,
    );
    narrator.tell(
      'want',
      `${friend.Id} had ${withArticle(want)} and let ${hero.id} play with it.`,
      `${friend.Id} loved ${friend.their} ${want}. "Be careful with it," ${friend.they} said to ${hero.id}.`,
    );
    goTo(narrator, hero, place);
    narrator.tell(
      'problem',
      `${hero.They} took the ${want} along, but ${hero.they} fell, and it broke.`,
      `There ${hero.they} dropped the ${want}. Crack! It was broken.`,
      `${hero.They} played with the ${want} for a long time. Then it hit a stone and broke.`,
    );
    narrator.paragraph();
    narrator.tell(
      'attempt',
      `"Oh dear! What will ${friend.id} say?" thought ${hero.id}. ${hero.They} hid the ${want} ${hiding}.`,
      `${hero.Id} was afraid that ${friend.id} would be angry, so ${hero.they} hid the ${want} ${hiding}.`,
    );
    narrator.tell(
      'meeting',
      `Soon ${friend.id} came. "Where is my ${want}?" ${friend.they} asked.`,
      `In the evening ${friend.id} asked, "Do you still have my ${want}?"`,
    );
    narrator.tell(
      'feeling',
      `${hero.Id} wanted to say, "I do not know." But ${hero.their} heart was heavy.`,
      `${hero.Id} looked at the ground. It is hard to tell a lie to a friend.`,
    );
    narrator.tell(
      'help',
      `"I broke it," said ${hero.id}. "It is ${hiding}. I am so sorry."`,
      `So ${hero.they} told the truth. "I broke it and hid it ${hiding}. I am sorry," ${hero.they} said.`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      `${friend.Id} was quiet for a moment. "Thank you for telling me," ${friend.they} said.`,
      `${friend.Id} was sad, but ${friend.they} ${friend.were} not angry. "We can fix it," ${friend.they} said.`,
    );
    narrator.tell(
      'outcome',
      `Together they fetched the ${want}, and ${hero.id} ${repair.deed}.`,
      `${hero.Id} worked all evening and ${repair.deed}. The ${want} was as good as new.`,
    );
    narrator.tell(
      'feeling',
      `Then ${hero.id} and ${friend.id} played again, and ${hero.id} felt ${feeling}.`,
      `"Now I like it even more," said ${friend.id}, and ${hero.id} felt ${feeling}.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, friend.who],
      want,
      place: place.name,
      obstacle: repair.tool,
      other: { ...friend.who, role: 'friend' },
      outcome: 'success',
      feeling,
      moral,
      count: null,
    };
  },
};
