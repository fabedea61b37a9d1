// Hugging Face's `response_template` (transformers >= 5.13, a key of tokenizer_config.json) -> a format. Regions with literal marks and the patterns that
// templates really use (literals, `\s*`, one named group of word characters) become states; a pattern beyond that is refused by name, since a
// stream must know of a partial match, which JavaScript's RegExp cannot tell. The way back is made from the same marks.
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { CaptureState, Mark, Reading, RenderTemplate, State, ToolFormat } from './format.ts';
import type { Part } from './pattern.ts';

const refuse = (where: string, what: string): RangeError =>
  new RangeError(`response_template.${where}: ${what}`);

/** Patterns without `(?:a|b)`: one for every choice; in a delimiter the choices stand side by side. */
function choicesOf(pattern: string, where: string): readonly string[] {
  const open = /(?<!\\)(?:\\\\)*\(\?:/.exec(pattern);
  if (open === null) return [pattern];
  const from = open.index + open[0].length;
  const branches = [''];
  let at = from;
  for (; pattern[at] !== ')'; at++) {
    if (at >= pattern.length || pattern[at] === '(') throw refuse(where, 'a group in a group');
    if (pattern[at] === '|') branches.push('');
    else {
      const taken = pattern.slice(at, at + (pattern[at] === '\\' ? 2 : 1));
      branches[branches.length - 1] += taken;
      at += taken.length - 1;
    }
  }
  if (/[*+?{]/.test(pattern[at + 1] ?? '')) throw refuse(where, 'a group that is repeated');
  const begin = pattern.slice(0, from - 3);
  const all = branches.flatMap((branch) => choicesOf(`${begin}${branch}${pattern.slice(at + 1)}`, where));
  if (all.length > 64) throw refuse(where, 'more than 64 choices');
  return all;
}

/** The parts of a pattern in the supported subset of Python's regular expressions. */
function partsOfPattern(pattern: string, where: string): (Part | { readonly group: string })[] {
  const out: (Part | { readonly group: string })[] = [];
  const literal = (text: string): void => {
    const last = out.at(-1);
    if (typeof last === 'string') out[out.length - 1] = last + text;
    else out.push(text);
  };
  let rest = pattern;
  while (rest !== '') {
    const space = /^\\s[*+]\??/.exec(rest);
    const group = /^\(\?P<(\w+)>(\\w\+|\\S\+|\[\^[^\]]+\]\+\??|\[[\w\\.:-]+\]\+|\.\*\?|\.\+\?)\)/.exec(rest);
    const escaped = /^\\([^\w\s])/.exec(rest) ?? /^\\(n|t)/.exec(rest);
    if (space) {
      out.push({ space: true });
      rest = rest.slice(space[0].length);
    } else if (group) {
      out.push({ group: group[1] as string });
      rest = rest.slice(group[0].length);
    } else if (escaped) {
      literal(escaped[1] === 'n' ? '\n' : escaped[1] === 't' ? '\t' : (escaped[1] as string));
      rest = rest.slice(escaped[0].length);
    } else if (/^[\\.*+?[\](){}|^$]/.test(rest))
      throw refuse(where, `${JSON.stringify(rest.slice(0, 12))} is beyond the supported patterns`);
    else {
      literal(rest[0] as string);
      rest = rest.slice(1);
    }
  }
  return out;
}

/** The alternatives of a delimiter: literals, or one pattern. */
function delimiters(field: JsonObject, key: 'open' | 'close', where: string): (readonly Part[])[] {
  const pattern = field[`${key}_pattern`];
  if (typeof pattern === 'string')
    return choicesOf(pattern, `${where}.${key}_pattern`).map((choice) => {
      const parts = partsOfPattern(choice, `${where}.${key}_pattern`).map((part): Part => {
        if (typeof part === 'string' || !('group' in part)) return part;
        if (part.group !== 'name')
          throw refuse(`${where}.${key}_pattern`, `a group ${part.group}; only name is known`);
        return { capture: 'name', of: 'word' };
      });
      // White space in front of a delimiter belongs to nobody: fields are trimmed.
      const solid = parts.findIndex((part) => typeof part === 'string' || !('space' in part));
      return parts.slice(Math.max(0, solid));
    });
  const given = field[key];
  return (Array.isArray(given) ? given : given === undefined ? [] : [given]).map((text) => [String(text)]);
}

const text = (as: 'content' | 'reasoning' | 'nothing', marks: readonly Mark[]): State => ({
  kind: 'text',
  as,
  marks,
});

/**
 * The format that a `response_template` describes.
 *
 * @throws RangeError naming what it cannot express.
 *
 * @example
 * ```ts
 * import { formatFromResponseTemplate, parseReply } from '@ashlar/tools';
 * const format = formatFromResponseTemplate({
 *   fields: {
 *     thinking: { open: '<think>', close: '</think>' },
 *     tool_calls: { open: '<call>', close: '</call>', repeats: true, content: 'json', transform: { type: 'function', function: '{content}' } },
 *     content: { close: '<end>' },
 *   },
 * });
 * parseReply('<think>hm</think>Sure.<call>{"name": "now", "arguments": {}}</call><end>', { format }).calls[0]?.name // => 'now'
 * ```
 */
export function formatFromResponseTemplate(template: JsonObject, name = 'response-template'): ToolFormat {
  const fields = template['fields'];
  if (!isObject(fields)) throw refuse('fields', 'expected an object');
  const states: Record<string, State> = {};
  const content: Mark[] = [];
  const start: { promptEndsWith: string; state: string }[] = [];
  let reading: Reading = 'json-calls';
  let render: RenderTemplate | undefined;
  let padded = false;
  for (const [key, given] of Object.entries(fields)) {
    const field = isObject(given) ? given : {};
    const opens = delimiters(field, 'open', `fields.${key}`);
    const closes = delimiters(field, 'close', `fields.${key}`);
    if (opens.length === 0) {
      // The implicit field: what is left over. Its close is the end of the turn.
      for (const at of closes) content.push({ at, to: 'content', act: 'drop' });
      continue;
    }
    if (key === 'tool_calls') {
      for (const at of opens) content.push({ at, to: 'calls', act: 'open' });
      const made = callStates(field, closes);
      Object.assign(states, made.states);
      reading = made.reading;
      padded = made.padded === true;
      render = renderOf(opens[0] ?? [], closes[0] ?? [], made);
      continue;
    }
    const as =
      key === 'thinking' || key === 'reasoning' || key === 'reasoning_content'
        ? 'reasoning'
        : key === 'content'
          ? 'content'
          : 'nothing';
    for (const at of opens) {
      content.push({ at, to: key === 'content' ? 'inside' : key });
      if (at.length === 1 && typeof at[0] === 'string' && as === 'reasoning')
        for (const tail of [`${at[0]}\n`, at[0]]) start.push({ promptEndsWith: tail, state: key });
    }
    states[key === 'content' ? 'inside' : key] = text(
      as,
      closes.map((at) => ({ at, to: 'content' })),
    );
  }
  states['content'] = text('content', content);
  return {
    name,
    start,
    states,
    reading,
    ...(padded ? { padded: 'all' as const } : {}),
    ids: 'none',
    render: render ?? plainRender,
  };
}

interface CallStates {
  readonly states: Record<string, State>;
  readonly reading: Reading;
  readonly parameter?: string;
  /** The tag's pattern allows white space around the value. */
  readonly padded?: true;
}

function callStates(field: JsonObject, closes: readonly (readonly Part[])[]): CallStates {
  const kind = field['content'] ?? 'text';
  const args = isObject(field['content_args']) ? field['content_args'] : {};
  const close = (act: 'close'): Mark[] => closes.map((at) => ({ at, to: 'content', act }));
  // The name is in the delimiter where the transform takes it from there.
  const inner = isObject(field['transform']) ? field['transform']['function'] : undefined;
  const named = isObject(inner) && inner['arguments'] === '{content}';
  if (kind === 'json') {
    const gemma = args['unquoted_keys'] === true && args['string_delims'] !== undefined;
    if (args['unquoted_keys'] === true && !gemma)
      throw refuse('fields.tool_calls.content_args', 'unquoted_keys without string_delims');
    const state: CaptureState = {
      kind: 'capture',
      as: 'arguments',
      lexer: gemma ? 'gemma' : 'json',
      marks: close('close'),
      ...(closes.length === 0 ? { atEnd: 'close' as const } : {}),
    };
    return {
      states: { calls: state },
      reading: gemma ? 'gemma-arguments' : named ? 'json-arguments' : 'json-calls',
    };
  }
  if (kind === 'python-call-list')
    return {
      states: {
        calls: {
          kind: 'capture',
          as: 'arguments',
          lexer: 'python',
          marks: close('close'),
          ...(closes.length === 0 ? { atEnd: 'close' as const } : {}),
        },
      },
      reading: 'python-calls',
    };
  if (kind === 'xml-inline') {
    const parts = partsOfPattern(
      String(args['tag_pattern'] ?? ''),
      'fields.tool_calls.content_args.tag_pattern',
    );
    const at = (group: string): number =>
      parts.findIndex((p) => typeof p === 'object' && 'group' in p && p.group === group);
    const [k, v] = [at('key'), at('value')];
    if (k < 0 || v < k)
      throw refuse('fields.tool_calls.content_args.tag_pattern', 'expected groups key and value');
    const solid = (list: typeof parts): readonly Part[] =>
      (list as Part[]).filter((p, i) => !(typeof p === 'object' && (i === 0 || i === list.length - 1)));
    const [before, between, after] = [
      solid(parts.slice(0, k)),
      solid(parts.slice(k + 1, v)),
      solid(parts.slice(v + 1)),
    ];
    const opening = before[0];
    const ends = closes.map((c) => c[0]).filter((p): p is string => typeof p === 'string');
    return {
      states: {
        calls: {
          kind: 'expect',
          marks: [{ at: before, to: 'key' }, { at: ['</function>'], to: 'calls' }, ...close('close')],
          otherwise: 'calls',
        },
        key: { kind: 'capture', as: 'key', marks: [{ at: between, to: 'value' }] },
        value: {
          kind: 'capture',
          as: 'value',
          marks: [
            {
              at: after,
              ...(typeof opening === 'string' ? { ahead: [opening, '</function>', ...ends] } : {}),
              to: 'calls',
            },
          ],
        },
      },
      reading: 'parameters',
      ...(typeof parts[v - 1] === 'object' ? { padded: true as const } : {}),
      parameter: `${literalOf(before)}{key}${literalOf(between)}{value}${literalOf(after)}`,
    };
  }
  throw refuse('fields.tool_calls.content', `${String(kind as Json)} is not supported`);
}

const literalOf = (parts: readonly Part[]): string =>
  parts.map((p) => (typeof p === 'string' ? p : 'capture' in p ? '{name}' : '')).join('');
const plainRender: RenderTemplate = {
  before: '',
  call: '',
  between: '',
  after: '',
  args: 'json',
  result: '{text}',
  splice: 'turn',
  resultRole: 'tool',
};
function renderOf(open: readonly Part[], close: readonly Part[], made: CallStates): RenderTemplate {
  if (made.reading === 'python-calls')
    return {
      ...plainRender,
      before: `${literalOf(open)}[`,
      call: '{name}({args})',
      between: ', ',
      after: `]${literalOf(close)}`,
      args: 'python',
    };
  const named = open.some((p) => typeof p === 'object' && 'capture' in p);
  const body =
    made.parameter !== undefined ? '{args}' : named ? '{args}' : '{"name": {nameJson}, "arguments": {args}}';
  return {
    ...plainRender,
    call: `${literalOf(open)}${body}${literalOf(close)}`,
    args: made.parameter !== undefined ? 'parameters' : made.reading === 'gemma-arguments' ? 'gemma' : 'json',
    ...(made.parameter === undefined ? {} : { parameter: made.parameter }),
  };
}
