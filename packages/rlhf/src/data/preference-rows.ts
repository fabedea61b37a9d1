// Preference data in TRL's column conventions (docs/source/dataset_formats.md), both shapes: standard (strings) and conversational (lists of messages), with explicit prompt or with
// the prompt as the common start of chosen and rejected. Every error names the row.
import { listOf, RowError } from './row-error.ts';

/** One message of a conversation; further fields (tool calls) are kept. */
export interface Message {
  readonly role: string;
  readonly content: string;
  readonly [field: string]: unknown;
}

/** Text, or a conversation. */
export type Content = string | readonly Message[];

/** A pair: what was preferred and what was not, after the same prompt. */
export interface PreferenceRow {
  readonly prompt: Content;
  readonly chosen: Content;
  readonly rejected: Content;
  /** By how much, where the data says. */
  readonly margin?: number;
}

/** An answer with a thumb up or down. */
export interface UnpairedRow {
  readonly prompt: Content;
  readonly completion: Content;
  readonly label: boolean;
}

/** A prompt and what should follow. */
export interface CompletionRow {
  readonly prompt: Content;
  readonly completion: Content;
}

/** K answers of one prompt with ranks: 1 is best, equal ranks are ties. */
export interface RankingRow {
  readonly prompt: Content;
  readonly completions: readonly Content[];
  readonly ranks: readonly number[];
}

type Row = Readonly<Record<string, unknown>>;

function content(row: Row, at: number, column: string): Content {
  const value = row[column];
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length > 0) {
    for (const message of value as Row[])
      if (typeof message?.['role'] !== 'string' || typeof message['content'] !== 'string')
        throw new RowError(at, column, 'messages {role, content}', message);
    return value as Message[];
  }
  throw new RowError(at, column, 'a string or a list of messages', value);
}

function record(row: unknown, at: number): Row {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw new RowError(at, 'row', 'an object', row);
  return row as Row;
}

const sameShape = (a: Content, b: Content): boolean => (typeof a === 'string') === (typeof b === 'string');

/** Pairs `{prompt, chosen, rejected, margin?}` or `{chosen, rejected, margin?}`. */
export function readPreferenceRows(rows: readonly unknown[]): PreferenceRow[] {
  return listOf(rows).map((value, at) => {
    const row = record(value, at);
    const chosen = content(row, at, 'chosen');
    const rejected = content(row, at, 'rejected');
    if (!sameShape(chosen, rejected)) throw new RowError(at, 'rejected', 'the shape of chosen', rejected);
    const margin = row['margin'];
    if (margin !== undefined && margin !== null && typeof margin !== 'number')
      throw new RowError(at, 'margin', 'a number', margin);
    const extra = typeof margin === 'number' ? { margin } : {};
    if (row['prompt'] === undefined) return { ...splitPrompt(chosen, rejected, at), ...extra };
    const prompt = content(row, at, 'prompt');
    if (!sameShape(prompt, chosen)) throw new RowError(at, 'prompt', 'the shape of chosen', prompt);
    return { prompt, chosen, rejected, ...extra };
  });
}

/** The common start of two answers as their prompt. Text is cut before a space or line break, never inside a word. */
export function splitPrompt(chosen: Content, rejected: Content, at = 0): PreferenceRow {
  if (typeof chosen === 'string' && typeof rejected === 'string') {
    let i = 0;
    while (i < chosen.length && i < rejected.length && chosen[i] === rejected[i]) i++;
    while (i > 0 && !/\s/.test(chosen[i] ?? ' ')) i--;
    return { prompt: chosen.slice(0, i), chosen: chosen.slice(i), rejected: rejected.slice(i) };
  }
  const [a, b] = [chosen as readonly Message[], rejected as readonly Message[]];
  let i = 0;
  while (i < a.length - 1 && i < b.length - 1 && JSON.stringify(a[i]) === JSON.stringify(b[i])) i++;
  if (i === 0) throw new RowError(at, 'prompt', 'a common first message of chosen and rejected', undefined);
  return { prompt: a.slice(0, i), chosen: a.slice(i), rejected: b.slice(i) };
}

/** `{prompt, completion, label}`. */
export function readUnpairedRows(rows: readonly unknown[]): UnpairedRow[] {
  return listOf(rows).map((value, at) => {
    const row = record(value, at);
    if (typeof row['label'] !== 'boolean') throw new RowError(at, 'label', 'true or false', row['label']);
    return {
      prompt: content(row, at, 'prompt'),
      completion: content(row, at, 'completion'),
      label: row['label'],
    };
  });
}

/** `{prompt, completion}`, `{messages}` (the last message is the completion) or Alpaca's `{instruction, input?, output}`. */
export function readCompletionRows(rows: readonly unknown[]): CompletionRow[] {
  return listOf(rows).map((value, at) => {
    const row = record(value, at);
    if (row['messages'] !== undefined) {
      const messages = content(row, at, 'messages');
      if (typeof messages === 'string' || messages.at(-1)?.role !== 'assistant')
        throw new RowError(at, 'messages', 'messages that end with one of the assistant', row['messages']);
      return { prompt: messages.slice(0, -1), completion: messages.slice(-1) };
    }
    if (row['instruction'] !== undefined) {
      const input = typeof row['input'] === 'string' && row['input'] !== '' ? `\n\n${row['input']}` : '';
      return {
        prompt: [{ role: 'user', content: `${content(row, at, 'instruction')}${input}` }],
        completion: [{ role: 'assistant', content: String(content(row, at, 'output')) }],
      };
    }
    return { prompt: content(row, at, 'prompt'), completion: content(row, at, 'completion') };
  });
}

/** `{prompt, completions, ranks}`; ranks are whole numbers from 1, equal ones tie. */
export function readRankingRows(rows: readonly unknown[]): RankingRow[] {
  return listOf(rows).map((value, at) => {
    const row = record(value, at);
    const completions = row['completions'];
    const ranks = row['ranks'];
    if (!Array.isArray(completions) || completions.length < 2)
      throw new RowError(at, 'completions', 'at least 2 answers', completions);
    if (
      !Array.isArray(ranks) ||
      ranks.length !== completions.length ||
      !ranks.every((r) => Number.isInteger(r) && r >= 1)
    )
      throw new RowError(at, 'ranks', `${completions.length} whole numbers from 1`, ranks);
    return {
      prompt: content(row, at, 'prompt'),
      completions: completions.map((_, i) =>
        content({ [`completions[${i}]`]: completions[i] }, at, `completions[${i}]`),
      ),
      ranks: ranks as number[],
    };
  });
}

/** Every decided pair of a ranking, better first: ties make none. */
export function pairsOfRanking(row: RankingRow): PreferenceRow[] {
  return row.ranks.flatMap((r, i) =>
    row.ranks.flatMap((s, j) =>
      r < s ? [{ prompt: row.prompt, chosen: row.completions[i], rejected: row.completions[j] }] : [],
    ),
  );
}
