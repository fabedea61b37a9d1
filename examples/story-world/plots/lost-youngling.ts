/** The hero finds a lost young animal and brings it home to its mother, past one obstacle of the road. */
import { castHero, close, goTo, open } from '../cast.ts';
import type { Character } from '../character.ts';
import { places, younglings } from '../world.ts';
import type { Plot } from './plot.ts';

const troubles = [
  { name: 'rain', problem: 'On the way it began to rain', answer: 'they waited under a big leaf' },
  {
    name: 'fog',
    problem: 'On the way a thick fog came up',
    answer: 'they walked slowly and held on to each other',
  },
  {
    name: 'bridge',
    problem: 'On the way they came to a broken bridge',
    answer: 'they crossed the water on flat stones',
  },
  {
    name: 'dog',
    problem: 'On the way a big dog barked at them',
    answer: 'they stood still until it went away',
  },
  { name: 'night', problem: 'On the way night fell', answer: 'they followed the light of the moon' },
];

export const lostYoungling: Plot = {
  name: 'lost-youngling',
  tell(narrator) {
    const hero = castHero(narrator);
    const family = narrator.pick(younglings);
    const place = narrator.pick(places);
    const trouble = narrator.pick(troubles);
    const feeling = narrator.pick(['happy', 'proud', 'glad']);
    const moral = narrator.pick(['a kind heart always finds the way', 'helping others is its own reward']);
    const gift = narrator.pick([
      'a soft feather',
      'a warm blanket',
      'a jar of honey',
      'a bright ribbon',
      'a sweet bun',
    ]);

    const young: Character = { name: null, kind: family.young, gender: 'it' };
    const mother: Character = { name: null, kind: family.mother, gender: 'she' };

    open(narrator, hero);
    goTo(narrator, hero, place);
    narrator.tell(
      'problem',
      `Behind a stone ${hero.they} heard a small voice. It was a little ${family.young}, all alone.`,
      `There ${hero.they} found a little ${family.young} that was crying.`,
      `Something moved in the grass. It was a little ${family.young} that had lost its way.`,
    );
    narrator.tell(
      'meeting',
      `"Why are you crying?" asked ${hero.id}. "I cannot find my mother," said the ${family.young}.`,
      `"I want to go home," said the ${family.young}. "Where do you live?" asked ${hero.id}.`,
    );
    narrator.tell(
      'want',
      `"Our home is the ${family.home}, but I do not know the way," said the ${family.young}.`,
      `"My home is the ${family.home}," said the ${family.young}.`,
    );
    narrator.tell(
      'help',
      `"Do not be afraid. I will bring you home," said ${hero.id}.`,
      `"Come, I know where the ${family.home} is," said ${hero.id}.`,
      `${hero.Id} took the ${family.young} along. "We will find your mother," ${hero.they} said.`,
    );
    narrator.paragraph();
    narrator.tell('attempt', `${trouble.problem}.`, `But it was a long way. ${trouble.problem}.`);
    narrator.tell(
      'feeling',
      `The ${family.young} was afraid, but ${hero.id} was not.`,
      `"I am scared," said the ${family.young}. "I am with you," said ${hero.id}.`,
      `The ${family.young} began to cry again, so ${hero.id} sang a song.`,
    );
    narrator.tell('attempt', `So ${trouble.answer}.`, `Then ${trouble.answer}, and after that they went on.`);
    narrator.paragraph();
    narrator.tell(
      'outcome',
      `At last they came to the ${family.home}. The mother ${family.mother} ran to meet them.`,
      `Then they saw the ${family.home}, and there was the mother ${family.mother}.`,
    );
    narrator.tell(
      'outcome',
      `"My little ${family.young}!" she cried. "Thank you, ${hero.id}!"`,
      `"You are home!" said the mother ${family.mother}. She thanked ${hero.id} with all her heart.`,
    );
    narrator.tell(
      'feeling',
      `She gave ${hero.id} ${gift}, and ${hero.they} went home very ${feeling}.`,
      `${hero.Id} got ${gift} as a present. ${hero.They} ${hero.were} ${feeling} all day long.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, young, mother],
      want: family.home,
      place: place.name,
      obstacle: trouble.name,
      other: { ...young, role: 'lost one' },
      outcome: 'success',
      feeling,
      moral,
      count: null,
    };
  },
};
