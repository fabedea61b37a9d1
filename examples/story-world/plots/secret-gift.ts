/** Two friends each give up or make something for the other; the hero earns a thing by work and gives it away. */
import { castHelper, castHero, close, introduce, open, pickThing } from '../cast.ts';
import { inWords, withArticle } from '../realize.ts';
import { neighbours, places } from '../world.ts';
import type { Plot } from './plot.ts';

const jobs = [
  { ask: 'paint my fence', done: 'painted the fence' },
  { ask: 'pick my apples', done: 'picked the apples' },
  { ask: 'watch my sheep', done: 'watched the sheep' },
  { ask: 'wash my cart', done: 'washed the cart' },
  { ask: 'dig my garden', done: 'dug the garden' },
];

export const secretGift: Plot = {
  name: 'secret-gift',
  tell(narrator) {
    const hero = castHero(narrator);
    const friend = castHero(narrator, [hero.who]);
    const want = pickThing(narrator);
    const place = narrator.pick(places);
    const job = narrator.pick(jobs);
    const { who: helper, voice: owner } = castHelper(narrator, narrator.pick(neighbours), [
      hero.who,
      friend.who,
    ]);
    const coins = narrator.integer(2, 10);
    const feeling = narrator.pick(['happy', 'glad', 'joyful']);
    const moral = narrator.pick(['giving is as good as getting', 'a gift made with love is the best gift']);

    open(narrator, hero);
    narrator.tell(
      'opening',
      `${hero.They} had a friend, a ${friend.kind.noun} named ${friend.id}.`,
      `Next door lived ${friend.id}, a ${friend.kind.noun}, who was ${hero.their} best friend.`,
    );
    narrator.tell(
      'want',
      `${friend.Id} dreamed of having ${withArticle(want)}.`,
      `"I wish I had ${withArticle(want)}," ${friend.id} often said.`,
      `Every day ${friend.id} talked about ${withArticle(want)}.`,
    );
    narrator.tell(
      'problem',
      `${hero.Id} wanted to buy it for ${friend.them}, but it cost ${inWords(coins)} coins, and ${hero.id} had none.`,
      `In the shop there was ${withArticle(want)} for ${inWords(coins)} coins. But ${hero.id} had no coins.`,
    );
    narrator.paragraph();
    narrator.tell(
      'journey',
      `So ${hero.they} went ${place.to} to look for work.`,
      `"I will earn it," said ${hero.id}, and went ${place.to}.`,
    );
    narrator.tell(
      'meeting',
      `There ${hero.they} met ${introduce(helper)}.`,
      `${introduce(helper)} was there.`,
    );
    narrator.tell(
      'help',
      `"If you ${job.ask}, I will give you ${inWords(coins)} coins," said ${owner.id}.`,
      `"Can you ${job.ask}?" asked ${owner.id}. "I pay ${inWords(coins)} coins."`,
    );
    narrator.tell(
      'attempt',
      `${hero.Id} ${job.done} from morning to evening. ${hero.Their} back hurt, but ${hero.they} did not stop.`,
      `It was hard work, but ${hero.id} ${job.done} and did not give up.`,
    );
    narrator.tell(
      'outcome',
      `Then ${hero.they} got ${inWords(coins)} coins and bought the ${want}.`,
      `${owner.Id} paid ${hero.them}, and ${hero.id} ran to the shop and bought the ${want}.`,
    );
    narrator.paragraph();
    narrator.tell(
      'outcome',
      `"This is for you," said ${hero.id}, and gave the ${want} to ${friend.id}.`,
      `In the night, ${hero.id} put the ${want} in front of ${friend.id}'s door.`,
    );
    narrator.tell(
      'feeling',
      `${friend.Id} could not believe ${friend.their} eyes. "${capitalThing(want)}!" ${friend.they} cried.`,
      `When ${friend.id} saw it, ${friend.they} jumped for joy.`,
    );
    narrator.tell(
      'feeling',
      `${hero.Id} was just as ${feeling} as ${friend.id}.`,
      `And ${hero.id} was very ${feeling} too.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, friend.who, helper],
      want,
      place: place.name,
      obstacle: 'coins',
      other: { ...helper, role: 'helper' },
      outcome: 'success',
      feeling,
      moral,
      count: null,
    };
  },
};

const capitalThing = (thing: string): string => withArticle(thing).replace(/^a/, 'A');
