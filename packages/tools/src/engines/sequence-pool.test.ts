import { describe, expect, it } from 'vitest';
import type { SplicingModel, SplicingSequence } from './inline-engine.ts';
import { SequencePool } from './sequence-pool.ts';

interface Tape extends SplicingSequence {
  ids: number[];
  disposed: boolean;
}
/** A model with room for so many tokens in all its sequences together. */
function roomy(room: number): SplicingModel<Tape> & { tapes: Tape[]; passes: number } {
  const tapes: Tape[] = [];
  const model = {
    tapes,
    passes: 0,
    maxPositions: 1000,
    eosTokenIds: [],
    newSequence(): Tape {
      const tape: Tape = {
        ids: [],
        disposed: false,
        truncate: (n) => void tape.ids.splice(n),
        dispose() {
          tape.disposed = true;
        },
      };
      tapes.push(tape);
      return tape;
    },
    async step([request]: readonly { readonly sequence: Tape; readonly ids: ArrayLike<number> }[]) {
      expect(++model.passes, 'passes at once').toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      model.passes--;
      const used = tapes.reduce((sum, tape) => sum + (tape.disposed ? 0 : tape.ids.length), 0);
      if (used + request!.ids.length > room)
        throw Object.assign(new Error('full'), { name: 'KvCacheFullError' });
      request!.sequence.ids.push(...Array.from(request!.ids));
      return [new Float32Array([request!.sequence.ids.length])];
    },
  };
  return model;
}
const ids = (n: number): number[] => Array.from({ length: n }, () => 1);

describe('the sequences of a model', () => {
  it('are one for every turn, pass through the model one after the other, and the last given back is kept', async () => {
    const model = roomy(100);
    const pool = new SequencePool(model, 3);
    const [a, b] = [await pool.take(), await pool.take()];
    expect(a).not.toBe(b);
    const lengths = await Promise.all([pool.step(a, ids(3)), pool.step(b, ids(5)), pool.step(a, ids(1))]);
    expect(lengths.map((row) => row?.[0])).toEqual([3, 5, 4]);
    pool.give(a);
    pool.give(b);
    expect([a.disposed, b.disposed]).toEqual([true, false]);
    expect(await pool.take()).toBe(b);
  });
  it('are no more than allowed: the next turn waits', async () => {
    const pool = new SequencePool(roomy(100), 1);
    const first = await pool.take();
    let second: Tape | undefined;
    const waiting = pool.take().then((tape) => {
      second = tape;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(second).toBe(undefined);
    pool.give(first);
    await waiting;
    expect(second).toBe(first);
    expect(() => new SequencePool(roomy(1), 0)).toThrow('turns: expected an integer >= 1, got 0');
  });
  it('without room for both the idle one goes, else a turn waits for the other, and the last one that cannot go on says so', async () => {
    const model = roomy(10);
    const pool = new SequencePool(model, 2);
    const [a, b] = [await pool.take(), await pool.take()];
    await pool.step(a, ids(6));
    pool.give(a);
    await pool.step(b, ids(8));
    expect(a.disposed).toBe(true);
    const c = await pool.take();
    let done = false;
    const waits = pool.step(c, ids(5)).then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(done).toBe(false);
    await expect(pool.step(b, ids(5))).rejects.toThrow('full');
    pool.give(b);
    await waits;
    expect(c.ids).toHaveLength(5);
    pool.dispose();
    pool.give(c);
    expect(model.tapes.every((tape) => tape.disposed)).toBe(true);
  });
});
