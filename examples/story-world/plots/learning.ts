/** The hero cannot do something, is given advice, practises for some days, and can. */
import { castHelper, castHero, close, introduce, open } from '../cast.ts';
import { inWords } from '../realize.ts';
import { places, skills } from '../world.ts';
import type { Plot } from './plot.ts';

export const learning: Plot = {
  name: 'learning',
  tell(narrator) {
    const hero = castHero(narrator);
    const rival = castHero(narrator, [hero.who]);
    const skill = narrator.pick(skills);
    const place = narrator.pick(places);
    const days = narrator.integer(2, 9);
    const { who: helper, voice: teacher } = castHelper(narrator, skill.teacher, [hero.who, rival.who]);
    const feeling = narrator.pick(['proud', 'happy', 'pleased']);
    const moral = narrator.pick([
      'practice makes you better every day',
      'the first try is only the beginning',
    ]);

    open(narrator, hero);
    narrator.tell(
      'want',
      `${hero.Id} wanted to learn to ${skill.verb}.`,
      `Everyone else could ${skill.verb}, but ${hero.id} could not.`,
      `${hero.They} dreamed of one thing: to ${skill.verb}.`,
    );
    narrator.tell(
      'attempt',
      `Every day ${hero.they} went ${place.to} and tried, but ${hero.they} ${skill.fail}.`,
      `${hero.They} went ${place.to} to try it, and ${skill.fail}.`,
    );
    narrator.tell(
      'problem',
      `A ${rival.kind.noun} named ${rival.id} saw it and laughed. "You will never learn to ${skill.verb}!" said ${rival.id}.`,
      `"Ha ha!" laughed a ${rival.kind.noun} named ${rival.id}. "Look, ${hero.id} cannot ${skill.verb}!"`,
    );
    narrator.tell(
      'feeling',
      `${hero.Id} felt small and sad.`,
      `${hero.Id} wanted to give up.`,
      `Tears came to ${hero.their} eyes.`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      `But ${introduce(helper)} had seen everything.`,
      `Then ${introduce(helper)} came and sat down beside ${hero.them}.`,
    );
    narrator.tell(
      'help',
      `"Try again tomorrow," said ${teacher.id}. "${skill.advice}, and do not be afraid."`,
      `"I could not do it at first either," said ${teacher.id}. "${skill.advice}."`,
      `"${skill.advice}," said ${teacher.id}, "and you will learn to ${skill.verb}."`,
    );
    narrator.tell(
      'attempt',
      `So ${hero.id} went ${place.to} again. ${hero.They} tried for ${inWords(days)} days.`,
      `For ${inWords(days)} days ${hero.id} practised ${place.at}.`,
    );
    narrator.paragraph();
    narrator.tell(
      'outcome',
      `And then, all at once, ${hero.id} ${skill.past} as well as anyone.`,
      `After ${inWords(days)} days, ${hero.id} ${skill.past} better than ${rival.id}.`,
      `Then one day it worked. ${hero.Id} ${skill.past}, and everybody clapped.`,
    );
    narrator.tell(
      'feeling',
      `${hero.Id} was very ${feeling}.`,
      `"I can ${skill.verb}!" cried ${hero.id}. ${hero.They} ${hero.were} so ${feeling}!`,
    );
    narrator.tell(
      'feeling',
      `"I am sorry that I laughed," said ${rival.id}. "Can you teach me?" And ${hero.id} did.`,
      `${rival.Id} did not laugh any more. "Please show me how to ${skill.verb}," ${rival.they} said.`,
      `"Well done," said ${teacher.id}. Even ${rival.id} clapped.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, rival.who, helper],
      want: skill.verb,
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
