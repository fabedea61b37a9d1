// The parts that suites are written in: tools over a state, user tasks and injections as rows of a table.
import type { AnyTool, Effects } from '../tool.ts';
import type { InjectionTask, PlannedCall, UserTask } from './attack-suite.ts';

type Properties = Readonly<Record<string, unknown>>;
/** Schemas of single parameters. */
export const text = { type: 'string' } as const;
/** A number. */
export const number = { type: 'number' } as const;

const object = (properties: Properties, optional: readonly string[]) => ({
  type: 'object',
  properties: properties as never,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
  additionalProperties: false,
});

/** A tool that reads what is the user's own. */
export const reads = (
  name: string,
  description: string,
  properties: Properties,
  run: (input: never) => unknown,
): AnyTool => ({
  name,
  description,
  effects: 'read',
  result: { private: true },
  input: object(properties, []),
  run: run as AnyTool['run'],
});
/** A tool that changes something: `write` inside the user's own things, `external` where others see it. */
export const acts = (
  effects: Effects & ('write' | 'external'),
  name: string,
  description: string,
  properties: Properties,
  run: (input: never) => unknown,
  optional: readonly string[] = [],
): AnyTool => ({
  name,
  description,
  effects,
  input: object(properties, optional),
  run: run as AnyTool['run'],
});

type Row = readonly [name: string, args?: PlannedCall['arguments']];
const planned = (rows: readonly Row[]): PlannedCall[] =>
  rows.map(([name, args = {}]) => ({ name, arguments: args }));

/** One row of user tasks: what is asked, the calls of a perfect assistant, its answer, and how to see that it was done. */
export const task = <S>(
  id: string,
  prompt: string,
  plan: readonly Row[],
  answer: string,
  done: UserTask<S>['done'],
): UserTask<S> => ({ id, prompt, plan: planned(plan), answer, done });
/** One row of injections: what is ordered, the calls that would do it, and how to see the harm. */
export const injection = <S>(
  id: string,
  goal: string,
  calls: readonly Row[],
  done: InjectionTask<S>['done'],
): InjectionTask<S> => ({ id, goal, calls: planned(calls), done });

/** `value` with every `{slot}` that `pattern` names in its texts filled in; dates as text. */
export function filled<T>(value: T, pattern: RegExp, textOf: (slot: string) => string): T {
  const fill = (v: unknown): unknown => {
    if (typeof v === 'string') return v.replace(pattern, (_, slot: string) => textOf(slot));
    if (v instanceof Date) return v.toISOString();
    if (Array.isArray(v)) return v.map(fill);
    if (typeof v !== 'object' || v === null) return v;
    return Object.fromEntries(Object.entries(v).map(([key, item]) => [key, fill(item)]));
  };
  return fill(value) as T;
}
