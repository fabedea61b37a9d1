// The three failures of a step that a caller can act on; everything else is a RangeError or TypeError about an
// argument.

/** A logit is NaN or +Infinity: the model's output is broken, no draw from it means anything. */
export class InvalidLogitsError extends Error {
  /** The first offending id found. */
  readonly id: number;
  /** Its value: NaN or Infinity. */
  readonly value: number;
  constructor(id: number, value: number) {
    super(`logits: expected finite numbers or -Infinity, got ${value} at id ${id}`);
    this.name = 'InvalidLogitsError';
    this.id = id;
    this.value = value;
  }
}

/** Every token was removed (all logits are -Infinity): there is nothing to draw from. */
export class EmptySupportError extends Error {
  /** The step after which nothing was left, when it is known. */
  readonly step: string | undefined;
  constructor(step?: string) {
    super(`no token is left to draw from${step === undefined ? '' : ` after ${step}`}`);
    this.name = 'EmptySupportError';
    this.step = step;
  }
}
