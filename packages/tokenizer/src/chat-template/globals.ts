// The functions that a template finds without being given them: Jinja2's and transformers' `raise_exception` and
// `strftime_now`.
import { Cycler, Namespace, Range, TemplateReference } from './objects.ts';
import { dictOf, toArray } from './python-compare.ts';
import { toStr } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { computedOrigin, Str } from './str.ts';
import { strftime } from './strftime.ts';
import { ChatTemplateError, fail } from './template-error.ts';
import { type Arguments, Callable, Dict, Undefined, type Value } from './values.ts';

/** dict(mapping or pairs, **named) */
function makeDict(args: Arguments): Dict {
  if (args.positional.length > 1) fail(`dict expected at most 1 argument, got ${args.positional.length}`);
  const [source] = args.positional;
  if (source instanceof Undefined) source.fail();
  const pairs: (readonly [Value, Value])[] = [];
  if (source instanceof Dict) pairs.push(...source.map.values());
  else if (source !== undefined)
    for (const item of toArray(source)) {
      const pair = toArray(item);
      if (pair.length !== 2) fail(`dict: expected pairs, got a sequence of ${pair.length}`);
      pairs.push([pair[0], pair[1]]);
    }
  for (const [name, value] of args.named) pairs.push([new Str(name), value]);
  return dictOf(pairs);
}

export function globalsOf(rt: Runtime): Map<string, Value> {
  const functions: Record<string, (args: Arguments) => Value> = {
    range: (args) => {
      const numbers = args.positional.map((value) => rt.index(value, 'range'));
      if (args.named.size > 0 || numbers.length < 1 || numbers.length > 3)
        fail('range expected 1 to 3 integers');
      const [start, stop, step] = numbers.length === 1 ? [0, numbers[0], 1] : [...numbers, 1];
      return new Range(start, stop, step);
    },
    dict: makeDict,
    namespace: (args) => {
      const made = new Namespace();
      for (const [key, value] of makeDict(args).map.values()) made.set(toStr(key).text, value);
      return made;
    },
    cycler: (args) => new Cycler(args.positional),
    joiner: (args) => {
      const [given] = args.bind('joiner', ['sep']);
      const separator = given === undefined ? new Str(', ') : given;
      let used = false;
      return new Callable('joiner', () => {
        const value = used ? separator : new Str('');
        used = true;
        return value;
      });
    },
    lipsum: () => fail('lipsum is not part of the chat template dialect'),
    raise_exception: (args) => {
      const [message] = args.bind('raise_exception', ['message'], 1);
      throw new ChatTemplateError('raised', toStr(message!).text, rt.line);
    },
    strftime_now: (args) => {
      const [format] = args.bind('strftime_now', ['format'], 1);
      if (!(format instanceof Str)) return fail('strftime_now: expected a format string');
      return new Str(strftime(rt.now(), format.text), computedOrigin);
    },
  };
  const names = new Map<string, Value>([['self', new TemplateReference()]]);
  for (const [name, call] of Object.entries(functions)) names.set(name, new Callable(name, call));
  return names;
}
