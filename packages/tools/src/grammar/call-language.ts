// What may be written once a call has opened: the rest of the format's own template of calls, with the tools' names, and arguments that
// satisfy their schemas. The way to the first call stays free: only an opening mark leads here. A format whose calls open in several ways has a
// template for each (`dresses`).
import { type Composition, jsonSchema, UnsupportedConstraintError } from '@ashlar/sampling/constraints';
import type { OpenedCall } from '../formats/call-region.ts';
import type { Dress, ToolFormat } from '../formats/format.ts';
import { wordOf } from '../formats/pattern.ts';
import type { ToolSignature } from '../formats/tool-signature.ts';
import { isObject } from '../json.ts';
import { argumentsLanguage } from './arguments-language.ts';
import { withoutKeyword } from './relaxed.ts';
import { tagLanguage } from './tag-language.ts';

/** How calls are held to. */
export interface CallLanguageOptions {
  /** A schema that cannot be held to is an error. */
  readonly strict: boolean;
  /** Calls in one list at most. */
  readonly mostCalls: number;
  /** Nothing but the end of the turn comes behind: all calls of a reply are of the language. */
  readonly whole?: boolean;
}

/** The language of what follows where `opened` says that a call began; undefined when the format's template has no such place. */
export function callLanguage(
  format: ToolFormat,
  tools: readonly ToolSignature[],
  opened: Pick<OpenedCall, 'mark' | 'name' | 'state'>,
  { strict, mostCalls, whole = false }: CallLanguageOptions,
): Composition | undefined {
  const { mark, name, state } = opened;
  const dress: Dress = format.dresses?.[state ?? ''] ?? format.render;
  const { before, call, between, after } = dress;
  if (tools.length === 0) return undefined;
  if (dress.args === 'tag')
    return tagLanguage(tools, (tool, args) => argumentsOf(tool, { ...format.render, args }, strict));
  const written = { ...format.render, ...dress, args: dress.args };
  const args = tools.map((tool) => argumentsOf(tool, written, strict));
  const place = { format, dress };
  const one = (template: string): Composition => ({
    choice: tools.map((tool, i) => ({ sequence: filled(template, place, tool, args[i] as Composition) })),
  });
  if (name !== undefined && mark !== '') {
    const i = tools.findIndex((tool) => tool.name === name);
    const [tool, own] = [tools[i], args[i]];
    if (tool === undefined || own === undefined) return undefined;
    const ahead = call.slice(call.search(/\s*\{args\}/)).trimEnd();
    const rest = filled(/\s$/.test(mark) ? ahead.trimStart() : ahead, place, tool, own);
    return { sequence: call.endsWith('{args}') ? [...rest, ...closing(format)] : rest };
  }
  const many = (begin: string, first = call): Composition => ({
    sequence: [
      ...literal(begin, dress),
      one(first),
      ...(mostCalls === 1
        ? []
        : [{ repeat: { sequence: [...literal(between, dress), one(call)] }, max: mostCalls - 1 }]),
      ...literal(after.trimEnd(), dress),
    ],
  });
  if (mark === '') {
    // A reply that has not begun: its state may ask for a header first, or hold already what a call's template writes first.
    const begin = format.begins?.[state ?? ''];
    const lead = begin === undefined || begin.call === '' ? [] : [begin.call];
    const first = call.slice(begin?.opened?.length ?? 0);
    if (after === '' && !whole)
      return { sequence: [...lead, ...literal(before, dress), one(first.trimEnd())] };
    return { sequence: [...lead, many(before, first)] };
  }
  if (call.includes(mark)) return one(call.slice(call.indexOf(mark) + mark.length).trimEnd());
  if (before.includes(mark)) return many(before.slice(before.indexOf(mark) + mark.length));
  return undefined;
}

/** Whether a call that opened into this state is closed by nothing but the end of the turn: then no free text may follow it. */
export function closesWithTurn(format: ToolFormat, state: string | undefined): boolean {
  const at = format.states[state ?? ''];
  if (at?.kind !== 'capture' || at.as !== 'arguments' || at.marks.length > 0) return false;
  const next = at.whenComplete === undefined ? undefined : format.states[at.whenComplete.to];
  return next === undefined || (next.kind === 'expect' && next.last === true);
}

const mostRelaxed = 16;
/** A schema that cannot be held to is held to without the keywords that cannot be; who needs it held to (`strict`) is told. */
function argumentsOf(tool: ToolSignature, render: ToolFormat['render'], strict: boolean): Composition {
  if (strict) return argumentsLanguage(tool, render);
  let { parameters } = tool;
  for (let i = 0; ; i++)
    try {
      return argumentsLanguage({ ...tool, parameters }, render);
    } catch (error) {
      if (!(error instanceof UnsupportedConstraintError)) throw error;
      // What is not a keyword is a construct of a pattern.
      const looser =
        isObject(parameters) && i < mostRelaxed
          ? (withoutKeyword(parameters, error.keyword) ?? withoutKeyword(parameters, 'pattern'))
          : undefined;
      if (looser !== undefined) parameters = looser;
      else if (render.args === 'json') return jsonSchema({ type: 'object' });
      else throw error;
    }
}

/** A template with a tool's name in it, and the language of its arguments. */
function filled(
  template: string,
  { format, dress }: { readonly format: ToolFormat; readonly dress: Dress },
  tool: ToolSignature,
  args: Composition,
): Composition[] {
  return template.split(/(\{\w+\})/).flatMap((part): Composition[] => {
    switch (part) {
      case '{name}':
        return [tool.name];
      case '{nameJson}':
        return [JSON.stringify(tool.name)];
      case '{word}':
        return [wordOf(tool.name)];
      case '{id}':
        return [idLanguage(format, tool)];
      case '{idJson}':
        return [{ sequence: ['"', idLanguage(format, tool), '"'] }];
      case '{args}':
        return [args];
      default:
        return literal(part, dress);
    }
  });
}

function idLanguage(format: ToolFormat, tool: ToolSignature): Composition {
  if (format.ids === 'kimi')
    return { sequence: [`${format.namePrefix ?? ''}${tool.name}:`, { regex: '[0-9]{1,3}' }] };
  return { regex: format.ids === 'mistral' ? '[a-zA-Z0-9]{9}' : '[\\w-]{1,64}' };
}

/** What may close a call that the end of the turn closes too: nothing, or one of the marks. */
function closing(format: ToolFormat): Composition[] {
  const state = Object.values(format.states).find((s) => s.kind === 'capture' && s.as === 'arguments');
  if (state?.kind !== 'capture' || state.atEnd !== 'close' || state.whenComplete) return [];
  const marks = state.marks.map(({ at }) => at.filter((part) => typeof part === 'string').join(''));
  return marks.length === 0 ? [] : [{ repeat: { choice: marks }, max: 1 }];
}

/** Literal text; where names are JSON, or the argument stands alone, white space in it may vary: elsewhere it is part of marks or values. */
function literal(text: string, dress: Dress): Composition[] {
  if (text === '') return [];
  if (!dress.call.includes('{nameJson}') && dress.args !== 'main') return [text];
  return text
    .split(/(\s+)/)
    .filter((part) => part !== '')
    .map((part) => (/^\s/.test(part) ? { regex: part.includes('\n') ? '[ \\n]{0,3}' : ' ?' } : part));
}
