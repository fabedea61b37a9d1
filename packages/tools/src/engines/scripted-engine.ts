// A model that says what a script says: for tests, documentation and the security table. Each reply is one stretch of sampling: up to a splice
// (inline formats) or a whole turn. A reply may be a function of the conversation, so a script can obey what it reads.
import { checkOptions } from '../check-options.ts';
import type { EndReason } from '../formats/parse-event.ts';
import type { ChatMessage, Engine, EnginePiece, EngineTurn } from './engine.ts';

/** One reply: text, or text and how it ends, or calls already taken apart. */
export type ScriptedReply =
  | string
  | {
      readonly text?: string;
      readonly end?: EndReason;
      readonly calls?: readonly { readonly name: string; readonly arguments: string; readonly id?: string }[];
    };

/** Options of {@link scriptedEngine}. */
export interface ScriptedEngineOptions {
  readonly format?: string;
  /** Characters a piece; default 7, so that marks are cut somewhere. */
  readonly chunk?: number;
  readonly promptTail?: string;
}

/** An engine that plays `replies`; when they run out it ends its turn. `prompts` records what it was shown. */
export function scriptedEngine(
  replies:
    | readonly ScriptedReply[]
    | ((messages: readonly ChatMessage[], spliced: string) => ScriptedReply | undefined),
  options: ScriptedEngineOptions = {},
): Engine & { readonly prompts: (readonly ChatMessage[])[]; readonly forced: string[] } {
  checkOptions(options, ['format', 'chunk', 'promptTail'], 'scriptedEngine');
  if (typeof replies !== 'function' && !Array.isArray(replies))
    throw new TypeError(`replies: expected a list of replies or a function, got ${typeof replies}`);
  const { format = 'hermes', chunk = 7, promptTail = '' } = options;
  const prompts: (readonly ChatMessage[])[] = [];
  const forced: string[] = [];
  let next = 0;
  return {
    format,
    prompts,
    forced,
    open(messages): EngineTurn {
      prompts.push([...messages]);
      let pieces: EnginePiece[] = [];
      let spliced = '';
      let ended = false;
      const load = (): void => {
        const reply = typeof replies === 'function' ? replies(messages, spliced) : replies[next++];
        if (reply === undefined) {
          pieces.push({ type: 'end', reason: 'stop' });
          return;
        }
        const { text = '', end, calls = [] } = typeof reply === 'string' ? { text: reply } : reply;
        for (let i = 0; i < text.length; i += chunk)
          pieces.push({ type: 'text', text: text.slice(i, i + chunk), tokens: 1 });
        for (const call of calls) pieces.push({ type: 'call', ...call });
        pieces.push({ type: 'end', reason: end ?? 'stop' });
      };
      return {
        promptTail,
        next(): EnginePiece {
          if (pieces.length === 0 && !ended) load();
          const piece = pieces.shift() ?? { type: 'end', reason: 'stop' };
          ended = piece.type === 'end';
          return piece;
        },
        force(segments): number {
          const text = segments.map((s) => s.text).join('');
          forced.push(text);
          spliced += text;
          // What the script had left of this stretch was written before the result could be known; only an end of turn may be dropped.
          pieces = pieces.filter((piece) => piece.type !== 'end');
          return Math.ceil(text.length / chunk);
        },
        close(): void {},
      };
    },
  };
}
