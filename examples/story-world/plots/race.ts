/** The boastful hero runs a race against someone slow, rests too early, and loses: the story that ends in failure. */
import { castHelper, castHero, close, open, someDay } from '../cast.ts';
import { withArticle } from '../realize.ts';
import { places } from '../world.ts';
import type { Plot } from './plot.ts';

const pauses = [
  { deed: 'lay down under a tree and fell asleep', verb: 'sleep' },
  { deed: 'stopped to eat some cherries', verb: 'eat' },
  { deed: 'stopped to look at the clouds', verb: 'look at the clouds' },
  { deed: 'stopped to play with a butterfly', verb: 'play' },
];

export const race: Plot = {
  name: 'race',
  tell(narrator) {
    const hero = castHero(narrator);
    const start = narrator.pick(places);
    const place = narrator.pickOther(places, [start]);
    const pause = narrator.pick(pauses);
    const kind = narrator.pick(['snail', 'turtle', 'hedgehog', 'beetle', 'caterpillar']);
    const { who: helper, voice: slow } = castHelper(narrator, kind, [hero.who]);
    const feeling = narrator.pick(['sorry', 'ashamed', 'quiet']);
    const moral = narrator.pick(['slow and steady wins the race', 'it is not good to boast']);
    const want = narrator.pick([
      'silver cup',
      'golden ring',
      'red ribbon',
      'big cake',
      'blue flag',
      'new drum',
    ]);

    open(narrator, hero);
    narrator.tell(
      'want',
      `${hero.Id} was very fast. "Nobody is as fast as I am," ${hero.they} said every day.`,
      `${hero.They} could run very fast, and ${hero.they} liked to boast about it.`,
    );
    narrator.tell(
      'journey',
      `${someDay(narrator)}, there was a race from the ${start.name} to the ${place.name}. The prize was ${withArticle(want)}.`,
      `Then ${someDay(narrator)}, the king gave ${withArticle(want)} as a prize for a race from the ${start.name} to the ${place.name}.`,
    );
    narrator.paragraph();
    const named = helper.name === null ? '' : ` named ${helper.name}`;
    narrator.tell(
      'meeting',
      `Only an old ${kind}${named} wanted to run against ${hero.them}.`,
      `"I will run too," said an old ${kind}${named}.`,
    );
    narrator.tell(
      'attempt',
      `"You?" laughed ${hero.id}. "You are much too slow!"`,
      `${hero.Id} laughed. "I will win with one leg," ${hero.they} said.`,
    );
    narrator.tell('meeting', `"We shall see," said ${slow.id}.`, `"Perhaps," said ${slow.id}, and smiled.`);
    narrator.tell(
      'attempt',
      `They started ${start.at}. Soon ${hero.id} was far ahead.`,
      `"One, two, three, go!" ${hero.Id} ran away like the wind.`,
    );
    narrator.tell(
      'problem',
      `"I have a lot of time," ${hero.they} thought, and ${pause.deed}.`,
      `Halfway there, ${hero.they} ${pause.deed}.`,
    );
    narrator.tell(
      'attempt',
      `But ${slow.id} walked on, step by step, and never stopped.`,
      `Step by step, ${slow.id} came closer and passed ${hero.them}.`,
    );
    narrator.paragraph();
    narrator.tell(
      'outcome',
      `When ${hero.id} came ${place.to}, ${slow.id} was already there with the ${want}.`,
      `${hero.Id} ran as fast as ${hero.they} could, but it was too late. ${slow.Id} had won the ${want}.`,
    );
    narrator.tell(
      'feeling',
      `${hero.Id} was ${feeling}. "You won," ${hero.they} said. "I will not laugh at you again."`,
      `"I should not ${pause.verb} in a race," said ${hero.id}. ${hero.They} ${hero.were} very ${feeling}.`,
    );
    narrator.tell(
      'feeling',
      `"Let us be friends," said ${slow.id}, and they shook hands.`,
      `${slow.Id} was not proud at all. "It was a good race," ${slow.they} said.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, helper],
      want,
      place: place.name,
      obstacle: null,
      other: { ...helper, role: 'rival' },
      outcome: 'failure',
      feeling,
      moral,
      count: null,
    };
  },
};
