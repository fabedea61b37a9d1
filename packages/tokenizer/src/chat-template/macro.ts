// Macros and call blocks: Jinja2's rules for matching arguments, and the scope the body runs in.
import type { Evaluate } from './compile-expression.ts';
import type { Frame } from './frame.ts';
import { dictOf } from './python-compare.ts';
import { computedOrigin, Str, StrBuilder } from './str.ts';
import { fail } from './template-error.ts';
import { type Arguments, PyObject, Tuple, Undefined, type Value } from './values.ts';

/** A macro without the frame it was defined in. */
export interface MacroCode {
  /** Undefined for a call block's caller. */
  readonly name: string | undefined;
  readonly parameters: readonly string[];
  /** One for each parameter; undefined where it has no default. */
  readonly defaults: readonly (Evaluate | undefined)[];
  /** The special names that the body reads: each makes the macro accept what it stands for. */
  readonly uses: { readonly caller: boolean; readonly kwargs: boolean; readonly varargs: boolean };
  run(frame: Frame): void;
}

export class Macro extends PyObject {
  override readonly typeName = 'Macro';
  override readonly call: (args: Arguments) => Value;
  private readonly code: MacroCode;

  constructor(code: MacroCode, frame: Frame) {
    super();
    this.code = code;
    this.call = (args) => frame.rt.nested(() => invoke(code, frame, args));
  }

  override repr(): Str {
    return new Str(
      this.code.name === undefined ? '<Macro anonymous>' : `<Macro '${this.code.name}'>`,
      computedOrigin,
    );
  }

  override attribute(name: string): Value | undefined {
    const { parameters, uses } = this.code;
    if (name === 'name') return this.code.name === undefined ? null : new Str(this.code.name);
    if (name === 'arguments') return new Tuple(parameters.map((parameter) => new Str(parameter)));
    if (name === 'catch_kwargs') return uses.kwargs;
    if (name === 'catch_varargs') return uses.varargs;
    return name === 'caller' ? uses.caller : undefined;
  }
}

function invoke(code: MacroCode, outer: Frame, args: Arguments): Str {
  const { parameters, uses } = code;
  const label = code.name ?? 'caller';
  const named = new Map(args.named);
  const given: (Value | undefined)[] = parameters.map((name, i) => {
    if (i < args.positional.length) return args.positional[i];
    const value = named.get(name);
    named.delete(name);
    return value;
  });
  const frame = outer.inner(new StrBuilder());
  if (uses.caller && !parameters.includes('caller')) {
    frame.set('caller', named.get('caller') ?? new Undefined('No caller defined'));
    named.delete('caller');
  }
  if (uses.kwargs && !parameters.includes('kwargs'))
    frame.set('kwargs', dictOf(Array.from(named, ([name, value]) => [new Str(name), value])));
  else if (named.size > 0) fail(`macro '${label}' takes no keyword argument '${[...named.keys()][0]}'`);
  if (uses.varargs && !parameters.includes('varargs'))
    frame.set('varargs', new Tuple(args.positional.slice(parameters.length)));
  else if (args.positional.length > parameters.length)
    fail(`macro '${label}' takes not more than ${parameters.length} argument(s)`);
  parameters.forEach((name, i) => {
    const value = given[i] ?? (given[i] === null ? null : code.defaults[i]?.(frame));
    frame.set(name, value === undefined ? new Undefined(`parameter '${name}' was not provided`) : value);
  });
  code.run(frame);
  return outer.rt.made(frame.out.build());
}
