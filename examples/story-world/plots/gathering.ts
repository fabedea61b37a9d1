/** The hero gathers things for the winter or a feast, then finds or is given more: a small addition. */
import { address, castHelper, castHero, close, goTo, introduce, open } from '../cast.ts';
import { counted, inWords } from '../realize.ts';
import { countables, neighbours, places } from '../world.ts';
import type { Plot } from './plot.ts';

export const gathering: Plot = {
  name: 'gathering',
  tell(narrator) {
    const hero = castHero(narrator);
    const place = narrator.pick(places);
    const item = narrator.pick(countables);
    const want = item[1];
    const before = narrator.integer(1, 6);
    const change = narrator.integer(1, 6);
    const after = before + change;
    const { who: helper, voice: friend } = castHelper(narrator, narrator.pick(neighbours), [hero.who]);
    const feeling = narrator.pick(['proud', 'happy', 'pleased']);
    const moral = narrator.pick(['work is easy when friends help', 'many small steps make a long way']);
    const reason = narrator.pick(['for the winter', 'for a party', 'for a sick friend', 'for the king']);

    open(narrator, hero);
    narrator.tell(
      'want',
      `${hero.Id} needed ${counted(after, item)} ${reason}.`,
      `"I need ${counted(after, item)} ${reason}," ${hero.they} said.`,
      `${hero.They} wanted to bring home ${counted(after, item)} ${reason}.`,
    );
    goTo(narrator, hero, place);
    narrator.paragraph();
    narrator.tell(
      'attempt',
      `${hero.They} looked high and low and found ${counted(before, item)}.`,
      `All morning ${hero.they} worked, and then ${hero.they} had ${counted(before, item)}.`,
      `Soon there ${before === 1 ? 'was' : 'were'} ${counted(before, item)} in ${hero.their} bag.`,
    );
    narrator.tell(
      'problem',
      `"That is not enough," said ${hero.id}. "I still need ${inWords(change)} more."`,
      `But ${hero.they} could not find any more ${want}.`,
      `${hero.They} ${hero.were} tired and sat down on a stone.`,
    );
    narrator.tell(
      'meeting',
      `Then ${introduce(helper)} came along the path.`,
      `Behind a fence stood ${introduce(helper)}.`,
    );
    narrator.tell(
      'meeting',
      `"What are you looking for?" asked ${friend.id}. "For ${want}," said ${hero.id}.`,
      `"You look tired," said ${friend.id}. "I am looking for ${want}," said ${hero.id}.`,
    );
    narrator.tell(
      'help',
      `"I have ${counted(change, item)} at home," said ${friend.id}. "You may take them all."`,
      `"Come with me," said ${friend.id}, and showed ${hero.them} where to find ${counted(change, item)} more.`,
      `${friend.Id} helped ${hero.them}, and together they found ${counted(change, item)} more.`,
    );
    narrator.paragraph();
    narrator.tell(
      'outcome',
      `${capitalIn(before)} and ${inWords(change)} make ${inWords(after)}. Now ${hero.id} had ${counted(after, item)}.`,
      `${hero.Id} counted them. Now there were ${counted(after, item)}!`,
      `So ${hero.id} had ${counted(after, item)} in all.`,
    );
    narrator.tell(
      'feeling',
      `"Thank you, ${address(helper)}!" said ${hero.id}, and ${hero.they} walked home, tired but ${feeling}.`,
      `${hero.Id} was ${feeling} and thanked ${friend.the}.`,
      `${hero.Id} was very ${feeling}. "Without you I would still be looking," ${hero.they} said to ${friend.the}.`,
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
      count: { thing: want, before, change, after },
    };
  },
};

const capitalIn = (value: number): string => inWords(value).replace(/^./, (letter) => letter.toUpperCase());
