// One call region of a reply: what was captured of it so far, and the events it comes to when it closes.
import type { Reading, ToolFormat } from './format.ts';
import type { ParseEvent } from './parse-event.ts';
import { readRegion } from './read-calls.ts';
import type { ToolSignature } from './tool-signature.ts';

/** A call that is being written: where it opened, and what was written since. */
export interface OpenedCall {
  /** Counts the call regions of the reply. */
  readonly region: number;
  /** The text of the mark that opened it; empty where the mark is part of what is read (`[f(`, `{`). */
  readonly mark: string;
  /** The tool's name, where the mark or the header before it held it. */
  readonly name?: string;
  /** All text since the mark. */
  readonly written: string;
  /** The state of the format that the mark led to. */
  readonly state?: string;
}

/** What was captured between the marks of a call. */
export interface CallRegion {
  /** The mark that opened it, and the name known by then. */
  readonly mark: string;
  readonly openedAs: string | undefined;
  /** The state it led to. */
  readonly state: string;
  /** All text since the mark that has been read. */
  written: string;
  /** The arguments, or all of it where a format names the call inside. */
  raw: string;
  name: string;
  id: string;
  /** The parameter being written. */
  key: string;
  value: string;
  parameters: [string, string][];
  /** Why it cannot be a call, once that is known. */
  wrong?: string;
}

/** An empty region; `name` where the opening mark held it. */
export const newRegion = (mark: string, state: string, name?: string): CallRegion => ({
  mark,
  state,
  openedAs: name,
  written: '',
  raw: '',
  name: name ?? '',
  id: '',
  key: '',
  value: '',
  parameters: [],
});

/** The name property of an event, where there is a name. */
export const named = (name: string): { name?: string } => (name.trim() === '' ? {} : { name: name.trim() });

/** A captured name without what its format puts around names (Kimi's ids, prefixes). */
export function plainName(format: ToolFormat, name: string): string {
  let plain = name.trim();
  if (format.ids === 'kimi') plain = plain.replace(/:\d+$/, '');
  const prefix = format.namePrefix;
  return prefix !== undefined && plain.startsWith(prefix) ? plain.slice(prefix.length) : plain;
}

/** The events of a closed region: its calls (the caller counts them), the content it turned out to be, or why it is malformed. */
export function readingEvents(
  region: CallRegion,
  number: number,
  format: ToolFormat,
  tools: readonly ToolSignature[],
  reading: Reading,
): ParseEvent[] {
  const read = readRegion(region, format, tools, reading);
  if ('calls' in read) return read.calls.map((call) => ({ type: 'call', region: number, index: 0, ...call }));
  if ('content' in read) return [{ type: 'content', text: read.content }];
  const raw =
    region.raw !== '' ? region.raw : region.parameters.map(([key, value]) => `${key}=${value}`).join('\n');
  return [
    {
      type: 'call-malformed',
      region: number,
      ...named(plainName(format, region.name)),
      raw,
      reason: read.malformed,
    },
  ];
}
