// An item of an array whose items must differ: it is run in a machine state of its own, beside its text, so that at its
// end its value is known.
import type { Emit, Frame, Machine, MachineState, Readable, Stack } from './machine.ts';
import { jsonKey } from './schema-compiler.ts';

/** In place of a key or item whose text is left open when looking ahead; no text is a lone surrogate. */
export const leftOpen = '\udc00';

/** What a distinct item is made of. */
export interface DistinctItem {
  /** Names what tells this kind of item from others. */
  readonly key: string;
  /** Reads the item. */
  readonly value: Readable;
  /** The items before it, as canonical JSON. */
  readonly seen: readonly string[];
  /** The frame of the array behind it, when these items are there. */
  behind(seen: readonly string[]): Frame;
  /** Where looking ahead ends. */
  readonly open: Frame;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The item as a readable, above a frame that was made for any item. */
export function distinctItem(machine: Machine, { key, value, seen, behind, open }: DistinctItem): Readable {
  const ended = (bytes: string, rest: Stack, out: Emit): void => {
    const text = decoder.decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
    const all = [...seen, jsonKey(JSON.parse(text))].sort();
    // The frame below was made for any item; this one knows the value.
    machine.pop(machine.push(behind(all), rest.rest as Stack), out);
  };
  const frameOf = (inner: MachineState, bytes: string): Frame =>
    machine.frame(
      `item ${key} ${inner.stacks.map((s) => s.id).join(' ')} ${seen.join('\n')} ${bytes}`,
      () => ({
        unfold: (rest, out) => {
          // A second item of which nothing is remembered could be the first one again.
          const then = seen.includes(leftOpen) ? open : behind([...seen, leftOpen].sort());
          const below = machine.push(then, rest.rest as Stack);
          for (const stack of inner.stacks) if (stack.frame !== undefined) out(machine.rebase(stack, below));
        },
        step: (byte, rest, out) => {
          const after = machine.step(inner, byte);
          if (after === null) return;
          const all = bytes + String.fromCharCode(byte);
          if (after.complete) ended(all, rest, out);
          if (after.stacks.some((s) => s.frame !== undefined)) out(machine.push(frameOf(after, all), rest));
        },
      }),
    );
  return {
    id: machine.newId(),
    enter: (rest, out) => out(machine.push(frameOf(machine.start(value), ''), rest)),
  };
}
