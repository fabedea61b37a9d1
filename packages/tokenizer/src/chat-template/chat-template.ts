// Chat templates: Jinja2 as transformers sets it up (ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks,
// loopcontrols, `{% generation %}`, its `tojson`), by our own parser and evaluator, whose strings know where every
// character came from. `text` equals transformers' rendering byte for byte; `spans` is what no other engine has.
import { compileScope } from './compile-statement.ts';
import { Frame } from './frame.ts';
import { globalsOf } from './globals.ts';
import { inputValue } from './input-values.ts';
import { literalsOf } from './literals-of.ts';
import { parseTemplate } from './parse-template.ts';
import {
  type LabelKind,
  labelKindOfRole,
  type ProvenanceLabel,
  structuralRoles,
} from './provenance-label.ts';
import { dictOf } from './python-compare.ts';
import { Runtime, type TemplateLimits } from './runtime.ts';
import { computedOrigin, roleOrigin, Str, StrBuilder } from './str.ts';
import { ChatTemplateError } from './template-error.ts';
import { Dict, List, type Value } from './values.ts';

/** A message of a conversation: a role and whatever fields the template reads. */
export interface ChatMessage {
  /** `system`, `user`, `assistant`, `tool` or what the model was trained with. */
  readonly role: string;
  /** Text, or parts for models that see more than text. */
  readonly content?: unknown;
  /** `tool_calls`, `tool_call_id`, `name`, `reasoning_content`, ... */
  readonly [field: string]: unknown;
}

/** What a template is rendered with beside the messages. Unknown options throw. */
export interface RenderOptions {
  /** Tool definitions (JSON schemas), seen by the template as `tools`. Default none. */
  readonly tools?: readonly unknown[] | null;
  /** Documents for retrieval, seen as `documents`. Default none. */
  readonly documents?: readonly unknown[] | null;
  /** Ends the prompt with the opening of an assistant turn: `add_generation_prompt`. Default false. */
  readonly addGenerationPrompt?: boolean;
  /** Further variables by the names that the template uses (`enable_thinking`, ...). Their text is data. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /**
   * The tokenizer's own special tokens by the names that the template uses (`bos_token`, `eos_token`, ...). These count as
   * literal text of the template; a variable of the same name, which is data, takes their place.
   */
  readonly specialTokens?: Readonly<Record<string, string>>;
  /** The date that `strftime_now` formats, in local time. Default the clock. */
  readonly now?: Date;
  /** Bounds against hostile templates. */
  readonly limits?: TemplateLimits;
}

/** A run of rendered characters of one provenance. */
export interface TemplateSpan {
  /** First UTF-16 unit. */
  readonly start: number;
  /** One past the last UTF-16 unit. */
  readonly end: number;
  /** Where the characters came from. */
  readonly label: ProvenanceLabel;
  /** Whether they were made inside `{% generation %}`: what the assistant said, for a training mask. */
  readonly generated: boolean;
}

/** A rendered prompt. The spans follow each other without gaps and cover the text. */
export interface RenderedChat {
  /** The prompt, equal to what transformers renders. */
  readonly text: string;
  /** Provenance of every character. */
  readonly spans: readonly TemplateSpan[];
}

/** A compiled chat template; it has no state and can be rendered any number of times. */
export interface ChatTemplate {
  /** The Jinja source. */
  readonly source: string;
  /** All literal text of the template: what stands between the tags and every string constant. */
  readonly literals: readonly string[];
  /**
   * Renders a conversation. Throws {@link ChatTemplateError} when the template does (`raise_exception`), asks for what is
   * not there, or goes over a limit.
   */
  render(messages: readonly ChatMessage[], options?: RenderOptions): RenderedChat;
}

const known: readonly string[] = [
  'tools',
  'documents',
  'addGenerationPrompt',
  'variables',
  'specialTokens',
  'now',
  'limits',
];

/**
 * Compiles the Jinja source of a chat template. A malformed one throws {@link ChatTemplateError} with its line.
 *
 * @example
 * ```ts
 * import { compileChatTemplate } from '@ashlar/tokenizer/chat-template';
 * const template = compileChatTemplate('{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}');
 * const { text, spans } = template.render([{ role: 'user', content: ' hi ' }]);
 * text // => '[user] hi\n'
 * spans.map((span) => span.label.kind) // => ['template', 'role', 'template', 'user', 'template']
 * ```
 */
export function compileChatTemplate(source: string): ChatTemplate {
  const body = guarded(() => parseTemplate(source));
  const run = guarded(() => compileScope(body));
  return {
    source,
    literals: literalsOf(body),
    render: (messages, options = {}) => render(run, messages, options),
  };
}

function render(
  run: (frame: Frame) => unknown,
  messages: readonly ChatMessage[],
  options: RenderOptions,
): RenderedChat {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new TypeError(`render: unknown option ${name}; expected ${known.join(', ')}`);
  if (!Array.isArray(messages)) throw new TypeError(`messages: expected an array, got ${typeof messages}`);
  const { now } = options;
  const rt = new Runtime(options.limits ?? {}, now === undefined ? () => new Date() : () => now);
  const names = globalsOf(rt);
  for (const [name, text] of Object.entries(options.specialTokens ?? {})) names.set(name, new Str(text));
  names.set(
    'messages',
    new List(
      messages.map((message, i) => messageValue(rt, message, i)),
      computedOrigin,
    ),
  );
  names.set('tools', listValue(rt, options.tools, 'tool-definition', 'tools'));
  names.set('documents', listValue(rt, options.documents, 'document', 'documents'));
  names.set('add_generation_prompt', options.addGenerationPrompt ?? false);
  const variable = rt.origin({ kind: 'variable' });
  for (const [name, value] of Object.entries(options.variables ?? {}))
    if (value !== undefined) names.set(name, inputValue(rt, value, variable, `variables.${name}`));
  const out = new StrBuilder();
  guarded(() => run(new Frame(rt, undefined, out, names).inner()), rt);
  return rendered(rt, out.build());
}

function messageValue(rt: Runtime, message: ChatMessage, index: number): Value {
  const role: unknown = (message as { readonly role?: unknown } | null)?.role;
  const value = inputValue(
    rt,
    message,
    rt.origin({ kind: labelKindOfRole(role), index }),
    `messages[${index}]`,
  );
  if (!(value instanceof Dict) || typeof role !== 'string' || !structuralRoles.has(role)) return value;
  const entries = Array.from(value.map.values(), ([key, item]) =>
    key instanceof Str && key.text === 'role'
      ? ([key, new Str(role, roleOrigin)] as const)
      : ([key, item] as const),
  );
  return dictOf(entries, value.origin);
}

function listValue(
  rt: Runtime,
  items: readonly unknown[] | null | undefined,
  kind: LabelKind,
  path: string,
): Value {
  if (items === undefined || items === null) return null;
  if (!Array.isArray(items)) throw new TypeError(`${path}: expected an array, got ${typeof items}`);
  const values = items.map((item, index) =>
    inputValue(rt, item, rt.origin({ kind, index }), `${path}[${index}]`),
  );
  return new List(values, rt.origin({ kind }));
}

function rendered(rt: Runtime, output: Str): RenderedChat {
  const ends = output.origin >= 0 ? [output.text.length] : output.ends;
  const ids = output.origin >= 0 ? [output.origin] : output.ids;
  const spans: TemplateSpan[] = [];
  let start = 0;
  ends.forEach((end, i) => {
    if (end > start) spans.push({ start, end, label: rt.labelOf(ids[i]), generated: (ids[i] & 1) === 1 });
    start = end;
  });
  return { text: output.text, spans };
}

/** Adds the line to errors, and turns an exhausted stack into the limit that it is. */
function guarded<T>(body: () => T, rt?: Runtime): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof ChatTemplateError && error.line === undefined)
      throw new ChatTemplateError(error.reason, error.detail, rt?.line);
    if (error instanceof RangeError && /call stack/i.test(error.message))
      throw new ChatTemplateError('limit', 'expected less nesting: the stack is exhausted', rt?.line);
    throw error;
  }
}
