// What may be written once a call has opened: the rest of the format's own template of calls, with the tools' names, and arguments that
// satisfy their schemas. The way to the first call stays free: only an opening mark leads here.
import { type Composition, jsonSchema, UnsupportedConstraintError } from '@ashlar/sampling/constraints';
import type { OpenedCall } from '../formats/call-region.ts';
import type { ToolFormat } from '../formats/format.ts';
import { wordOf } from '../formats/pattern.ts';
import type { ToolSignature } from '../formats/tool-signature.ts';
import { argumentsLanguage } from './arguments-language.ts';

/** The language of what follows where `opened` says that a call began; undefined when the format's template has no such place. */
export function callLanguage(
  format: ToolFormat,
  tools: readonly ToolSignature[],
  opened: Pick<OpenedCall, 'mark' | 'name'>,
  strict: boolean,
  mostCalls: number,
): Composition | undefined {
  const { before, call, between, after } = format.render;
  const { mark, name } = opened;
  if (tools.length === 0) return undefined;
  const args = tools.map((tool) => argumentsOf(tool, format, strict));
  const one = (template: string): Composition => ({
    choice: tools.map((tool, i) => ({ sequence: filled(template, format, tool, args[i] as Composition) })),
  });
  if (name !== undefined && mark !== '') {
    const i = tools.findIndex((tool) => tool.name === name);
    const [tool, own] = [tools[i], args[i]];
    if (tool === undefined || own === undefined) return undefined;
    const ahead = call.slice(call.search(/\s*\{args\}/)).trimEnd();
    const rest = filled(/\s$/.test(mark) ? ahead.trimStart() : ahead, format, tool, own);
    return { sequence: call.endsWith('{args}') ? [...rest, ...closing(format)] : rest };
  }
  const many = (begin: string): Composition => ({
    sequence: [
      ...literal(begin, format),
      one(call),
      ...(mostCalls === 1
        ? []
        : [{ repeat: { sequence: [...literal(between, format), one(call)] }, max: mostCalls - 1 }]),
      ...literal(after.trimEnd(), format),
    ],
  });
  if (mark === '')
    return after === '' ? { sequence: [...literal(before, format), one(call.trimEnd())] } : many(before);
  if (call.includes(mark)) return one(call.slice(call.indexOf(mark) + mark.length).trimEnd());
  if (before.includes(mark)) return many(before.slice(before.indexOf(mark) + mark.length));
  return undefined;
}

/** A schema that cannot be held to is held to being an object; who needs it held to (`strict`) is told. */
function argumentsOf(tool: ToolSignature, format: ToolFormat, strict: boolean): Composition | undefined {
  try {
    return argumentsLanguage(tool, format.render);
  } catch (error) {
    if (strict || !(error instanceof UnsupportedConstraintError) || format.render.args !== 'json')
      throw error;
    return jsonSchema({ type: 'object' });
  }
}

/** A template with a tool's name in it, and the language of its arguments. */
function filled(template: string, format: ToolFormat, tool: ToolSignature, args: Composition): Composition[] {
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
        return literal(part, format);
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
function literal(text: string, format: ToolFormat): Composition[] {
  if (text === '') return [];
  if (!format.render.call.includes('{nameJson}') && format.render.args !== 'main') return [text];
  return text
    .split(/(\s+)/)
    .filter((part) => part !== '')
    .map((part) => (/^\s/.test(part) ? { regex: part.includes('\n') ? '[ \\n]{0,3}' : ' ?' } : part));
}
