/**
 * A reader by rule: looks at a text alone and says whether it keeps its own word (names, pronouns, thing, place, sum,
 * ending). Every story of the grammar passes, so what fails was made by something else: it measures a model.
 */
import { counted, pronounsOf } from './realize.ts';
import {
  colours,
  countables,
  dishes,
  type Gender,
  kinds,
  names,
  neighbours,
  numbers,
  obstacles,
  people,
  places,
  skills,
  things,
  traits,
  younglings,
} from './world.ts';

/** What was looked at; true means nothing wrong was found. */
export interface StoryCheck {
  /** The opening names a hero and the last sentence names the same one. */
  readonly hero: boolean;
  /** Everyone called by name was introduced first. */
  readonly names: boolean;
  /** "the beaver" only after "a beaver". */
  readonly kinds: boolean;
  /** Only pronouns of those who were introduced; before anyone else comes, only the hero's. */
  readonly pronouns: boolean;
  /** One coloured thing all through. */
  readonly thing: boolean;
  /** No place turns up that the kind of story has no room for. */
  readonly place: boolean;
  /** Numbers of things add up. */
  readonly sum: boolean;
  /** The last sentence is a moral. */
  readonly ending: boolean;
}

const actors = [
  ...new Set([
    ...kinds.map((kind) => kind.noun),
    ...obstacles.flatMap((obstacle) => obstacle.solutions.map((solution) => solution.helper)),
    ...skills.map((skill) => skill.teacher),
    ...neighbours,
    ...people,
    ...dishes.map((dish) => dish.source),
    ...younglings.flatMap((family) => [family.young, family.mother]),
    ...['snail', 'turtle', 'hedgehog', 'beetle', 'caterpillar', 'ant', 'bee', 'sparrow', 'ladybug', 'shrew'],
  ]),
];
const one = (list: readonly string[]): string => `(?:${list.join('|')})`;
const actor = one([...actors].sort((a, b) => b.length - a.length));
const introduction = new RegExp(
  [
    `\\b[Aa]n? (?:old |${one(traits)} )?(${actor}) (?:named|called|whose name was) ([A-Z][a-z]+)`,
    `\\b([A-Z][a-z]+) was an? (?:${one(traits)} )?(${actor}) who lived`,
    `\\bfriend(?: named)? ([A-Z][a-z]+), an? (?:${one(traits)} )?(${actor})`,
    `\\blived ([A-Z][a-z]+), an? (${actor})`,
  ].join('|'),
  'g',
);

interface Introduced {
  readonly name: string;
  readonly kind: string;
  readonly at: number;
}

/** Everyone with a name, in the order of introduction. */
export function introducedIn(text: string): Introduced[] {
  return [...text.matchAll(introduction)].map((match) => {
    const [, kind1, name1, name2, kind2, name3, kind3, name4, kind4] = match;
    return {
      name: name1 ?? name2 ?? name3 ?? name4 ?? '',
      kind: kind1 ?? kind2 ?? kind3 ?? kind4 ?? '',
      at: match.index,
    };
  });
}

/** The genders a character may have, from its name if the name is known, else from its kind. */
function gendersOf(who: Introduced): readonly Gender[] {
  const byName = (Object.keys(names) as Gender[]).filter((gender) => names[gender].includes(who.name));
  const byKind = kinds.find((kind) => kind.noun === who.kind)?.genders ?? ['she', 'he'];
  const both = byName.filter((gender) => byKind.includes(gender));
  return both.length > 0 ? both : byKind;
}

const singular = (text: string): Gender[] =>
  (['she', 'he'] as const).filter((gender) => {
    const { subject, object, possessive, reflexive } = pronounsOf[gender];
    return new RegExp(`\\b(?:${subject}|${object}|${possessive}|${reflexive})\\b`, 'i').test(text);
  });

const morals =
  /^(?:From that day on, (\w+) knew that|(\w+) learned that|And (\w+) never forgot that|That night, before going to sleep, (\w+) thought:) [a-z ]+\.$/;

const wordsOfCapital = new Set(
  'Once There Long One First Then Now After But So In At And The A An It He She They His Her Its Their Behind Just Not Do Thank From That To On Soon Suddenly Next Please Yes Where What Why How Have Is I My Oh No Can May Good Come Here You All Everyone Even Everything Everyday Every More Nothing Nobody Look Listen Ha We Our Be Crack With When For Only Step Let If Today Back Bend Kick Make Say Begin Breathe Something Halfway Perhaps Tears Together Three Two Four Five Six Seven Eight Nine Ten Eleven Twelve Like Thorns Next Another Are Try Well Now Without Tell'.split(
    ' ',
  ),
);

/** Words with a capital that can only be names: not at the beginning of a sentence or known as a name. */
function namesUsed(text: string): string[] {
  const known = new Set(Object.values(names).flat());
  const found: string[] = [];
  for (const match of text.matchAll(/(^|[.!?]"?\s+"?|[^.!?]\s"|\s|")([A-Z][a-z]+)\b/g)) {
    const word = match[2] as string;
    if (known.has(word) || (match[1] === ' ' && !wordsOfCapital.has(word))) found.push(word);
  }
  return found;
}

export function checkStory(text: string): StoryCheck {
  const cast = introducedIn(text);
  const hero = cast[0];
  const sentences = text.split(/(?<=[.!?]"?)\s+/);
  const last = morals.exec(sentences.at(-1) ?? '');
  const lastName = last?.slice(1).find((name) => name !== undefined);
  const castNames = new Set(cast.map((who) => who.name));
  return {
    hero: hero !== undefined && hero.at < 60 && lastName === hero.name,
    names: namesUsed(text).every((name) => castNames.has(name)),
    kinds: kindsKept(text),
    pronouns: hero !== undefined && pronounsKept(text, cast),
    thing: new Set(text.match(new RegExp(`\\b${one(colours)} ${one(things)}\\b`, 'g')) ?? []).size <= 1,
    place: placesKept(text),
    sum: sumKept(text),
    ending: last !== null,
  };
}

/** Nothing wrong at all. */
export const isCoherent = (check: StoryCheck): boolean => Object.values(check).every(Boolean);

function kindsKept(text: string): boolean {
  const lower = text.toLowerCase();
  for (const match of lower.matchAll(new RegExp(`\\bthe (?:mother )?(${actor})\\b`, 'g'))) {
    const kind = match[1] as string;
    const before = lower.slice(0, match.index);
    const mother = younglings.some((family) => family.mother === kind && before.includes(family.young));
    if (!new RegExp(`\\ban? (?:[a-z]+ )?${kind}\\b`).test(before) && !mother) return false;
  }
  return true;
}

function pronounsKept(text: string, cast: readonly Introduced[]): boolean {
  const [hero, next] = cast as [Introduced, Introduced | undefined];
  const mother = text.indexOf('mother');
  const end = text.lastIndexOf('.', Math.min(next?.at ?? text.length, mother < 0 ? text.length : mother));
  const alone = singular(text.slice(0, Math.max(end, 0)));
  if (alone.length > 1 || !alone.every((gender) => gendersOf(hero).includes(gender))) return false;
  // A made-up name does not tell its gender; the first pronoun does.
  const allowed = new Set(alone.length === 1 ? alone : gendersOf(hero));
  for (const who of cast.slice(1)) for (const gender of gendersOf(who)) allowed.add(gender);
  if (mother >= 0) allowed.add('she');
  if (people.some((person) => text.includes(`a ${person}`))) allowed.add('she').add('he');
  return singular(text).every((gender) => allowed.has(gender));
}

function placesKept(text: string): boolean {
  const plain = text.replace(/behind the (?:farm|mill)/g, '').replace(/the (?:\w+ )?was good/g, '');
  const used = places.filter(
    (place) =>
      plain.includes(place.at) || plain.includes(place.to) || plain.includes(`over the ${place.name}`),
  );
  const race = /a race from the (\w+) to the (\w+)/.exec(text);
  if (race) return used.every((place) => race.slice(1).includes(place.name));
  const search =
    used.length === 3 &&
    /(?:looked|ran|went)[^.]*\. (?:There were only|The [a-z ]+ was not there|[^.]*not there)|found only|saw only/.test(
      text,
    );
  return used.length <= 1 || search;
}

function sumKept(text: string): boolean {
  const lower = text.toLowerCase();
  const value = (word: string): number => numbers.indexOf(word);
  const number = one(numbers.slice(1));
  const make = new RegExp(`(${number}) and (${number}) make (${number})`).exec(lower);
  if (make && value(make[1] as string) + value(make[2] as string) !== value(make[3] as string)) return false;
  for (const item of countables) {
    const amounts = (fragment: string): number[] =>
      [...fragment.matchAll(new RegExp(`\\b(${number}) (?:${item[0]}|${item[1]})\\b`, 'g'))].map((match) =>
        value(match[1] as string),
      );
    const all = amounts(lower);
    if (all.length < 3) continue;
    for (const amount of all) if (amount > 0 && !lower.includes(counted(amount, item))) return false;
    const most = Math.max(...all);
    const rest = [...new Set(all.filter((amount) => amount !== most))];
    const adds =
      rest.length === 1
        ? rest[0] === most / 2
        : rest.length === 2 && (rest[0] as number) + (rest[1] as number) === most;
    if (!adds) return false;
  }
  return true;
}
