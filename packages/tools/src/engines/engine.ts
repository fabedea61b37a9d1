// What the driver asks of whatever writes the text. A local model samples pieces and accepts forced ones (`force`), so results can be spliced in
// mid-sentence; an endpoint gives whole turns, with its calls already taken apart. Both fit one interface, and so does a script.
import type { OpenedCall } from '../formats/call-region.ts';
import type { ToolFormat } from '../formats/format.ts';
import type { EndReason } from '../formats/parse-event.ts';
import type { JsonSchema, ToolSignature } from '../formats/tool-signature.ts';
import type { JsonObject } from '../json.ts';
import type { Label, Segment } from '../label.ts';

/** A message of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly {
    readonly id: string;
    readonly name: string;
    readonly arguments: JsonObject;
  }[];
  readonly toolCallId?: string;
  readonly name?: string;
  /** Provenance; default by role (a tool message is untrusted). */
  readonly label?: Label;
}

/** A token and ln of the probability that the model gave it, before any sampling setting. */
export interface TokenProbability {
  /** The token as text; bytes that are no whole character are shown as U+FFFD. */
  readonly token: string;
  readonly bytes: Uint8Array;
  readonly logprob: number;
}
/** A sampled token, and the most probable ones in its place. */
export interface TokenLogprob extends TokenProbability {
  readonly top: readonly TokenProbability[];
}

/** The next thing the model wrote. */
export type EnginePiece =
  /** Sampled text; `special` when it is exactly one special token. */
  | {
      readonly type: 'text';
      readonly text: string;
      readonly tokens?: number;
      readonly special?: boolean;
      /** Of the piece's tokens, where `open` was asked for them. */
      readonly logprobs?: readonly TokenLogprob[];
    }
  | { readonly type: 'reasoning'; readonly text: string }
  /** A call that the endpoint has taken apart; `arguments` is its JSON text. */
  | { readonly type: 'call'; readonly name: string; readonly arguments: string; readonly id?: string }
  /** `tokens`: how many were sampled to say so (an end-of-turn token). */
  | { readonly type: 'end'; readonly reason: EndReason; readonly tokens?: number };

/** What the text sampled next must be. */
export type Constrained =
  /** JSON that satisfies a schema, to the end of the turn; `begin`: where in the format the model stands (harmony opens its content with a header). */
  | {
      readonly kind: 'json';
      readonly schema: JsonSchema;
      readonly begin?: { readonly format: ToolFormat; readonly state: string };
    }
  /** The rest of a call of one of the tools, as the format writes calls. */
  | {
      readonly kind: 'call';
      /** Or JSON that satisfies this schema, in place of calls; either to the end of the turn. */
      readonly orJson?: JsonSchema;
      readonly format: ToolFormat;
      readonly tools: readonly ToolSignature[];
      readonly opened: Pick<OpenedCall, 'mark' | 'name' | 'state' | 'written'>;
      /** A schema that cannot be held to is an error. */
      readonly strict?: boolean;
      /** Calls in one list at most; default 16. */
      readonly mostCalls?: number;
    };

/** One turn of the model, open for sampling. */
export interface EngineTurn {
  /** The last characters of the rendered prompt: a template may have begun the reply. */
  readonly promptTail: string;
  /** Tokens of the rendered prompt, and how many of them were still there from the turn before. */
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
  /** Samples the next piece. */
  next(signal: AbortSignal): Promise<EnginePiece> | EnginePiece;
  /** Puts segments into the sequence without sampling, ordinary text with specials off; returns how many tokens that was. */
  force?(segments: readonly Segment[]): Promise<number> | number;
  /** Constrains what is sampled next, or frees it (`undefined`): the grammar hand-off. Answers whether sampling is held to it. */
  constrain?(what: Constrained | undefined): boolean;
  /** The label of every position of the sequence, prompt included; undefined at special tokens that a caller put there. */
  labels?(): readonly (Label | undefined)[];
  /** Ends the turn; its resources may go. */
  close(): Promise<void> | void;
}

/** Sampling settings of one turn, for engines that take them. */
export interface SamplingSettings {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly maxTokens?: number;
  /** Added to the logits of these token ids. */
  readonly logitBias?: Readonly<Record<string, number>>;
}

/** What the driver generates with. */
export interface Engine {
  /** Wire format of the calls in the text; `structured` when calls come taken apart. */
  readonly format?: string;
  /** Opens the model's turn behind `messages`; `written` is what this turn already holds (resuming an inline run). */
  open(
    messages: readonly ChatMessage[],
    options: {
      readonly tools: readonly JsonObject[];
      readonly signal: AbortSignal;
      readonly written?: readonly Segment[];
      readonly sampling?: SamplingSettings;
      /** Asks for the log probability of every sampled token, beside those of this many most probable ones (`givesLogprobs`). */
      readonly logprobs?: number;
    },
  ): Promise<EngineTurn> | EngineTurn;
  /** Settings that `open` heeds; others must not be asked for. */
  readonly acceptsSampling?: readonly (keyof SamplingSettings)[];
  /** Whether `open` heeds `logprobs`. */
  readonly givesLogprobs?: boolean;
  /** Tokens of a text; default: an estimate. */
  countTokens?(text: string): number;
  /** Tokens that a prompt may have; older results and exchanges give way when a conversation outgrows it. */
  readonly maxPromptTokens?: number;
  /** Special tokens of the tokenizer as text; broken in results. */
  readonly specialTokens?: readonly string[];
}
