// What a parser of replies is told.
import type { ToolFormat } from './format.ts';

/** Options of {@link ToolCallParser}. */
export interface ToolCallParserOptions {
  /** A format's name or the format itself. */
  readonly format: string | ToolFormat;
  /** The tools that were offered; values without types are typed by their schemas. */
  readonly tools?: readonly unknown[];
  /** The last characters of the prompt: a template may have begun the reply (`<think>`, `>>>`). */
  readonly promptTail?: string;
  /** Marks that are special tokens of the tokenizer: these match only as tokens pushed with `special`, never as spelled-out text. */
  readonly specialMarks?: Iterable<string>;
}

const accepted = new Set(['format', 'tools', 'promptTail', 'specialMarks']);

/** @throws TypeError for an option that does not exist. */
export function checkParserOptions(options: ToolCallParserOptions): void {
  for (const key of Object.keys(options))
    if (!accepted.has(key)) throw new TypeError(`${key}: expected one of ${[...accepted].join(', ')}`);
}
