// The sequences of a local model that turns are written in. Several turns may be open at once, each in a sequence of its own, so that a turn that
// waits for a tool holds nobody up (rule 31); passes through the model go one after the other. One sequence stays when its turn is closed: the next
// turn keeps the longest common prefix. Where the cache has no room for all, the idle one goes first, then a turn waits for another to end.
import type { SplicingModel, SplicingSequence } from './inline-engine.ts';

/** Sequences of one model, at most `most` in use. */
export class SequencePool<S extends SplicingSequence> {
  private readonly model: SplicingModel<S>;
  private readonly most: number;
  private idle: S | undefined;
  private taken = 0;
  private blocked = 0;
  private over = false;
  private running: Promise<unknown> = Promise.resolve();
  private waiting: (() => void)[] = [];

  constructor(model: SplicingModel<S>, most: number) {
    if (!Number.isInteger(most) || most < 1)
      throw new RangeError(`turns: expected an integer >= 1, got ${most}`);
    this.model = model;
    this.most = most;
  }

  /** A sequence for one turn: the idle one, with what it holds, or an empty one. Waits while all are taken. */
  async take(): Promise<S> {
    while (this.taken >= this.most) await this.change();
    this.taken++;
    const sequence = this.idle ?? this.model.newSequence();
    this.idle = undefined;
    return sequence;
  }
  /** Gives a sequence back: it is the idle one now. */
  give(sequence: S): void {
    this.taken--;
    this.forget();
    if (this.over) sequence.dispose();
    else this.idle = sequence;
    const waiting = this.waiting;
    this.waiting = [];
    for (const wake of waiting) wake();
  }
  /** Appends ids in one pass; answers the logits behind the last. */
  async step(sequence: S, ids: ArrayLike<number>): Promise<Float32Array | undefined> {
    for (;;) {
      try {
        const pass = this.running.then(() => this.model.step([{ sequence, ids }]));
        this.running = pass.catch(() => {});
        return (await pass)[0];
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'KvCacheFullError') throw error;
        if (this.idle !== undefined) this.forget();
        else if (this.blocked + 1 >= this.taken) throw error;
        else {
          this.blocked++;
          await this.change().finally(() => this.blocked--);
        }
      }
    }
  }
  /** Frees the idle sequence, and those in use when they are given back. */
  dispose(): void {
    this.over = true;
    this.forget();
  }
  private forget(): void {
    this.idle?.dispose();
    this.idle = undefined;
  }
  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
