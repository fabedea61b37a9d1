// Something remembered by key, a bounded number of things: what was not asked for longest is forgotten first.

/** A bounded memory of what can be made again. */
export class Memo<K, V> {
  readonly #most: number;
  readonly #kept = new Map<K, V>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** What is remembered under the key, or else made now. */
  of(key: K, make: (key: K) => V): V {
    let value = this.#kept.get(key);
    if (value !== undefined) this.#kept.delete(key);
    else {
      value = make(key);
      if (this.#kept.size >= this.#most) this.#kept.delete(this.#kept.keys().next().value as K);
    }
    this.#kept.set(key, value); // the newest is last
    return value;
  }
}
