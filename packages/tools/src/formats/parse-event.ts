// What the parser says of a reply while it is written.
import type { Reading } from './format.ts';
import type { ReadCall } from './read-calls.ts';

/** What a reply turned out to hold, in the order it was written. Text deltas of one kind may be joined freely. */
export type ParseEvent =
  | { readonly type: 'content'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  /** A call has begun; its name is there once it is known. `region` counts the call regions of the reply, `reading` says how its text will be read. */
  | {
      readonly type: 'call-open';
      readonly region: number;
      readonly name?: string;
      readonly reading: Reading;
    }
  /** The id that the format wrote before the arguments. */
  | { readonly type: 'call-id'; readonly region: number; readonly id: string }
  /** The parameter that the following `call-text` belongs to, in formats that write parameters one by one. */
  | { readonly type: 'call-key'; readonly region: number; readonly key: string }
  /** Provisional text of the arguments, as written: for display only. */
  | { readonly type: 'call-text'; readonly region: number; readonly text: string }
  /** A complete call. `index` counts the calls of the reply. */
  | ({ readonly type: 'call'; readonly region: number; readonly index: number } & ReadCall)
  /** A complete region that could not be read as a call. */
  | {
      readonly type: 'call-malformed';
      readonly region: number;
      readonly name?: string;
      readonly raw: string;
      readonly reason: string;
    }
  /** The reply ended inside a call: it must not run. */
  | {
      readonly type: 'call-incomplete';
      readonly region: number;
      readonly name?: string;
      readonly raw: string;
    };

/** Why a reply ended. Only `stop` (an end-of-turn token) may finish a call whose format ends with the turn. */
export type EndReason = 'stop' | 'length' | 'abort' | 'error';
