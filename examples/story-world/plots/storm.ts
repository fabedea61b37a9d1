/** A storm takes a friend's home; the hero is afraid but opens the door, and in the morning they build again. */
import { castHero, close, open, someDay } from '../cast.ts';
import { places } from '../world.ts';
import type { Plot } from './plot.ts';

const sounds = ['thunder', 'wind', 'rain', 'hail'];

export const storm: Plot = {
  name: 'storm',
  tell(narrator) {
    const hero = castHero(narrator);
    const friend = castHero(narrator, [hero.who]);
    const place = narrator.pick(places);
    const sound = narrator.pick(sounds);
    const comfort = narrator.pick([
      'a cup of hot tea',
      'a bowl of soup',
      'a soft pillow',
      'a warm coat',
      'a big blanket',
    ]);
    const material = narrator.pick(['wood', 'stones', 'straw', 'clay', 'branches']);
    const feeling = narrator.pick(['brave', 'happy', 'calm']);
    const moral = narrator.pick(['fear grows small when it is shared', 'there is always room for a friend']);

    open(narrator, hero);
    narrator.tell(
      'problem',
      `${hero.Id} was afraid of only one thing: the ${sound}.`,
      `Nothing scared ${hero.them} more than the ${sound}.`,
    );
    narrator.tell(
      'journey',
      `${someDay(narrator)}, dark clouds came over the ${place.name}, and soon there was a great storm.`,
      `${someDay(narrator)}, a great storm came over the ${place.name}.`,
    );
    narrator.tell(
      'feeling',
      `When ${hero.they} heard the ${sound}, ${hero.they} hid under the table.`,
      `${hero.Id} shut the windows and hid in a corner. The ${sound} was so loud!`,
    );
    narrator.paragraph();
    narrator.tell(
      'meeting',
      'Then there was a knock at the door.',
      'Suddenly someone called for help outside.',
    );
    narrator.tell(
      'meeting',
      `It was a ${friend.kind.noun} named ${friend.id}. "The storm has broken my house," ${friend.they} said.`,
      `"Please let me in," said a ${friend.kind.noun} named ${friend.id}. "My house is gone."`,
    );
    narrator.tell(
      'attempt',
      `${hero.Id} did not want to go near the door, but ${hero.they} went and opened it.`,
      `${hero.Id} forgot ${hero.their} fear and opened the door.`,
    );
    narrator.tell(
      'help',
      `${hero.They} gave ${friend.id} ${comfort} and a place by the fire.`,
      `"Come in quickly," said ${hero.id}, and gave ${friend.them} ${comfort}.`,
    );
    narrator.tell(
      'feeling',
      `"Are you afraid of the ${sound} too?" asked ${friend.id}. "Not when you are here," said ${hero.id}.`,
      `They told each other funny stories, and the ${sound} did not seem so loud any more.`,
      `They sang together until the ${sound} stopped.`,
    );
    narrator.paragraph();
    narrator.tell(
      'outcome',
      `In the morning the sun was shining. ${hero.Id} and ${friend.id} went out and built a new house of ${material}.`,
      `The next day the storm was over, and ${hero.id} helped ${friend.id} to build a new house of ${material}.`,
    );
    narrator.tell(
      'outcome',
      `It stood ${place.at}, and it was strong.`,
      `When it was ready, they danced around it ${place.at}.`,
    );
    narrator.tell(
      'feeling',
      `"You are a good friend," said ${friend.id}. ${hero.Id} felt ${feeling}.`,
      `${hero.Id} felt ${feeling}. ${hero.They} had a new friend.`,
    );
    close(narrator, hero, moral);
    return {
      hero: hero.who,
      cast: [hero.who, friend.who],
      want: 'house',
      place: place.name,
      obstacle: sound,
      other: { ...friend.who, role: 'friend' },
      outcome: 'success',
      feeling,
      moral,
      count: null,
    };
  },
};
