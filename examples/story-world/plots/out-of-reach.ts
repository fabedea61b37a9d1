/** A loved thing ends where the hero cannot get it; attempts fail; a helper who can, does. */
import { address, castHelper, castHero, close, goTo, introduce, open, pickThing } from '../cast.ts';
import { withArticle } from '../realize.ts';
import { obstacles, places } from '../world.ts';
import type { Plot } from './plot.ts';

export const outOfReach: Plot = {
  name: 'out-of-reach',
  tell(narrator) {
    const hero = castHero(narrator);
    const want = pickThing(narrator);
    const place = narrator.pick(places);
    const obstacle = narrator.pick(obstacles);
    const solution = narrator.pick(obstacle.solutions);
    const { who: helper, voice: friend } = castHelper(narrator, solution.helper, [hero.who]);
    const first = narrator.pick(obstacle.attempts);
    const second = narrator.pickOther(obstacle.attempts, [first]);
    const feeling = narrator.pick(['happy', 'proud', 'glad']);
    const moral = narrator.pick(['it is good to ask for help', 'nobody has to do everything alone']);

    open(narrator, hero);
    narrator.tell(
      'want',
      `${hero.Id} had ${withArticle(want)} and took it everywhere.`,
      `More than anything, ${hero.id} loved ${hero.their} ${want}.`,
      `${hero.Their} best toy was ${withArticle(want)}.`,
    );
    goTo(narrator, hero, place);
    narrator.tell(
      'problem',
      `Suddenly a strong wind blew the ${want} away. Now it was ${obstacle.where}.`,
      `A cheeky bird took the ${want} and dropped it. Now it was ${obstacle.where}.`,
      `There ${hero.they} lost the ${want}, and when ${hero.they} saw it again, it was ${obstacle.where}.`,
    );
    narrator.tell(
      'feeling',
      `"Oh no!" cried ${hero.id}. "How can I get my ${want} back?"`,
      `${hero.Id} was very sad. "I want my ${want} back," ${hero.they} said.`,
    );
    narrator.paragraph();
    narrator.tell(
      'attempt',
      `First, ${hero.id} ${first.deed}, but ${first.fail}.`,
      `${hero.Id} ${first.deed}, but ${first.fail}.`,
    );
    narrator.tell(
      'attempt',
      `Then ${hero.they} ${second.deed}, but ${second.fail}.`,
      `After that, ${hero.they} ${second.deed}. It was no use, because ${second.fail}.`,
    );
    narrator.tell(
      'feeling',
      `${hero.Id} sat down and began to cry.`,
      `"I cannot do it alone," said ${hero.id}.`,
      `${hero.They} did not know what to do.`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      `Just then ${introduce(helper)} came by.`,
      `Not far away, ${introduce(helper)} heard ${hero.them} and came closer.`,
    );
    narrator.tell(
      'meeting',
      `"Why are you so sad?" asked ${friend.id}. "My ${want} is ${obstacle.where}," said ${hero.id}.`,
      `"What is wrong?" asked ${friend.id}. "I cannot reach my ${want}," said ${hero.id}. "It is ${obstacle.where}."`,
    );
    narrator.tell(
      'help',
      `"${solution.offer}," said ${friend.id}. And ${friend.they} ${solution.deed}.`,
      `"Do not worry. ${solution.offer}," ${friend.they} said. Then ${friend.id} ${solution.deed}.`,
    );
    narrator.tell(
      'outcome',
      `Soon ${hero.id} held the ${want} again.`,
      `At last ${hero.id} had ${hero.their} ${want} back.`,
      `So ${hero.id} got ${hero.their} ${want} back.`,
    );
    narrator.paragraph();
    narrator.tell(
      'feeling',
      `"Thank you, ${address(helper)}!" said ${hero.id}. ${hero.They} ${hero.were} very ${feeling}.`,
      `${hero.Id} was so ${feeling} that ${hero.they} gave ${friend.the} a big hug.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, helper],
      want,
      place: place.name,
      obstacle: obstacle.name,
      other: { ...helper, role: 'helper' },
      outcome: 'success',
      feeling,
      moral,
      count: null,
    };
  },
};
