// Expressions -> closures over a frame. No code is generated as text: nothing of a template is ever evaluated by the host.
import { canBeSliced, getAttribute, getItem, getSlice } from './attributes.ts';
import type { FilterFunction, FilterTable, TestFunction } from './filter.ts';
import { htmlFilters } from './filters-html.ts';
import { numberFilters } from './filters-number.ts';
import { sequenceFilters } from './filters-sequence.ts';
import { textFilters } from './filters-text.ts';
import type { Frame } from './frame.ts';
import type { CallArguments, CompareOperator, Expression, Filter } from './nodes.ts';
import { binary, unary } from './python-arithmetic.ts';
import { contains, dictOf, equals, less, numeric, toArray, truthy, typeName } from './python-compare.ts';
import { toStr } from './python-text.ts';
import type { ScopeNames } from './scope-names.ts';
import { concatStr, Str } from './str.ts';
import { ChatTemplateError, fail } from './template-error.ts';
import { tests } from './tests.ts';
import { Arguments, Dict, List, PyObject, Tuple, Undefined, type Value } from './values.ts';

export type Evaluate = (frame: Frame) => Value;

/** What the compiler has to know of the place it is at. */
export interface Place {
  readonly line: number;
  /** Inside an if: an unknown filter is an error only when it is reached. */
  readonly soft: boolean;
  /** The scope around. */
  readonly scope: ScopeNames;
}

const filters: Readonly<Record<string, FilterFunction>> = {
  ...textFilters,
  ...numberFilters,
  ...sequenceFilters,
  ...htmlFilters,
};
const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
const table: FilterTable = { filter: (name) => own(filters, name), test: (name) => own(tests, name) };

export function compileExpression(node: Expression, place: Place): Evaluate {
  const compile = (child: Expression) => compileExpression(child, place);
  switch (node.type) {
    case 'constant': {
      const { value } = node;
      return () => value;
    }
    case 'name': {
      const { name } = node;
      return (frame) => frame.get(name);
    }
    case 'list': {
      const items = node.items.map(compile);
      return (frame) => new List(items.map((item) => item(frame)));
    }
    case 'tuple': {
      const items = node.items.map(compile);
      return (frame) => new Tuple(items.map((item) => item(frame)));
    }
    case 'dict': {
      const pairs = node.pairs.map(([key, value]) => [compile(key), compile(value)] as const);
      return (frame) => dictOf(pairs.map(([key, value]) => [key(frame), value(frame)] as const));
    }
    case 'attribute': {
      const object = compile(node.object);
      const { name } = node;
      return (frame) => getAttribute(frame.rt, object(frame), name);
    }
    case 'item':
      return compileItem(node.object, node.key, place);
    case 'slice':
      // One of several keys: nothing has such an item, but every part is evaluated
      return () => new Tuple([]);
    case 'call': {
      const callee = compile(node.callee);
      const args = compileArguments(node.arguments, place);
      return (frame) => callValue(frame, callee(frame), args(frame));
    }
    case 'filter': {
      if (node.input === undefined)
        throw new ChatTemplateError('syntax', 'a filter without a value', place.line);
      return compileFilter(compile(node.input), node.filter, place);
    }
    case 'test':
      return compileTest(compile(node.input), node.filter, place);
    case 'unary': {
      const operand = compile(node.operand);
      const { operator } = node;
      if (operator === 'not') return (frame) => !truthy(operand(frame));
      return (frame) => unary(operator, operand(frame));
    }
    case 'and': {
      const [left, right] = [compile(node.left), compile(node.right)];
      return (frame) => {
        const value = left(frame);
        return truthy(value) ? right(frame) : value;
      };
    }
    case 'or': {
      const [left, right] = [compile(node.left), compile(node.right)];
      return (frame) => {
        const value = left(frame);
        return truthy(value) ? value : right(frame);
      };
    }
    case 'binary': {
      const [left, right] = [compile(node.left), compile(node.right)];
      const { operator } = node;
      return (frame) => binary(frame.rt, operator, left(frame), right(frame));
    }
    case 'concat': {
      const parts = node.parts.map(compile);
      return (frame) => frame.rt.made(concatStr(parts.map((part) => toStr(part(frame)))));
    }
    case 'compare':
      return compileComparison(node.first, node.rest, place);
    case 'condition': {
      const inner: Place = { ...place, soft: true };
      const test = compileExpression(node.test, inner);
      const then = compileExpression(node.value, inner);
      const otherwise = node.otherwise === undefined ? undefined : compileExpression(node.otherwise, inner);
      if (otherwise !== undefined) return (frame) => (truthy(test(frame)) ? then(frame) : otherwise(frame));
      const message = `the inline if-expression on line ${place.line} evaluated to false and no else section was defined.`;
      return (frame) => (truthy(test(frame)) ? then(frame) : new Undefined(message));
    }
  }
}

function compileItem(objectNode: Expression, key: Expression, place: Place): Evaluate {
  const object = compileExpression(objectNode, place);
  if (key.type !== 'slice') {
    const index = compileExpression(key, place);
    return (frame) => getItem(frame.rt, object(frame), index(frame));
  }
  const bound = (node: Expression | undefined): Evaluate =>
    node === undefined ? () => null : compileExpression(node, place);
  const [start, stop, step] = [bound(key.start), bound(key.stop), bound(key.step)];
  // Jinja2 computes constants when it compiles, by the rule of brackets: what cannot be sliced has no such item
  const isConstant = readsNothing(objectNode) && readsNothing(key);
  return (frame) => {
    const of = object(frame);
    return isConstant && !canBeSliced(of)
      ? new Undefined(`${typeName(of)} object has no such slice`)
      : getSlice(frame.rt, of, start(frame), stop(frame), step(frame));
  };
}

/** Whether nothing but constants, operators and filters make an expression. */
const readsNothing = (node: object): boolean =>
  !['name', 'call'].includes((node as { readonly type?: string }).type ?? '') &&
  ((node as { readonly type?: string }).type === 'constant' ||
    Object.values(node).every((child) => typeof child !== 'object' || child === null || readsNothing(child)));

function compileComparison(
  firstNode: Expression,
  rest: readonly (readonly [CompareOperator, Expression])[],
  place: Place,
): Evaluate {
  const first = compileExpression(firstNode, place);
  const others = rest.map(([operator, node]) => [operator, compileExpression(node, place)] as const);
  return (frame) => {
    let left = first(frame);
    for (const [operator, other] of others) {
      const right = other(frame);
      if (!holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  };
}

function holds(operator: CompareOperator, a: Value, b: Value): boolean {
  switch (operator) {
    case '==':
      return equals(a, b);
    case '!=':
      return !equals(a, b);
    case '<':
      return less(a, b);
    case '>':
      return less(b, a);
    case '<=':
      return atMost(a, b);
    case '>=':
      return atMost(b, a);
    case 'in':
      return contains(b, a);
    case 'not in':
      return !contains(b, a);
  }
}

function atMost(a: Value, b: Value): boolean {
  const x = numeric(a);
  const y = numeric(b);
  return x !== undefined && y !== undefined ? x <= y : !less(b, a);
}

export function compileArguments(node: CallArguments, place: Place): (frame: Frame) => Arguments {
  const positional = node.positional.map((item) => compileExpression(item, place));
  const named = node.named.map(([name, item]) => [name, compileExpression(item, place)] as const);
  const spread = node.spread === undefined ? undefined : compileExpression(node.spread, place);
  const spreadNamed = node.spreadNamed === undefined ? undefined : compileExpression(node.spreadNamed, place);
  if (named.length === 0 && spread === undefined && spreadNamed === undefined)
    return (frame) => new Arguments(positional.map((item) => item(frame)));
  return (frame) => {
    const values = positional.map((item) => item(frame));
    if (spread !== undefined) values.push(...toArray(spread(frame)));
    const names = new Map<string, Value>();
    for (const [name, item] of named) names.set(name, item(frame));
    const more = spreadNamed?.(frame);
    if (more !== undefined) {
      if (!(more instanceof Dict)) return fail(`argument after ** must be a mapping, not ${typeName(more)}`);
      for (const [key, value] of more.map.values()) {
        if (!(key instanceof Str)) return fail('keywords must be strings');
        if (names.has(key.text)) fail(`got multiple values for keyword argument '${key.text}'`);
        names.set(key.text, value);
      }
    }
    return new Arguments(values, names);
  };
}

/** callee(*args) */
export function callValue(frame: Frame, callee: Value, args: Arguments): Value {
  if (callee instanceof Undefined) return callee.fail();
  const call = callee instanceof PyObject ? callee.call : undefined;
  if (call === undefined) return fail(`'${typeName(callee)}' object is not callable`);
  frame.rt.work();
  return call(args);
}

/** One filter on the value that `input` gives. */
export function compileFilter(input: Evaluate, node: Filter, place: Place): Evaluate {
  const filter = find(filters, 'filter', node.name, place);
  const args = compileArguments(node.arguments, place);
  return (frame) => {
    frame.rt.work();
    return filter(frame.rt, input(frame), args(frame), table);
  };
}

function compileTest(input: Evaluate, node: Filter, place: Place): Evaluate {
  const test: TestFunction = find(tests, 'test', node.name, place);
  const args = compileArguments(node.arguments, place);
  return (frame) => test(frame.rt, input(frame), args(frame), table);
}

function find<T>(
  from: Readonly<Record<string, T>>,
  kind: string,
  name: string,
  place: Place,
): T | (() => never) {
  const found = own(from, name);
  if (found !== undefined) return found;
  if (!place.soft) throw new ChatTemplateError('syntax', `No ${kind} named '${name}'.`, place.line);
  return () => fail(`No ${kind} named '${name}' found.`);
}
