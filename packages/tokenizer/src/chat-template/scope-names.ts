// Which names a scope hides. Jinja2 gives every scope its variables when it compiles: a name that a scope sets, that nothing outside sets or reads and
// that the scope did not read before, is undefined until it is set, whatever a variable of the rendering with the same name holds
// (jinja2/idtracking.py). Reads of scopes inside do not count, and a name that only some branch of an if sets is looked up as usual.
import type { Body, Expression, Statement, Target } from './nodes.ts';

type Load = 'parameter' | 'resolve' | 'outer' | 'undefined';

export class ScopeNames {
  private readonly parent: ScopeNames | undefined;
  private readonly loads: Map<string, Load>;
  private readonly stores: Set<string>;

  constructor(parent?: ScopeNames, loads: Map<string, Load> = new Map(), stores: Set<string> = new Set()) {
    this.parent = parent;
    this.loads = loads;
    this.stores = stores;
  }

  /** The names that are undefined at the beginning. */
  get hidden(): readonly string[] {
    return [...this.loads].flatMap(([name, load]) => (load === 'undefined' ? [name] : []));
  }

  private knows(name: string): boolean {
    return this.loads.has(name) || (this.parent?.knows(name) ?? false);
  }

  parameter(name: string): void {
    this.stores.add(name);
    this.loads.set(name, 'parameter');
  }

  store(name: string): void {
    this.stores.add(name);
    if (!this.loads.has(name)) this.loads.set(name, this.parent?.knows(name) ? 'outer' : 'undefined');
  }

  /** Every name that an expression, or all of some, reads. */
  read(node: object): void {
    if (Array.isArray(node)) {
      for (const item of node) if (typeof item === 'object' && item !== null) this.read(item);
      return;
    }
    const { type, name } = node as { readonly type?: string; readonly name?: string };
    if (type === 'constant') return;
    if (type === 'name' && !this.knows(name!)) this.loads.set(name!, 'resolve');
    for (const child of Object.values(node))
      if (typeof child === 'object' && child !== null) this.read(child);
  }

  target(target: Target): void {
    if (target.type === 'name') this.store(target.name);
    else if (target.type === 'tuple') target.items.forEach((item) => void this.target(item));
    else this.read({ type: 'name', name: target.name });
  }

  parameters(target: Target): void {
    if (target.type === 'name') this.parameter(target.name);
    else if (target.type === 'tuple') target.items.forEach((item) => void this.parameters(item));
  }

  body(body: Body): void {
    for (const statement of body) this.statement(statement);
  }

  private statement(node: Statement): void {
    switch (node.type) {
      case 'output':
        this.read(node.expression);
        break;
      case 'if':
        this.branches(node.branches, node.otherwise);
        break;
      case 'for':
        this.read(node.iterable);
        break;
      case 'set':
        this.read(node.value);
        this.target(node.target);
        break;
      case 'set-block':
        this.target(node.target);
        break;
      case 'macro':
        this.store(node.name);
        break;
      case 'call-block':
        this.read(node.call);
        break;
      case 'filter-block':
        this.read(node.filter);
        break;
      case 'with':
        this.read(node.values);
    }
  }

  private branches(
    branches: readonly { readonly test: Expression; readonly body: Body }[],
    otherwise: Body,
  ): void {
    const [first, ...others] = branches;
    this.read(first.test);
    const made = [
      this.branch((names) => void names.body(first.body)),
      this.branch((names) => {
        for (const other of others) names.branches([other], []);
      }),
      this.branch((names) => void names.body(otherwise)),
    ];
    const fresh = new Set(made.flatMap(({ stores }) => [...stores].filter((name) => !this.stores.has(name))));
    for (const { loads, stores } of made) {
      for (const [name, load] of loads) this.loads.set(name, load);
      for (const name of stores) this.stores.add(name);
    }
    for (const name of fresh) this.loads.set(name, this.parent?.knows(name) ? 'outer' : 'resolve');
  }

  private branch(visit: (names: ScopeNames) => void): ScopeNames {
    const names = new ScopeNames(this.parent, new Map(this.loads), new Set(this.stores));
    visit(names);
    return names;
  }
}

/** The names of a scope inside `parent`. */
export function scopeInside(parent: ScopeNames | undefined, visit: (names: ScopeNames) => void): ScopeNames {
  const names = new ScopeNames(parent);
  visit(names);
  return names;
}
