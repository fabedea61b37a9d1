/** Choosing who is in a story, and the opening every plot shares. */
import { type Character, type Voice, voiceOf } from './character.ts';
import type { Narrator } from './narrator.ts';
import { withArticle } from './realize.ts';
import {
  colours,
  dayTimes,
  type Gender,
  type Kind,
  kinds,
  nameParts,
  names,
  type Place,
  people,
  things,
  traits,
  weathers,
} from './world.ts';

export interface Hero extends Voice {
  readonly who: Character;
  readonly kind: Kind;
  readonly trait: string;
}

/** A named character of one of the hero kinds, unlike those in `others` in name and in kind. */
export function castHero(narrator: Narrator, others: readonly Character[] = []): Hero {
  const free = kinds.filter((kind) => !others.some((other) => other.kind === kind.noun));
  const kind = narrator.pick(free);
  const gender = narrator.pick(kind.genders);
  const name = narrator.chance(0.1)
    ? madeUpName(narrator, gender, others)
    : narrator.pickOther<string | null>(
        names[gender],
        others.map((other) => other.name),
      );
  const who: Character = { name, kind: kind.noun, gender };
  return { ...voiceOf(who), who, kind, trait: narrator.pick(traits) };
}

/** A name of three parts that begins unlike any other name of the story. */
function madeUpName(narrator: Narrator, gender: Gender, others: readonly Character[]): string {
  const middle = narrator.pick(nameParts.middle);
  const last = narrator.pick(nameParts.last[gender]);
  const first = nameParts.first.filter((part) => !others.some((other) => other.name?.startsWith(part)));
  return narrator.pick(first) + (middle.length > 1 ? middle.slice(0, -1) : middle) + last;
}

/** A helper of the given kind: half of them have a name; an animal without one is "the beaver" and "it". */
export function castHelper(
  narrator: Narrator,
  kind: string,
  others: readonly Character[],
): { who: Character; voice: Voice } {
  const named = narrator.chance(0.5);
  const gender = named || people.includes(kind) ? narrator.pick(['she', 'he'] as const) : 'it';
  const taken = others.map((other) => other.name);
  const name = named && gender !== 'it' ? narrator.pickOther<string | null>(names[gender], taken) : null;
  const who: Character = { name, kind, gender };
  return { who, voice: voiceOf(who) };
}

/** A thing with its colour: "red kite". */
export const pickThing = (narrator: Narrator): string => `${narrator.pick(colours)} ${narrator.pick(things)}`;

/** Who the story is about and where that one lives. */
export function open(narrator: Narrator, hero: Hero): void {
  const described = withArticle(`${hero.trait} ${hero.kind.noun}`);
  narrator.tell(
    'opening',
    `Once upon a time there was ${described} named ${hero.id}.`,
    `Once upon a time, ${described} named ${hero.id} lived in ${hero.kind.home}.`,
    `There once was ${described} whose name was ${hero.id}. ${hero.They} lived in ${hero.kind.home}.`,
    `${hero.id} was ${described} who lived in ${hero.kind.home}.`,
    `Long ago, in ${hero.kind.home}, there lived ${described} called ${hero.id}.`,
  );
}

/** "One windy morning", and now and then no weather. */
export function someDay(narrator: Narrator): string {
  const time = narrator.pick(dayTimes);
  return narrator.chance(0.6) ? `one ${narrator.pick(weathers)} ${time}` : `one ${time}`;
}

/** The hero goes somewhere and sees something there. */
export function goTo(narrator: Narrator, hero: Hero, place: Place): void {
  narrator.tell(
    'journey',
    `${someDay(narrator)}, ${hero.id} went ${place.to}.`,
    `${someDay(narrator)}, ${hero.id} walked ${place.to} and looked at the ${place.sight}.`,
    `${hero.They} went ${place.to} ${someDay(narrator)}, where there were ${place.sight}.`,
    `${someDay(narrator)}, ${hero.they} went for a walk ${place.to}.`,
  );
}

/** "a beaver named Tom", or only "a beaver". */
export const introduce = (who: Character): string =>
  who.name === null ? withArticle(who.kind) : `${withArticle(who.kind)} named ${who.name}`;

/** How the hero thanks someone by name: "Tom", or "dear beaver". */
export const address = (who: Character): string => who.name ?? `dear ${who.kind}`;

/** The last sentence of every story: what was learned. */
export function close(narrator: Narrator, hero: Hero, moral: string): void {
  narrator.tell(
    'moral',
    `From that day on, ${hero.id} knew that ${moral}.`,
    `${hero.Id} learned that ${moral}.`,
    `And ${hero.id} never forgot that ${moral}.`,
    `That night, before going to sleep, ${hero.id} thought: ${moral}.`,
  );
}
