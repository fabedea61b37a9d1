// A whole reply in one go: the parser's events gathered into a message.

import type { EndReason, ParseEvent } from './parse-event.ts';
import type { ToolCallParserOptions } from './parser-options.ts';
import type { ReadCall } from './read-calls.ts';
import { ToolCallParser } from './tool-call-parser.ts';

/** A reply taken apart. */
export interface ParsedReply {
  /** Text for the reader, as written (white space around calls included). */
  readonly content: string;
  readonly reasoning: string;
  readonly calls: readonly ReadCall[];
  /** Regions that are complete but unreadable, and the region that the end cut off: neither may run. */
  readonly malformed: readonly { readonly name?: string; readonly raw: string; readonly reason: string }[];
  readonly incomplete: readonly { readonly name?: string; readonly raw: string }[];
}

/** Gathers events into a message. */
export function gatherReply(events: Iterable<ParseEvent>): ParsedReply {
  let content = '';
  let reasoning = '';
  const calls: ReadCall[] = [];
  const malformed: { name?: string; raw: string; reason: string }[] = [];
  const incomplete: { name?: string; raw: string }[] = [];
  for (const event of events) {
    if (event.type === 'content') content += event.text;
    else if (event.type === 'reasoning') reasoning += event.text;
    else if (event.type === 'call') {
      const { type: _type, region: _region, index: _index, ...call } = event;
      calls.push(call);
    } else if (event.type === 'call-malformed') {
      const { type: _type, region: _region, ...rest } = event;
      malformed.push(rest);
    } else if (event.type === 'call-incomplete') {
      const { type: _type, region: _region, ...rest } = event;
      incomplete.push(rest);
    }
  }
  return { content, reasoning, calls, malformed, incomplete };
}

/**
 * Takes a complete reply apart.
 *
 * @example
 * ```ts
 * import { parseReply } from '@ashlar/tools';
 * const reply = parseReply('[TOOL_CALLS]now[ARGS]{}', { format: 'mistral-v13' });
 * reply.calls[0]?.name // => 'now'
 * ```
 */
export function parseReply(
  text: string,
  options: ToolCallParserOptions & { readonly end?: EndReason },
): ParsedReply {
  const { end = 'stop', ...rest } = options;
  const parser = new ToolCallParser(rest);
  return gatherReply([...parser.push(text), ...parser.end(end)]);
}
