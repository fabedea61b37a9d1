// Words and their ids. The ids lie one word after the other in one array, each behind its count, so that a word costs a map's entry and no array of its own.

/** Words kept, the longest in UTF-16 units, and the ids kept. A full memory is emptied. */
const MOST_WORDS = 1 << 16;
const LONGEST_WORD = 64;
const MOST_IDS = 1 << 20;

export class WordMemory {
  /** At the place that `find` gives: the number of ids, then the ids. */
  ids = new Int32Array(256);
  private readonly places = new Map<string, number>();
  private end = 0;

  /** Where a word's ids are in `ids`, or -1. */
  find(word: string): number {
    return this.places.get(word) ?? -1;
  }

  /** Whether a word is short enough to be kept. */
  canKeep(word: string): boolean {
    return word.length <= LONGEST_WORD;
  }

  /** Keeps the ids from `from` on as those of a word, if it is short enough. */
  keep(word: string, ids: readonly number[], from: number): void {
    if (word.length > LONGEST_WORD) return;
    const count = ids.length - from;
    if (this.places.size >= MOST_WORDS || this.end + count >= MOST_IDS) {
      this.places.clear();
      this.end = 0;
      this.ids = new Int32Array(256);
    }
    while (this.end + count >= this.ids.length) {
      const wider = new Int32Array(this.ids.length * 2);
      wider.set(this.ids);
      this.ids = wider;
    }
    this.places.set(word, this.end);
    this.ids[this.end++] = count;
    for (let i = from; i < ids.length; i++) this.ids[this.end++] = ids[i];
  }
}
