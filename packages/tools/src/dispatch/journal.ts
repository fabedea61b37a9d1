// The record of a run: what the machine was given, and what the driver did. From it a run goes on in another process, is replayed offline, and
// becomes training rows. Entries are JSON; a journal is append-only.

import type { ChatMessage } from '../engines/engine.ts';
import type { Verdict } from '../policy/policy.ts';
import type { DispatchInput } from './dispatch-events.ts';

/** One line of a journal. */
export type JournalEntry =
  | { readonly entry: 'begin'; readonly runId: string; readonly messages: readonly ChatMessage[] }
  | { readonly entry: 'input'; readonly input: DispatchInput }
  /** Text that was forced into the sequence in mid-turn. */
  | { readonly entry: 'forced'; readonly text: string }
  /** The turn ended; these messages were added. */
  | { readonly entry: 'turn'; readonly messages: readonly ChatMessage[] }
  | { readonly entry: 'verdict'; readonly callId: string; readonly verdict: Verdict };

/** Where entries go; may be a file, a database, or memory. */
export interface Journal {
  /** Files one entry; must be durable before it resolves. */
  append(entry: JournalEntry): Promise<void> | void;
  readonly entries: Iterable<JournalEntry>;
}

/** A journal in memory, optionally beginning with entries read from elsewhere. */
export function memoryJournal(
  entries: Iterable<JournalEntry> = [],
): Journal & { readonly entries: readonly JournalEntry[] } {
  const list = [...entries];
  return { append: (entry) => void list.push(entry), entries: list };
}
