/** The hero has a few good things, meets a friend who has none, and gives some away: a small subtraction. */
import { castHero, close, goTo, open } from '../cast.ts';
import { counted, inWords } from '../realize.ts';
import { countables, places } from '../world.ts';
import type { Plot } from './plot.ts';

export const sharing: Plot = {
  name: 'sharing',
  tell(narrator) {
    const hero = castHero(narrator);
    const friend = castHero(narrator, [hero.who]);
    const place = narrator.pick(places);
    const item = narrator.pick(countables);
    const before = narrator.integer(3, 10);
    const change = narrator.integer(1, before - 2);
    const after = before - change;
    const feeling = narrator.pick(['warm', 'happy', 'rich']);
    const moral = narrator.pick(['sharing makes two hearts glad', 'a gift makes the giver happy too']);
    const want = item[1];

    open(narrator, hero);
    goTo(narrator, hero, place);
    narrator.tell(
      'want',
      `There ${hero.they} found ${counted(before, item)}.`,
      `${hero.They} carried a bag with ${counted(before, item)} in it.`,
      `In ${hero.their} basket ${hero.they} had ${counted(before, item)}.`,
    );
    narrator.tell(
      'feeling',
      `"All these ${want} are mine," thought ${hero.id}.`,
      `"How lucky I am!" said ${hero.id}.`,
      `${hero.Id} counted the ${want} again and again.`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      `On a bench sat a ${friend.kind.noun} named ${friend.id}. ${friend.They} looked sad.`,
      `Then ${hero.they} met a ${friend.kind.noun} named ${friend.id}, who looked sad.`,
      `A ${friend.kind.noun} called ${friend.id} was there too, and ${friend.they} ${friend.were} crying.`,
    );
    narrator.tell(
      'problem',
      `"What is the matter?" asked ${hero.id}. "I looked all day, but I have no ${want}," said ${friend.id}.`,
      `"I wanted to bring some ${want} home, but I found none," said ${friend.id}.`,
      `"My ${want} fell into the water, and now I have none," said ${friend.id}.`,
    );
    narrator.tell(
      'attempt',
      `At first ${hero.id} wanted to keep everything. But then ${hero.they} looked at ${friend.id} again.`,
      `${hero.Id} thought about it for a while.`,
      `${hero.Id} looked at the ${want} and then at ${friend.id}.`,
    );
    narrator.paragraph();
    narrator.tell(
      'help',
      `"You can have ${inWords(change)} of mine," said ${hero.id}, and gave ${friend.them} ${counted(change, item)}.`,
      `So ${hero.they} gave ${friend.id} ${counted(change, item)}.`,
      `"Here, take ${counted(change, item)}," said ${hero.id}.`,
    );
    narrator.tell(
      'outcome',
      `Now ${friend.id} had ${counted(change, item)}, and ${hero.id} still had ${counted(after, item)}.`,
      `${hero.Id} had ${counted(after, item)} left, and ${friend.id} had ${counted(change, item)}.`,
    );
    narrator.tell(
      'feeling',
      `${friend.Id} laughed. "You are a true friend," ${friend.they} said, and ${hero.id} felt ${feeling} inside.`,
      `"Thank you, ${hero.id}!" said ${friend.id}. ${hero.Id} felt ${feeling}.`,
    );
    narrator.tell(
      'feeling',
      `They sat together ${place.at} until the sun went down.`,
      `Then ${hero.id} and ${friend.id} played ${place.at} all day.`,
      `After that, ${hero.id} and ${friend.id} went home together.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, friend.who],
      want,
      place: place.name,
      obstacle: null,
      other: { ...friend.who, role: 'friend' },
      outcome: 'success',
      feeling,
      moral,
      count: { thing: want, before, change: -change, after },
    };
  },
};
