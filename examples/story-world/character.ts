/** A character of a story and the handful of forms a sentence needs to speak of it. */
import { capital, type Pronouns, pronounsOf } from './realize.ts';
import type { Gender } from './world.ts';

/** Who: `name` is null for a character that is only called by its kind ("the beaver"). */
export interface Character {
  readonly name: string | null;
  readonly kind: string;
  readonly gender: Gender;
}

/** The character as words: `They`/`they`/`them`/`their` are filled by gender, `id` is the name or "the kind". */
export interface Voice {
  readonly id: string;
  readonly Id: string;
  readonly the: string;
  readonly They: string;
  readonly they: string;
  readonly them: string;
  readonly Their: string;
  readonly their: string;
  readonly themself: string;
  readonly were: string;
}

export function voiceOf(character: Character): Voice {
  const pronouns: Pronouns = pronounsOf[character.gender];
  const the = `the ${character.kind}`;
  const id = character.name ?? the;
  return {
    id,
    Id: capital(id),
    the,
    They: capital(pronouns.subject),
    they: pronouns.subject,
    them: pronouns.object,
    Their: capital(pronouns.possessive),
    their: pronouns.possessive,
    themself: pronouns.reflexive,
    were: pronouns.was,
  };
}
