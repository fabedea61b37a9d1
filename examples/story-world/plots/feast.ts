/** Something is missing for a dish; the one who has it asks for a favour; then there is a feast. */
import { castHelper, castHero, close, introduce, open } from '../cast.ts';
import { withArticle } from '../realize.ts';
import { dishes, places } from '../world.ts';
import type { Plot } from './plot.ts';

const favours = [
  { ask: 'sweep my floor', done: 'swept the floor' },
  { ask: 'carry my wood', done: 'carried the wood' },
  { ask: 'sing me a song', done: 'sang a song' },
  { ask: 'tell me a story', done: 'told a story' },
  { ask: 'water my flowers', done: 'watered the flowers' },
  { ask: 'clean my windows', done: 'cleaned the windows' },
];

export const feast: Plot = {
  name: 'feast',
  tell(narrator) {
    const hero = castHero(narrator);
    const guest = castHero(narrator, [hero.who]);
    const dish = narrator.pick(dishes);
    const place = narrator.pick(places);
    const favour = narrator.pick(favours);
    const { who: helper, voice: owner } = castHelper(narrator, dish.source, [hero.who, guest.who]);
    const feeling = narrator.pick(['happy', 'cheerful', 'pleased']);
    const moral = narrator.pick(['good things taste better together', 'one good turn brings another']);

    open(narrator, hero);
    narrator.tell(
      'want',
      `It was the birthday of ${hero.their} friend ${guest.id}, a ${guest.kind.noun}, and ${hero.id} wanted to make ${withArticle(dish.name)}.`,
      `${hero.Id} wanted to make ${withArticle(dish.name)} for ${hero.their} friend ${guest.id}, a ${guest.kind.noun}.`,
      `"Today I will make ${withArticle(dish.name)} for ${guest.id}," said ${hero.id}. ${guest.Id} was a ${guest.kind.noun} who lived next door.`,
    );
    narrator.tell(
      'problem',
      `But there was no ${dish.missing} in the house.`,
      `${hero.They} looked into every pot, but the ${dish.missing} was all gone.`,
      `But without ${dish.missing} there can be no ${dish.name}, and ${hero.id} had none.`,
    );
    narrator.paragraph();
    narrator.tell(
      'journey',
      `So ${hero.id} went ${place.to} to find some ${dish.missing}.`,
      `${hero.They} took a bag and went ${place.to}.`,
    );
    narrator.tell(
      'meeting',
      `${place.at} lived ${introduce(helper)}.`,
      `There, between the ${place.sight}, ${hero.they} met ${introduce(helper)}.`,
    );
    narrator.tell(
      'meeting',
      `"Good day," said ${hero.id}. "May I have some ${dish.missing}?"`,
      `"Please, can you give me some ${dish.missing}?" asked ${hero.id}.`,
    );
    narrator.tell(
      'attempt',
      `"Yes, if you ${favour.ask}," said ${owner.id}. So ${hero.id} ${favour.done}.`,
      `"First you must ${favour.ask}," said ${owner.id}. ${hero.Id} ${favour.done} and did it well.`,
    );
    narrator.tell(
      'help',
      `${owner.Id} was pleased and gave ${hero.them} the ${dish.missing}.`,
      `Then ${owner.id} gave ${hero.them} a big bowl of ${dish.missing}.`,
    );
    narrator.paragraph();
    narrator.tell(
      'outcome',
      `${hero.Id} hurried home and made the ${dish.name}. It smelled wonderful.`,
      `Back home, ${hero.id} made the best ${dish.name} of all.`,
    );
    narrator.tell(
      'feeling',
      `${guest.Id} ate three pieces. "This is the best ${dish.name} in the world!" ${guest.they} said.`,
      `"What a fine ${dish.name}!" said ${guest.id}. ${guest.They} ate and ate.`,
      `${guest.Id} came in the evening, and ${guest.they} brought ${owner.the} too.`,
    );
    narrator.tell(
      'feeling',
      `${hero.Id} was very ${feeling}, and everyone sang until late at night.`,
      `They laughed and ate, and ${hero.id} was ${feeling}.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, guest.who, helper],
      want: dish.name,
      place: place.name,
      obstacle: dish.missing,
      other: { ...helper, role: 'helper' },
      outcome: 'success',
      feeling,
      moral,
      count: null,
    };
  },
};
