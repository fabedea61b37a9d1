// Adapters on their way to the worker: an adapter is sent when it is first used and forgotten there when nothing here uses it any more.
import type { Adapter } from '../../train/lora/lora.ts';
import type { SentAdapter } from './messages.ts';

/** What can use an adapter: a sequence by its number, or the model itself. */
export type AdapterUser = number | 'model';

/** An adapter's number, and its tensors where the worker has not got them as they are now. */
export interface NumberedAdapter {
  readonly number: number;
  readonly given: SentAdapter | undefined;
}

/** Knows which adapters the worker has and who uses them. */
export interface SentAdapters {
  numbered(adapter: Adapter): Promise<NumberedAdapter>;
  /** Holds a number in the worker while `ask` asks for its use; from then on `user` uses it (or none) in place of what it used before. */
  use(number: number | undefined, user: AdapterUser, ask: () => Promise<unknown>): Promise<void>;
  /** `user` is gone. */
  end(user: AdapterUser): void;
}

/** `forget` tells the worker that a number is used no more. */
export function createSentAdapters(forget: (number: number) => void): SentAdapters {
  let made = 0;
  const known = new WeakMap<Adapter, { number: number; tensors: readonly unknown[] }>();
  const holds = new Map<number, number>();
  const uses = new Map<AdapterUser, number | undefined>();
  const hold = (number: number | undefined) => {
    if (number !== undefined) holds.set(number, (holds.get(number) ?? 0) + 1);
  };
  const release = (number: number | undefined) => {
    if (number === undefined) return;
    const left = (holds.get(number) ?? 0) - 1;
    if (left > 0) holds.set(number, left);
    else {
      holds.delete(number);
      forget(number);
    }
  };
  return {
    async numbered(adapter) {
      const tensors = [...adapter.tensors.values()];
      const old = known.get(adapter);
      if (
        old !== undefined &&
        holds.has(old.number) &&
        old.tensors.length === tensors.length &&
        old.tensors.every((tensor, i) => tensor === tensors[i])
      )
        return { number: old.number, given: undefined };
      const given = {
        lora: { ...adapter.lora, targets: [...adapter.lora.targets] },
        tensors: await Promise.all(
          Array.from(adapter.tensors, async ([name, tensor]) => ({
            name,
            shape: [...tensor.shape],
            values: (await tensor.data()) as Float32Array,
          })),
        ),
      };
      known.set(adapter, { number: ++made, tensors });
      return { number: made, given };
    },
    async use(number, user, ask) {
      hold(number);
      try {
        if (!uses.has(user)) uses.set(user, undefined);
        await ask();
      } catch (error) {
        release(number);
        throw error;
      }
      // A sequence that has ended meanwhile uses nothing.
      if (!uses.has(user)) release(number);
      else {
        release(uses.get(user));
        uses.set(user, number);
      }
    },
    end(user) {
      release(uses.get(user));
      uses.delete(user);
    },
  };
}
