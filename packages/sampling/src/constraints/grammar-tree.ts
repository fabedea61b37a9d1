// The intermediate grammar that every textual front end compiles to: expressions over characters and rules. What is
// regular becomes one lazy automaton; only recursion and JSON values need the stack. Left recursion is refused.
import { boundedAutomaton } from './char-automaton.ts';
import type { CharDfa } from './char-dfa.ts';
import { UnsatisfiableConstraintError, UnsupportedConstraintError } from './errors.ts';
import type { Emit, Machine, Readable, Stack } from './machine.ts';
import { type RegexNode, regexDfa } from './regex.ts';
import { utf8Lexeme } from './text-lexeme.ts';

/** An expression of a grammar. */
export type Expression =
  | { readonly kind: 'regex'; readonly node: RegexNode }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly item: Expression; readonly min: number; readonly max: number }
  | { readonly kind: 'rule'; readonly name: string }
  /** Something a front end brings; productive, and never empty. */
  | { readonly kind: 'readable'; readonly make: (machine: Machine) => Readable };

/** The expression of exactly this text. */
export function textNode(text: string): RegexNode {
  return {
    kind: 'sequence',
    items: [...text].map((char) => {
      const code = char.codePointAt(0) as number;
      return { kind: 'chars', ranges: [code, code] };
    }),
  };
}

/** Compiles the rule `root` for the machine. */
export function compileGrammar(
  machine: Machine,
  rules: ReadonlyMap<string, Expression>,
  root: string,
): Readable {
  for (const [name, body] of rules)
    visit(body, (e) => {
      if (e.kind === 'rule' && !rules.has(e.name))
        throw new SyntaxError(`grammar: rule ${name} uses ${e.name}, which is not defined`);
    });
  if (!rules.has(root)) throw new SyntaxError(`grammar: no rule ${root}`);
  const nullable = fixpoint(rules, (e, of) => {
    switch (e.kind) {
      case 'regex':
        return emptyMatches(e.node);
      case 'readable':
        return false;
      case 'rule':
        return of(e.name);
      default:
        return undefined;
    }
  });
  refuseLeftRecursion(rules, nullable);
  const productive = fixpoint(rules, (e, of) => {
    switch (e.kind) {
      case 'regex':
        return e.node.kind !== 'chars' || e.node.ranges.length > 0 ? regexProductive(e.node) : false;
      case 'readable':
        return true;
      case 'rule':
        return of(e.name);
      default:
        return undefined;
    }
  });
  if (!productive.rule(root)) throw new UnsatisfiableConstraintError(`grammar: no text matches ${root}`);
  const recursive = recursiveRules(rules);
  const regular = new Map<string, RegexNode | undefined>();
  const asRegex = (e: Expression): RegexNode | undefined => {
    switch (e.kind) {
      case 'regex':
        return e.node;
      case 'readable':
        return undefined;
      case 'rule': {
        if (recursive.has(e.name)) return undefined;
        if (!regular.has(e.name)) regular.set(e.name, asRegex(rules.get(e.name) as Expression));
        return regular.get(e.name);
      }
      case 'repeat': {
        const item = asRegex(e.item);
        return item && { kind: 'repeat', item, min: e.min, max: e.max };
      }
      default: {
        const items: RegexNode[] = [];
        for (const part of e.items) {
          const node = asRegex(part);
          if (node === undefined) return undefined;
          items.push(node);
        }
        return { kind: e.kind, items };
      }
    }
  };
  const byName = new Map<string, Readable>();
  const lexemes = new Map<string, Readable>();
  const lexeme = (dfa: CharDfa): Readable => {
    let readable = lexemes.get(dfa.key);
    if (readable === undefined) readable = machine.lexeme(utf8Lexeme(boundedAutomaton(dfa)));
    lexemes.set(dfa.key, readable);
    return readable;
  };
  const compile = (e: Expression): Readable => {
    const node = asRegex(e);
    if (node !== undefined && size(node) < 3000) {
      try {
        return lexeme(regexDfa(node));
      } catch (error) {
        if (!(error instanceof UnsupportedConstraintError) || e.kind === 'regex') throw error; // too large as one automaton: by its parts
      }
    }
    switch (e.kind) {
      case 'regex':
        return lexeme(regexDfa(e.node));
      case 'readable':
        return e.make(machine);
      case 'rule': {
        let readable = byName.get(e.name);
        if (readable === undefined) {
          let body: Readable | undefined;
          readable = {
            id: machine.newId(),
            enter: (rest, out) => {
              body ??= compile(rules.get(e.name) as Expression);
              machine.enter(body, rest, out);
            },
          };
          byName.set(e.name, readable);
        }
        return readable;
      }
      case 'choice': {
        const parts = joinRegular(
          e.items.filter((item) => productive.expression(item)),
          'choice',
          asRegex,
        ).map(compile);
        return {
          id: machine.newId(),
          enter: (rest, out) => {
            for (const part of parts) machine.enter(part, rest, out);
          },
        };
      }
      case 'sequence': {
        const parts = joinRegular(e.items, 'sequence', asRegex).map(compile);
        const id = machine.newId();
        const begin = (index: number, rest: Stack, out: Emit): void => {
          if (index === parts.length) machine.pop(rest, out);
          else if (index === parts.length - 1) machine.enter(parts[index], rest, out);
          else {
            const frame = machine.frame(`seq ${id} ${index}`, () => ({
              resume: (below, emit) => begin(index + 1, below, emit),
            }));
            machine.enter(parts[index], machine.push(frame, rest), out);
          }
        };
        return { id, enter: (rest, out) => begin(0, rest, out) };
      }
      default: {
        if (!productive.expression(e.item)) return lexeme(regexDfa({ kind: 'sequence', items: [] }));
        const item = compile(e.item);
        const rounds: Readable[] = [];
        const cap = e.max === Infinity ? e.min : e.max;
        const round = (count: number): Readable => {
          rounds[count] ??= {
            id: machine.newId(),
            enter: (rest, out) => {
              if (count >= e.min) machine.pop(rest, out);
              if (count >= e.max) return;
              if (count + 1 >= e.max) {
                machine.enter(item, rest, out); // the last one: nothing to come back for
                return;
              }
              const next = Math.min(count + 1, cap);
              const frame = machine.frame(`rep ${rounds[0].id} ${next}`, () => ({
                resume: (below, emit) => machine.enter(round(next), below, emit),
              }));
              // Coming back to an endless repetition and then to the same once more is coming back once.
              const again = e.max === Infinity && next >= e.min && rest.frame?.key === frame.key;
              machine.enter(item, again ? rest : machine.push(frame, rest), out);
            },
          };
          return rounds[count];
        };
        return round(0);
      }
    }
  };
  return compile({ kind: 'rule', name: root });
}

// Neighbouring regular parts become one.
function joinRegular(
  items: readonly Expression[],
  kind: 'sequence' | 'choice',
  asRegex: (e: Expression) => RegexNode | undefined,
): Expression[] {
  const out: Expression[] = [];
  let run: RegexNode[] = [];
  const flush = (): void => {
    if (run.length > 0) out.push({ kind: 'regex', node: run.length === 1 ? run[0] : { kind, items: run } });
    run = [];
  };
  for (const item of items) {
    const node = asRegex(item);
    if (node !== undefined && size(node) < 500) run.push(node);
    else {
      flush();
      out.push(item);
    }
  }
  flush();
  return out;
}

function size(node: RegexNode): number {
  switch (node.kind) {
    case 'sequence':
    case 'choice':
      return node.items.reduce((sum, item) => sum + size(item), 1);
    case 'repeat':
      return 1 + size(node.item) * Math.max(1, node.max === Infinity ? node.min + 1 : node.max);
    default:
      return 1;
  }
}

function visit(e: Expression, see: (e: Expression) => void): void {
  see(e);
  if (e.kind === 'repeat') visit(e.item, see);
  else if (e.kind === 'sequence' || e.kind === 'choice') for (const item of e.items) visit(item, see);
}

function emptyMatches(node: RegexNode): boolean {
  switch (node.kind) {
    case 'chars':
      return false;
    case 'sequence':
      return node.items.every(emptyMatches);
    case 'choice':
      return node.items.some(emptyMatches);
    case 'repeat':
      return node.min === 0 || emptyMatches(node.item);
    default:
      return true;
  }
}

function regexProductive(node: RegexNode): boolean {
  switch (node.kind) {
    case 'chars':
      return node.ranges.length > 0;
    case 'sequence':
      return node.items.every(regexProductive);
    case 'choice':
      return node.items.some(regexProductive);
    case 'repeat':
      return node.min === 0 || regexProductive(node.item);
    default:
      return true;
  }
}

interface Property {
  rule(name: string): boolean;
  expression(e: Expression): boolean;
}

// The least property of rules in which a sequence needs all and a choice one.
function fixpoint(
  rules: ReadonlyMap<string, Expression>,
  leaf: (e: Expression, of: (name: string) => boolean) => boolean | undefined,
): Property {
  const found = new Set<string>();
  const rule = (name: string): boolean => found.has(name);
  const expression = (e: Expression): boolean => {
    const known = leaf(e, rule);
    if (known !== undefined) return known;
    if (e.kind === 'sequence') return e.items.every(expression);
    if (e.kind === 'choice') return e.items.some(expression);
    return e.kind === 'repeat' && (e.min === 0 || expression(e.item));
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, body] of rules)
      if (!found.has(name) && expression(body)) {
        found.add(name);
        changed = true;
      }
  }
  return { rule, expression };
}

function refuseLeftRecursion(rules: ReadonlyMap<string, Expression>, nullable: Property): void {
  const firsts = (e: Expression): string[] => {
    switch (e.kind) {
      case 'rule':
        return [e.name];
      case 'choice':
        return e.items.flatMap(firsts);
      case 'repeat':
        return firsts(e.item);
      case 'sequence': {
        const names: string[] = [];
        for (const item of e.items) {
          names.push(...firsts(item));
          if (!nullable.expression(item)) break;
        }
        return names;
      }
      default:
        return [];
    }
  };
  const done = new Set<string>();
  const open = new Set<string>();
  const walk = (name: string): void => {
    if (done.has(name)) return;
    if (open.has(name)) throw new UnsupportedConstraintError('left recursion', name);
    open.add(name);
    for (const next of firsts(rules.get(name) as Expression)) walk(next);
    open.delete(name);
    done.add(name);
  };
  for (const name of rules.keys()) walk(name);
}

function recursiveRules(rules: ReadonlyMap<string, Expression>): Set<string> {
  const uses = new Map<string, string[]>();
  for (const [name, body] of rules) {
    const list: string[] = [];
    visit(body, (e) => {
      if (e.kind === 'rule') list.push(e.name);
    });
    uses.set(name, list);
  }
  const recursive = new Set<string>();
  for (const name of rules.keys()) {
    const seen = new Set<string>();
    const queue = [...(uses.get(name) ?? [])];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (next === name) {
        recursive.add(name);
        break;
      }
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(...(uses.get(next) ?? []));
    }
  }
  return recursive;
}
