/** Something is too heavy for one, for two, for three; the smallest makes the difference (the turnip's tale). */
import { castHelper, castHero, close, goTo, introduce, open } from '../cast.ts';
import { withArticle } from '../realize.ts';
import { neighbours, places } from '../world.ts';
import type { Plot } from './plot.ts';

const loads = [
  { name: 'turnip', stuck: 'stuck in the ground' },
  { name: 'wagon', stuck: 'stuck in the mud' },
  { name: 'log', stuck: 'lying across the path' },
  { name: 'pumpkin', stuck: 'too big to carry' },
  { name: 'boat', stuck: 'lying on the sand' },
  { name: 'snowball', stuck: 'frozen to the ground' },
];

export const together: Plot = {
  name: 'together',
  tell(narrator) {
    const hero = castHero(narrator);
    const friend = castHero(narrator, [hero.who]);
    const load = narrator.pick(loads);
    const place = narrator.pick(places);
    const { who: second, voice: third } = castHelper(narrator, narrator.pick(neighbours), [
      hero.who,
      friend.who,
    ]);
    const tiny = narrator.pick(['ant', 'bee', 'sparrow', 'ladybug', 'shrew']);
    const { who: helper, voice: smallest } = castHelper(narrator, tiny, [hero.who, friend.who, second]);
    const feeling = narrator.pick(['happy', 'amazed', 'thankful']);
    const moral = narrator.pick(['nobody is too small to help', 'together we can do great things']);
    const want = load.name;

    open(narrator, hero);
    goTo(narrator, hero, place);
    narrator.tell(
      'problem',
      `There ${hero.they} found a giant ${want}. It was ${load.stuck}.`,
      `In the middle of the way was a giant ${want}, ${load.stuck}.`,
    );
    narrator.tell(
      'want',
      `"I must bring this ${want} home," said ${hero.id}.`,
      `"I want to move this ${want}," ${hero.they} said.`,
    );
    narrator.tell(
      'attempt',
      `${hero.Id} pulled and pulled, but the ${want} did not move.`,
      `${hero.They} pulled until ${hero.their} face was red, but the ${want} stayed where it was.`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      `So ${hero.id} called ${hero.their} friend ${friend.id}, ${withArticle(`${friend.trait} ${friend.kind.noun}`)}.`,
      `Then a ${friend.kind.noun} named ${friend.id} came to help.`,
    );
    narrator.tell(
      'attempt',
      `${hero.Id} and ${friend.id} pulled together, but the ${want} did not move.`,
      `${friend.Id} pulled too, but it was not enough.`,
    );
    narrator.tell(
      'meeting',
      `${hero.They} called ${introduce(second)}. Three of them pulled, but still it did not move.`,
      `Next came ${introduce(second)}. They pulled and pulled, but it was no use.`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      `At last came ${introduce(helper)}. "May I help?" asked ${smallest.id}.`,
      `"Let me try too," said a tiny voice. It was ${introduce(helper)}.`,
    );
    narrator.tell(
      'feeling',
      `"You are so small," said ${friend.id}. "But please try," said ${hero.id}.`,
      `${friend.Id} laughed, but ${hero.id} said, "Yes, please help us."`,
    );
    narrator.tell(
      'help',
      `So ${hero.id}, ${friend.id}, ${third.id} and ${smallest.id} pulled all together.`,
      `Now all four of them pulled: ${hero.id}, ${friend.id}, ${third.id} and ${smallest.id}.`,
    );
    narrator.tell(
      'outcome',
      `And suddenly the ${want} began to move!`,
      `With a great plop the ${want} came loose!`,
    );
    narrator.tell(
      'feeling',
      `Everyone cheered for ${smallest.the}, and ${hero.id} was very ${feeling}.`,
      `${hero.Id} was ${feeling}. "We did it!" ${hero.they} shouted.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, friend.who, second, helper],
      want,
      place: place.name,
      obstacle: null,
      other: { ...helper, role: 'helper' },
      outcome: 'success',
      feeling,
      moral,
      count: null,
    };
  },
};
