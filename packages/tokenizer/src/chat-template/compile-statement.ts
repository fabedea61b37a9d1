// Statements -> closures that run in a frame and write to its output. A closure answers whether a break or a continue is
// on its way to the loop around it.
import {
  callValue,
  compileArguments,
  compileExpression,
  type Evaluate,
  type Place,
} from './compile-expression.ts';
import type { Frame } from './frame.ts';
import { LoopContext } from './loop-context.ts';
import { Macro, type MacroCode } from './macro.ts';
import type { Body, Expression, Signature, Statement, Target } from './nodes.ts';
import { Namespace, unpack } from './objects.ts';
import { iterate, truthy, typeName } from './python-compare.ts';
import { toStr } from './python-text.ts';
import { readsName } from './reads-name.ts';
import { type ScopeNames, scopeInside } from './scope-names.ts';
import { Str, StrBuilder } from './str.ts';
import { ChatTemplateError, fail } from './template-error.ts';
import { Arguments, type Value } from './values.ts';

type Signal = 'break' | 'continue' | undefined;
type Execute = (frame: Frame) => Signal;
type Of<T extends Statement['type']> = Extract<Statement, { readonly type: T }>;

/** A body in a scope of its own, in a frame of its own; `declare` names what is set there before. Without a parent: a whole template or block. */
export function compileScope(
  body: Body,
  parent?: ScopeNames,
  declare: (names: ScopeNames) => void = () => {},
): Execute {
  const scope = scopeInside(parent, (names) => {
    declare(names);
    names.body(body);
  });
  const { hidden } = scope;
  const run = compileBody(body, scope);
  if (hidden.length === 0) return run;
  return (frame) => {
    frame.hide(hidden);
    return run(frame);
  };
}

/** The statements one after the other. */
function compileBody(body: Body, scope: ScopeNames, soft = false): Execute {
  const steps = body.map((statement) => [statement.line, compileStatement(statement, scope, soft)] as const);
  return (frame) => {
    for (const [line, step] of steps) {
      frame.rt.line = line;
      frame.rt.work();
      const signal = step(frame);
      if (signal !== undefined) return signal;
    }
    return undefined;
  };
}

function compileStatement(node: Statement, scope: ScopeNames, soft: boolean): Execute {
  const place: Place = { line: node.line, soft, scope };
  switch (node.type) {
    case 'data': {
      const text = new Str(node.text);
      return (frame) => void frame.out.add(text);
    }
    case 'output': {
      const expression = compileExpression(node.expression, place);
      return (frame) => {
        frame.out.add(toStr(expression(frame)));
        frame.rt.checkLength(frame.out.length);
        return undefined;
      };
    }
    case 'if':
      return compileIf(node, scope);
    case 'for':
      return compileFor(node, place);
    case 'set': {
      const assign = compileTarget(node.target);
      const value = compileExpression(node.value, place);
      return (frame) => void assign(frame, value(frame));
    }
    case 'set-block': {
      const assign = compileTarget(node.target);
      const body = compileCapture(node.body, node.filter, place);
      return (frame) => {
        const captured = body(frame);
        if (typeof captured === 'string') return captured;
        assign(frame, captured as Value);
        return undefined;
      };
    }
    case 'macro': {
      const code = compileMacro(node.name, node.signature, node.body, place);
      return (frame) => void frame.set(node.name, new Macro(code, frame));
    }
    case 'call-block': {
      const code = compileMacro(undefined, node.signature, node.body, place);
      const callee = compileExpression(node.call.callee, place);
      const args = compileArguments(node.call.arguments, place);
      return (frame) => {
        const called = callee(frame);
        const given = args(frame);
        const named = new Map([...given.named, ['caller', new Macro(code, frame)]]);
        frame.out.add(toStr(callValue(frame, called, new Arguments(given.positional, named))));
        return undefined;
      };
    }
    case 'filter-block': {
      const body = compileCapture(node.body, node.filter, place);
      return (frame) => {
        const captured = body(frame);
        if (typeof captured === 'string') return captured;
        // Jinja2 does not turn what the filter answers into text
        if (!(captured instanceof Str))
          return fail(`expected text of the filter of a block, got ${typeName(captured as Value)}`);
        frame.out.add(captured);
        return undefined;
      };
    }
    case 'with': {
      const values = node.values.map((value) => compileExpression(value, place));
      const targets = node.targets.map(compileTarget);
      const body = compileScope(node.body, scope, (names) => {
        for (const target of node.targets) names.parameters(target);
      });
      return (frame) => {
        const inner = frame.inner();
        targets.forEach((assign, i) => void assign(inner, values[i](frame)));
        return body(inner);
      };
    }
    case 'block': {
      const body = compileScope(node.body);
      return (frame) => body((node.scoped ? frame : frame.top).inner(frame.out).reveal());
    }
    case 'autoescape': {
      const on = compileExpression(node.on, place);
      const body = compileScope(node.body, scope);
      return (frame) => {
        if (truthy(on(frame))) fail('autoescape is not part of the chat template dialect');
        return body(frame.inner());
      };
    }
    case 'generation': {
      const body = compileScope(node.body, scope);
      return (frame) => {
        const inner = frame.inner(new StrBuilder());
        body(inner);
        frame.out.add(inner.out.build().mapOrigins((origin) => origin | 1));
        return undefined;
      };
    }
    case 'break':
    case 'continue': {
      const { type } = node;
      return () => type;
    }
    case 'external':
      return () => fail(`{% ${node.tag} %} needs other templates, and a chat template has none`);
  }
}

function compileIf(node: Of<'if'>, scope: ScopeNames): Execute {
  const branches = node.branches.map(({ test, body }) => ({
    test: compileExpression(test, { line: node.line, soft: true, scope }),
    body: compileBody(body, scope, true),
  }));
  const otherwise = compileBody(node.otherwise, scope, true);
  return (frame) => {
    for (const { test, body } of branches) if (truthy(test(frame))) return body(frame);
    return otherwise(frame);
  };
}

function compileFor(node: Of<'for'>, place: Place): Execute {
  const iterable = compileExpression(node.iterable, place);
  const assign = compileTarget(node.target);
  const test = node.test === undefined ? undefined : compileExpression(node.test, { ...place, soft: false });
  const body = compileScope(node.body, place.scope, (names) => {
    names.parameter('loop');
    names.parameters(node.target);
  });
  const otherwise = compileScope(node.otherwise, place.scope);

  function* tested(frame: Frame, items: Iterator<Value>): Iterator<Value> {
    for (let step = items.next(); !step.done; step = items.next()) {
      const inner = frame.inner();
      assign(inner, step.value);
      frame.rt.work();
      if (truthy(test!(inner))) yield step.value;
    }
  }

  const run = (frame: Frame, items: Value, out: StrBuilder, depth: number): Signal => {
    const iterator = test === undefined ? iterate(items) : tested(frame, iterate(items));
    const recurse = (deeper: Value, level: number): Value =>
      frame.rt.nested(() => {
        const inside = new StrBuilder();
        run(frame, deeper, inside, level);
        return frame.rt.made(inside.build());
      });
    const loop = new LoopContext(
      test === undefined ? items : undefined,
      iterator,
      depth,
      node.recursive ? recurse : undefined,
    );
    let completed = false;
    for (let item = loop.next(); item !== undefined; item = loop.next()) {
      frame.rt.work();
      const inner = frame.inner(out);
      inner.set('loop', loop);
      assign(inner, item);
      const signal = body(inner);
      if (signal === 'break') break;
      // As in Jinja2, an iteration cut short does not count for the else
      if (signal === undefined) completed = true;
    }
    return completed ? undefined : otherwise(frame.inner(out));
  };
  return (frame) => run(frame, iterable(frame), frame.out, 0);
}

/** Runs a body into a string of its own, and through the filters; or answers the signal that left it. */
function compileCapture(
  statements: Body,
  filter: Expression | undefined,
  place: Place,
): (frame: Frame) => Value | Signal {
  const body = compileScope(statements, place.scope);
  const through: Evaluate | undefined =
    filter === undefined ? undefined : compileExpression(withInput(filter), place);
  return (frame) => {
    const inner = frame.inner(new StrBuilder());
    const signal = body(inner);
    if (signal !== undefined) return signal;
    const text = frame.rt.made(inner.out.build());
    if (through === undefined) return text;
    inner.set(capturedName, text);
    return through(inner);
  };
}

/** A name that no template can write. */
const capturedName = ' captured';

function withInput(filter: Expression): Expression {
  if (filter.type !== 'filter') return filter;
  return {
    ...filter,
    input: filter.input === undefined ? { type: 'name', name: capturedName } : withInput(filter.input),
  };
}

function compileTarget(target: Target): (frame: Frame, value: Value) => void {
  switch (target.type) {
    case 'name': {
      const { name } = target;
      return (frame, value) => frame.set(name, value);
    }
    case 'namespace': {
      const { name, attribute } = target;
      return (frame, value) => {
        const namespace = frame.get(name);
        if (!(namespace instanceof Namespace)) return fail('cannot assign attribute on non-namespace object');
        namespace.set(attribute, value);
      };
    }
    case 'tuple': {
      const items = target.items.map(compileTarget);
      return (frame, value) => {
        const values = unpack(value, items.length);
        items.forEach((assign, i) => void assign(frame, values[i]));
      };
    }
  }
}

function compileMacro(name: string | undefined, signature: Signature, body: Body, place: Place): MacroCode {
  const { parameters, defaults } = signature;
  const without = parameters.length - defaults.length;
  const caller = readsName(body, 'caller');
  const explicit = parameters.indexOf('caller');
  if (caller && explicit >= 0 && explicit < without)
    throw new ChatTemplateError(
      'syntax',
      'the special "caller" argument must be given a default',
      place.line,
    );
  const run = compileScope(body, place.scope, (names) => {
    for (const parameter of parameters) names.parameter(parameter);
    names.read(defaults);
  });
  return {
    name,
    parameters,
    defaults: parameters.map((_, i) =>
      i < without ? undefined : compileExpression(defaults[i - without], { ...place, soft: false }),
    ),
    uses: { caller, kwargs: readsName(body, 'kwargs'), varargs: readsName(body, 'varargs') },
    run: (frame) => void run(frame),
  };
}
