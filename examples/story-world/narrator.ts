/**
 * The narrator holds the source of chance and the pages written so far. All choices of a story go through it, one
 * `uniform()` a choice, so the same stream of numbers tells the same story.
 */
import { capital } from './realize.ts';
import type { Beat, BeatKind } from './story.ts';

export interface Narrator {
  /** One element, each equally likely. */
  pick<T>(list: readonly T[]): T;
  /** One element that is not among `taken`. */
  pickOther<T>(list: readonly T[], taken: readonly T[]): T;
  chance(probability: number): boolean;
  /** An integer in low..high, both included. */
  integer(low: number, high: number): number;
  /** Writes one of the given wordings as the next beat. */
  tell(kind: BeatKind, ...wordings: readonly string[]): void;
  paragraph(): void;
  readonly beats: readonly Beat[];
  text(): string;
}

export function createNarrator(uniform: () => number): Narrator {
  const paragraphs: string[][] = [[]];
  const beats: Beat[] = [];
  const index = (length: number): number => Math.min(length - 1, Math.floor(uniform() * length));
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new RangeError('list: expected at least one element, got none');
    return list[index(list.length)] as T;
  };
  return {
    pick,
    pickOther: (list, taken) => pick(list.filter((item) => !taken.includes(item))),
    chance: (probability) => uniform() < probability,
    integer: (low, high) => low + index(high - low + 1),
    tell(kind, ...wordings) {
      const text = capital(pick(wordings));
      beats.push({ kind, text });
      (paragraphs[paragraphs.length - 1] as string[]).push(text);
    },
    paragraph() {
      paragraphs.push([]);
    },
    beats,
    text: () =>
      paragraphs
        .filter((lines) => lines.length > 0)
        .map((lines) => lines.join(' '))
        .join('\n\n'),
  };
}
