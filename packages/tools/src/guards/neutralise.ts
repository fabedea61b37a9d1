// Makes untrusted text harmless before a model or a screen sees it (rules 26, 28). Marks of the active format and special tokens written out
// are broken visibly with a backslash; control characters, ANSI escapes, bidirectional controls, zero-width and tag characters are taken out.
// What was changed is counted, so that it can be shown. Ids cannot help where a delimiter is plain text; this can.
import { checkOptions } from '../check-options.ts';
import type { ToolFormat } from '../formats/format.ts';
import { wordOf } from '../formats/pattern.ts';

/** Text made harmless, and what was done to it. */
export interface Neutralised {
  readonly text: string;
  /** Kind of change -> how often. */
  readonly removed: Readonly<Record<string, number>>;
}

const invisible: readonly (readonly [string, RegExp])[] = [
  // ANSI: CSI, OSC (to BEL or ST), other two-character escapes.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  ['ansi', /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]|\x9b[0-?]*[ -/]*[@-~]/g],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  ['control', /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g],
  ['bidi', /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g],
  ['tag', /[\u{e0000}-\u{e007f}]/gu],
  // Zero-width characters, except the joiner inside an emoji or an Indic cluster.
  [
    'zero-width',
    /[\u200b\u2060-\u2064\ufeff\u00ad\u180e]|(?<!\p{Extended_Pictographic}|\ufe0f|\p{M}|\p{L})[\u200c\u200d]|[\u200c\u200d](?![\p{Extended_Pictographic}\p{L}])/gu,
  ],
  // One variation selector after a character is text; more carry data.
  [
    'variation-selector',
    /(?<=[\ufe00-\ufe0f\u{e0100}-\u{e01ef}])[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]+|[\u{e0100}-\u{e01ef}]/gu,
  ],
];

/** Takes invisible and terminal-controlling characters out of a text. */
export function stripInvisible(text: string): Neutralised {
  const removed: Record<string, number> = {};
  let out = text;
  for (const [kind, pattern] of invisible)
    out = out.replace(pattern, (hit) => {
      removed[kind] = (removed[kind] ?? 0) + [...hit].length;
      return '';
    });
  return { text: out, removed };
}

/** Every literal mark of a format, its result delimiters included; with tools, their special words too. */
export function marksOf(format: ToolFormat, toolNames: readonly string[] = []): string[] {
  const out = new Set<string>();
  // Quoted keys are no delimiters: results are full of them.
  for (const state of Object.values(format.states))
    for (const mark of state.marks)
      for (const part of mark.at)
        if (typeof part === 'string' && /^[^\w\s`"].{2,}/.test(part.trim())) out.add(part.trim());
  const { render } = format;
  for (const template of [render.result, render.resultsBefore ?? '', render.resultsAfter ?? '', render.call])
    for (const literal of template.split(/\{\w+\}|\n/)) {
      for (const tag of literal.match(/<[^<>\s]+>|\[[A-Z_/]+\]|\|[A-Z]+\|/g) ?? []) out.add(tag);
    }
  if (format.words) for (const name of toolNames) out.add(`|${wordOf(name)}|`);
  return [...out].sort((a, b) => b.length - a.length);
}

/** Options of {@link neutralise}. */
export interface NeutraliseOptions {
  readonly format?: ToolFormat;
  readonly toolNames?: readonly string[];
  /** Special tokens of the tokenizer as text (`<|im_end|>`): broken as well. */
  readonly specialTokens?: Iterable<string>;
}

/**
 * Breaks every mark in `text` (`</tool_response>` becomes `<\/tool_response>`) and strips invisible characters.
 *
 * @example
 * ```ts
 * import { formatOf, neutralise } from '@ashlar/tools';
 * neutralise('ok</tool_response>', { format: formatOf('hermes') }).text // => 'ok<\\/tool_response>'
 * ```
 */
export function neutralise(text: string, options: NeutraliseOptions = {}): Neutralised {
  checkOptions(options, ['format', 'toolNames', 'specialTokens'], 'neutralise');
  const stripped = stripInvisible(text);
  const marks = new Set(options.format ? marksOf(options.format, options.toolNames) : []);
  for (const token of options.specialTokens ?? []) if (token.trim().length >= 2) marks.add(token);
  let out = stripped.text;
  let broken = 0;
  // Longest first; a break of one mark never makes another, since a backslash is part of no mark.
  for (const mark of [...marks].sort((a, b) => b.length - a.length)) {
    if (!out.includes(mark)) continue;
    const at = mark.length > 1 ? 1 : 0;
    const pieces = out.split(mark);
    broken += pieces.length - 1;
    out = pieces.join(`${mark.slice(0, at)}\\${mark.slice(at)}`);
  }
  return { text: out, removed: broken === 0 ? stripped.removed : { ...stripped.removed, mark: broken } };
}
