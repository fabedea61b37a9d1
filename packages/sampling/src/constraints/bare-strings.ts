// The strings that a schema admits, as they stand: no quotes, no escapes. A dress without quoting (a tag around a value) holds a schema's pattern,
// lengths, format, enum and all their combinations with this, because they are the same shapes that JSON strings are made of.
import { boundedAutomaton } from './char-automaton.ts';
import { allStrings, dfaAccepts } from './char-dfa.ts';
import { UnsatisfiableConstraintError } from './errors.ts';
import type { Expression } from './grammar-tree.ts';
import { parseRegex, regexDfa } from './regex.ts';
import { SchemaCompiler } from './schema-compiler.ts';
import { draftOf, isSchema, SchemaResources } from './schema-resources.ts';
import { meet, type StringShape } from './shapes.ts';
import { utf8Lexeme } from './text-lexeme.ts';

/** The strings of `schema` that the whole of the pattern `within` matches (default: any). @throws UnsatisfiableConstraintError when there is none. */
export function bareStrings(schema: unknown, within?: string): Expression {
  if (!isSchema(schema)) throw new TypeError(`strings: expected a schema, got ${typeof schema}`);
  const compiler = new SchemaCompiler(new SchemaResources(schema, draftOf(schema) ?? '2020-12'), true);
  const frame: StringShape = {
    type: 'string',
    dfa: within === undefined ? allStrings : regexDfa(parseRegex(within)),
    min: 0,
    max: Infinity,
  };
  const shapes = compiler.shapesOf(compiler.of(schema)).flatMap((shape): StringShape[] => {
    const both = shape.type === 'string' ? meet(shape, frame) : undefined;
    return both?.type === 'string' ? [both] : [];
  });
  const items = shapes.flatMap(expressionsOf);
  if (items.length === 0) throw new UnsatisfiableConstraintError('strings: no string satisfies the schema');
  return { kind: 'choice', items };
}

// Expressions that bring a machine of their own are never empty, so the empty string stands by itself.
function expressionsOf({ dfa, min, max }: StringShape): Expression[] {
  const out: Expression[] = [];
  if (min === 0 && dfaAccepts(dfa, '')) out.push({ kind: 'regex', node: { kind: 'sequence', items: [] } });
  const chars = boundedAutomaton(dfa, Math.max(1, min), max);
  if (chars.start >= 0) out.push({ kind: 'readable', make: (machine) => machine.lexeme(utf8Lexeme(chars)) });
  return out;
}
