/** The hero looks for a lost thing in two wrong places; someone has found it and gives it back. */
import { address, castHelper, castHero, close, introduce, open, pickThing, someDay } from '../cast.ts';
import { withArticle } from '../realize.ts';
import { neighbours, places } from '../world.ts';
import type { Plot } from './plot.ts';

export const lostAndFound: Plot = {
  name: 'lost-and-found',
  tell(narrator) {
    const hero = castHero(narrator);
    const want = pickThing(narrator);
    const first = narrator.pick(places);
    const second = narrator.pickOther(places, [first]);
    const place = narrator.pickOther(places, [first, second]);
    const { who: helper, voice: finder } = castHelper(narrator, narrator.pick(neighbours), [hero.who]);
    const feeling = narrator.pick(['happy', 'thankful', 'glad']);
    const moral = narrator.pick([
      'honest friends are worth more than gold',
      'it is good to look after your things',
    ]);

    open(narrator, hero);
    narrator.tell(
      'want',
      `For ${hero.their} birthday ${hero.they} got ${withArticle(want)}.`,
      `${hero.Id} had ${withArticle(want)}, and ${hero.they} loved it very much.`,
      `${hero.Their} grandmother gave ${hero.them} ${withArticle(want)}.`,
    );
    narrator.tell(
      'problem',
      `But ${someDay(narrator)}, the ${want} was gone.`,
      `${someDay(narrator)}, ${hero.id} could not find the ${want}.`,
      `Then, ${someDay(narrator)}, ${hero.they} lost it.`,
    );
    narrator.tell(
      'feeling',
      `"Where is my ${want}?" asked ${hero.id}.`,
      `"I must find my ${want}," said ${hero.id}.`,
      `${hero.Id} was worried and went to look for it.`,
    );
    narrator.paragraph();
    narrator.tell(
      'attempt',
      `First ${hero.they} looked ${first.at}. There were only ${first.sight}.`,
      `${hero.They} went ${first.to} and looked everywhere, but saw only ${first.sight}.`,
      `${hero.Id} ran ${first.to}. The ${want} was not there.`,
    );
    narrator.tell(
      'attempt',
      `Then ${hero.they} looked ${second.at}, but found only ${second.sight}.`,
      `Next ${hero.they} went ${second.to}. The ${want} was not there.`,
      `After that, ${hero.id} looked ${second.at}, between the ${second.sight}, but it was not there either.`,
    );
    narrator.tell(
      'journey',
      `At last ${hero.they} came ${place.to}.`,
      `In the end ${hero.id} went ${place.to}.`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      `There ${hero.they} met ${introduce(helper)}.`,
      `${introduce(helper)} was sitting there in the sun.`,
    );
    narrator.tell(
      'meeting',
      `"Have you seen my ${want}?" asked ${hero.id}.`,
      `"Please, have you seen ${withArticle(want)}?" asked ${hero.id}.`,
    );
    narrator.tell(
      'help',
      `"Yes," said ${finder.id}. "I found it ${place.at} and kept it safe for you."`,
      `"Is it this one?" asked ${finder.id}. "I found it here ${place.at}."`,
      `${finder.Id} smiled. "I found it and waited for someone to come," ${finder.they} said.`,
    );
    narrator.tell(
      'outcome',
      `And ${finder.they} gave the ${want} back to ${hero.id}.`,
      `Then ${finder.id} gave ${hero.id} the ${want}.`,
    );
    narrator.paragraph();
    narrator.tell(
      'feeling',
      `${hero.Id} was very ${feeling}. "Thank you, ${address(helper)}!" ${hero.they} said.`,
      `"Oh, thank you!" cried ${hero.id}. ${hero.They} ${hero.were} so ${feeling} that ${hero.they} danced all the way home.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, helper],
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
