// What a sampler needs of a constraint, as a structural type: `@ashlar/sampling/constraints` makes them, and the root
// entry does not carry the engine. Anything else with these calls fits too.

/** Which ids may come next, for one sequence. */
export interface TokenConstraint {
  /** The ids that may come, as bits: id i is bit i % 32 of word i >> 5. Not written to by the sampler. */
  mask(): Uint32Array;
  /** Takes the next id. */
  accept(id: number): void;
  /** Forgets the last n ids. */
  rollback(n: number): void;
  /** An independent copy. */
  clone(): TokenConstraint;
  /** The ids of text that must come next whatever is drawn, at most `most`; empty where there is a choice. */
  forcedIds?(most: number): readonly number[];
}
