// From a journal to finetuning rows: the same text the model saw, in pieces with a mask. What the model sampled is trained on (1); the prompt and
// everything that was forced, results above all, is not (0): a model that is trained on results learns to invent them.
import type { ChatMessage } from '../engines/engine.ts';
import type { JournalEntry } from './journal.ts';

/** One training row: pieces of text with their mask, and the messages before them. */
export interface TrainingRow {
  readonly messages: readonly ChatMessage[];
  /** `special`: the piece was sampled as exactly one special token. */
  readonly pieces: readonly { readonly text: string; readonly train: 0 | 1; readonly special?: true }[];
}

/**
 * The rows of a run, one a model turn. Inline results are pieces with mask 0 inside the row.
 *
 * @example
 * ```ts
 * import { memoryJournal, toTrainingRows } from '@ashlar/tools';
 * const journal = memoryJournal([
 *   { entry: 'begin', runId: 'r', messages: [{ role: 'user', content: '12 * 7?' }] },
 *   { entry: 'input', input: { input: 'push', text: 'It is |CALCULATOR| 12 * 7 |', tokens: 9 } },
 *   { entry: 'forced', text: ' |RESULT| 84 |' },
 *   { entry: 'input', input: { input: 'push', text: ', so 84.', tokens: 4 } },
 * ]);
 * toTrainingRows(journal)[0]?.pieces.map((p) => p.train) // => [1, 0, 1]
 * ```
 */
export function toTrainingRows(journal: { readonly entries: Iterable<JournalEntry> }): TrainingRow[] {
  const rows: TrainingRow[] = [];
  let messages: readonly ChatMessage[] = [];
  let pieces: { text: string; train: 0 | 1; special?: true }[] = [];
  const add = (text: string, train: 0 | 1, special = false): void => {
    const last = pieces.at(-1);
    if (special) pieces.push({ text, train, special });
    else if (last?.train === train && last.special === undefined) last.text += text;
    else pieces.push({ text, train });
  };
  const flush = (): void => {
    if (pieces.some((piece) => piece.train === 1)) rows.push({ messages, pieces });
    pieces = [];
  };
  for (const entry of journal.entries) {
    if (entry.entry === 'begin') {
      flush();
      messages = entry.messages;
    } else if (entry.entry === 'input' && entry.input.input === 'push')
      add(entry.input.text, 1, entry.input.special);
    else if (entry.entry === 'forced') add(entry.text, 0);
    else if (entry.entry === 'turn') {
      flush();
      messages = [...messages, ...entry.messages];
    }
  }
  flush();
  return rows;
}
