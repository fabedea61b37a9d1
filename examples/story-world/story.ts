/** What a told story is: its text, its beats in order, and the facts that the text states. */
import type { Character } from './character.ts';

/** What a beat of the story does; "what happened next?" can be asked of two neighbouring beats. */
export type BeatKind =
  | 'opening'
  | 'want'
  | 'journey'
  | 'problem'
  | 'attempt'
  | 'meeting'
  | 'help'
  | 'outcome'
  | 'feeling'
  | 'moral';

/** One or two sentences of the text, verbatim. */
export interface Beat {
  readonly kind: BeatKind;
  readonly text: string;
}

/** A sum that the story carries out. */
export interface Count {
  readonly thing: string;
  readonly before: number;
  readonly change: number;
  readonly after: number;
}

/** Everything a question about the story may ask for. Every string here occurs in the text (letter case aside). */
export interface StoryFacts {
  readonly plot: string;
  readonly hero: Character;
  /** Everyone who acts in the story, the hero first; who a pronoun can stand for. */
  readonly cast: readonly Character[];
  /** What the hero is after: a thing, a skill, a dish. */
  readonly want: string;
  /** Where it happens: the name of a place. */
  readonly place: string;
  /** What stands in the way, or null. */
  readonly obstacle: string | null;
  /** The other one the story turns on, and what that one is to the hero. */
  readonly other: Character & { readonly role: 'helper' | 'friend' | 'rival' | 'lost one' };
  /** Did the hero get what the story was about? */
  readonly outcome: 'success' | 'failure';
  /** How the hero feels at the end. */
  readonly feeling: string;
  readonly moral: string;
  readonly count: Count | null;
}

export interface Story {
  readonly text: string;
  readonly beats: readonly Beat[];
  readonly facts: StoryFacts;
}
