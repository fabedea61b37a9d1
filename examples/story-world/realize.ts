/**
 * From entities to English: pronouns, articles, capitals, numbers. Every plot goes through these few functions, so that
 * agreement is decided in one place.
 */
import type { Gender } from './world.ts';
import { numbers } from './world.ts';

/** The forms of one pronoun; `was` is the past of "to be" that goes with the subject form. */
export interface Pronouns {
  readonly subject: string;
  readonly object: string;
  readonly possessive: string;
  readonly reflexive: string;
  readonly was: string;
}

export const pronounsOf: Readonly<Record<Gender, Pronouns>> = {
  she: { subject: 'she', object: 'her', possessive: 'her', reflexive: 'herself', was: 'was' },
  he: { subject: 'he', object: 'him', possessive: 'his', reflexive: 'himself', was: 'was' },
  they: { subject: 'they', object: 'them', possessive: 'their', reflexive: 'themself', was: 'were' },
  it: { subject: 'it', object: 'it', possessive: 'its', reflexive: 'itself', was: 'was' },
};

/** First letter in upper case: `capital('she ran') // => 'She ran'`. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Indefinite article by the sound of the words in this world: `withArticle('owl') // => 'an owl'`. */
export const withArticle = (phrase: string): string => `${/^[aeiou]/i.test(phrase) ? 'an' : 'a'} ${phrase}`;

/** A small number in words: `inWords(3) // => 'three'`. */
export function inWords(value: number): string {
  const word = numbers[value];
  if (word === undefined)
    throw new RangeError(`value: expected an integer in 0..${numbers.length - 1}, got ${value}`);
  return word;
}

/** `three apples`, `one apple`. */
export const counted = (value: number, [one, many]: readonly [string, string]): string =>
  `${inWords(value)} ${value === 1 ? one : many}`;
