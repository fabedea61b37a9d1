// A wire format of tool calls as data: states, the marks that lead from one to the next, and templates for the way back. The spirit is
// Hugging Face's `response_template` (regions with open and close marks, content kinds json / text / key-value, schema-typed values); it
// differs in being a state graph of literal marks, since a stream needs "this may still become a mark", which a regular expression in
// JavaScript cannot answer. Everything here is JSON: a format can be stored, sent and extended without code.
import type { Part } from './pattern.ts';
import type { LexerKind } from './value-lexer.ts';

/** What a region's text means once it is complete. */
export type Reading =
  /** One `{name, arguments}` object, a list of them, or several split by `;`. */
  | 'json-calls'
  /** As json-calls, but text that is no call is content (formats without a mark). */
  | 'json-calls-or-content'
  /** The arguments object of a call whose name is known. */
  | 'json-arguments'
  /** Key/value pairs captured one by one, typed by the tool's schema. */
  | 'parameters'
  /** `[f(a=1), g(b="x")]` or `f(a=1)`: a literal subset of Python. */
  | 'python-calls'
  /** Gemma 4's `{key:<|"|>text<|"|>,n:3}`. */
  | 'gemma-arguments'
  /** Llama's `<|python_tag|>`: a built-in call, JSON, or code. */
  | 'python-tag'
  /** One raw value for the tool's main parameter, or a JSON object (special words, code tools). */
  | 'main-argument';

/** What happens when a mark is met. `open` begins a call region, `close` finishes it, `reset` drops what was captured. */
export type Act = 'open' | 'close' | 'drop';

/** Leads from one state to another. */
export interface Mark {
  readonly at: readonly Part[];
  /** After optional white space one of these must follow (or the reply ends); makes a close mark inside a raw value safe. */
  readonly ahead?: readonly string[];
  readonly to: string;
  readonly act?: Act;
  /** Only where nothing but white space was written before in this reply. */
  readonly first?: true;
  /** Only where something was written before. */
  readonly later?: true;
  /** The mark's text stays to be read by the next state. */
  readonly keep?: true;
  /** Chooses by what was captured in this state (harmony's headers, Functionary's recipients); the first that fits wins. */
  readonly routes?: readonly Route[];
}
/** One outcome of a captured header. */
export interface Route {
  readonly equals?: string;
  readonly contains?: string;
  readonly to: string;
  readonly act?: Act;
  /** The call's name is the word after this text, without `dropPrefix`. */
  readonly nameAfter?: string;
  /** The call's name is the captured text itself. */
  readonly nameIsCapture?: true;
}

/** Text that reaches the reader of the reply. */
export interface TextState {
  readonly kind: 'text';
  readonly as: 'content' | 'reasoning' | 'nothing';
  readonly marks: readonly Mark[];
}
/** Text that is kept until a mark. */
export interface CaptureState {
  readonly kind: 'capture';
  readonly as: 'name' | 'id' | 'header' | 'key' | 'value' | 'arguments' | 'nothing';
  readonly lexer?: LexerKind;
  readonly marks: readonly Mark[];
  /** Go on as soon as the value's outermost bracket closes. */
  readonly whenComplete?: { readonly to: string; readonly act?: Act };
  /** `close`: the end of the turn finishes the call, if its value is complete (Llama, harmony). Default: it is incomplete. */
  readonly atEnd?: 'close';
}
/** White space, then one of the marks. */
export interface ExpectState {
  readonly kind: 'expect';
  readonly marks: readonly Mark[];
  /** Where anything else is read. Inside an open call anything else makes the call malformed instead. */
  readonly otherwise: string;
  /** The open call counts only if the reply ends here or goes on with a mark; before anything else it was content. */
  readonly last?: true;
}
/** One state of a format. */
export type State = TextState | CaptureState | ExpectState;

/** How calls and results are written; `{name}`, `{nameJson}`, `{args}`, `{id}`, `{index}`, `{key}`, `{value}`, `{text}`, `{word}` are filled in. */
export interface RenderTemplate {
  readonly before: string;
  readonly call: string;
  readonly between: string;
  readonly after: string;
  /** How `{args}` is written: JSON as json.dumps does, pythonic keywords, Gemma's quoting, one parameter after another, or the main argument. */
  readonly args: 'json' | 'python' | 'gemma' | 'parameters' | 'main';
  /** With 'parameters': one `{key}` and `{value}`; objects and lists as JSON, strings as they are. */
  readonly parameter?: string;
  /** One result; `{text}` is neutralised first. */
  readonly result: string;
  /** Around all results of a step. */
  readonly resultsBefore?: string;
  readonly resultsAfter?: string;
  /** Where results go: into the same assistant turn, or as a turn of their own (the role that the chat template has for it). */
  readonly splice: 'inline' | 'turn';
  readonly resultRole?: 'tool' | 'user' | 'ipython';
}

/** Another way in which models of a format write calls: `before`, `call`, `between` and `after` instead of the template's. */
export type Dress = Pick<RenderTemplate, 'before' | 'call' | 'between' | 'after'> & {
  /** `tag`: a built-in call, JSON or code, as behind `<|python_tag|>`. */
  readonly args: RenderTemplate['args'] | 'tag';
};

/** A wire format: how a model of one family writes calls, and how calls and results are written for it. */
export interface ToolFormat {
  readonly name: string;
  /** The state a reply begins in, by the end of the prompt; else `content`. */
  readonly start?: readonly { readonly promptEndsWith: string; readonly state: string }[];
  readonly states: Readonly<Record<string, State>>;
  readonly reading: Reading;
  /** States whose text is read otherwise (`<|python_tag|>` beside JSON). */
  readonly readings?: Readonly<Record<string, Reading>>;
  /** Raw parameter values lose one leading and one trailing line break, or all white space around them. */
  readonly padded?: true | 'all';
  /** Call ids: none in the text, nine letters and digits (Mistral), or `functions.NAME:INDEX` (Kimi), which carry the name. */
  readonly ids: 'none' | 'mistral' | 'kimi';
  /** Names are written as upper-case words of the tools' names. */
  readonly words?: true;
  /** Prefix that the format puts before names (`functions.`). */
  readonly namePrefix?: string;
  readonly render: RenderTemplate;
  /**
   * What stands before content and before a call, in states where a reply is neither yet (harmony's headers). `opened`: what `render` writes first of
   * a call has been written there.
   */
  readonly begins?: Readonly<
    Record<string, { readonly content: string; readonly call: string; readonly opened?: string }>
  >;
  /** Where a call may also open otherwise than `render` writes it: how it goes on, by the state that its opening mark leads to. */
  readonly dresses?: Readonly<Record<string, Dress>>;
}
