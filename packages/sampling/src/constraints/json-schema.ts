// JSON Schema as a language of texts.
import { checkKnown } from '../check.ts';
import { type ConstraintGrammar, compileLanguage } from './constraint-grammar.ts';
import { UnsatisfiableConstraintError, UnsupportedConstraintError } from './errors.ts';
import { JsonMachine } from './json-machine.ts';
import type { Readable } from './machine.ts';
import { Productivity } from './productivity.ts';
import { SchemaCompiler } from './schema-compiler.ts';
import { draftOf, isSchema, type SchemaDraft, type SchemaNode, SchemaResources } from './schema-resources.ts';

/** Options of `jsonSchema`. */
export interface JsonSchemaOptions {
  /** The draft; default: what `$schema` names, else 2020-12 (where the older forms of `items` and `dependencies` are read too). */
  readonly draft?: SchemaDraft;
  /** Whether `format` must hold (default 'assert'), or only informs, as the drafts have it by default ('annotate'). */
  readonly format?: 'assert' | 'annotate';
  /** Where one space may stand: 'spaced' (default) after `{ [ , :` and before `} ]`, 'compact' nowhere. */
  readonly whitespace?: 'spaced' | 'compact';
  /** 'any' (default), or 'schema': declared properties in the order of the schema, others behind them. */
  readonly propertyOrder?: 'any' | 'schema';
  /** Documents that references may lead to, by absolute URI. Nothing is ever fetched; only what is referred to is read. */
  readonly schemas?: Readonly<Record<string, unknown>>;
}

/**
 * The JSON texts that satisfy a JSON Schema (2020-12, 2019-09, 7, 6, 4). What cannot be held to exactly is refused by
 * name; nothing is ignored but annotations and keywords that no draft defines. Of the many texts of a value some are
 * left out: keys that come twice, `\u` escapes of printable ASCII, more than one space in a place, and exponents of
 * numbers that are bounded.
 *
 * Throws UnsupportedConstraintError (`keyword`, `path`) and UnsatisfiableConstraintError.
 *
 * @example
 * ```ts
 * import { jsonSchema, matchesGrammar } from '@ashlar/sampling/constraints';
 *
 * const point = jsonSchema({ type: 'object', properties: { x: { type: 'integer', minimum: 0 } }, required: ['x'] });
 * matchesGrammar(point, '{"x": 7}') // => true
 * matchesGrammar(point, '{"x": -7}') // => false
 * ```
 */
export function jsonSchema(schema: unknown, options: JsonSchemaOptions = {}): ConstraintGrammar {
  checkKnown('jsonSchema', options, ['draft', 'format', 'whitespace', 'propertyOrder', 'schemas']);
  if (!isSchema(schema)) throw new TypeError(`schema: expected an object or a boolean, got ${typeof schema}`);
  const { draft, format = 'assert', whitespace = 'spaced', propertyOrder = 'any', schemas } = options;
  oneOf('format', format, ['assert', 'annotate']);
  oneOf('whitespace', whitespace, ['spaced', 'compact']);
  oneOf('propertyOrder', propertyOrder, ['any', 'schema']);
  const node: SchemaNode = schema;
  const dialect = typeof node === 'object' ? node['$schema'] : undefined;
  if (typeof dialect === 'string' && !/^https?:\/\/json-schema\.org\//.test(dialect))
    throw new UnsupportedConstraintError('$schema', '', `${dialect} may give keywords another meaning`);
  return compileLanguage('jsonSchema', (machine): Readable => {
    const resources = new SchemaResources(node, draft ?? draftOf(node) ?? '2020-12', schemas);
    const compiler = new SchemaCompiler(resources, format === 'assert');
    const live = new Productivity(compiler);
    const json = new JsonMachine(machine, compiler, live, {
      spaces: whitespace === 'spaced',
      ordered: propertyOrder === 'schema',
    });
    const root = compiler.of(node);
    live.check(root);
    if (!live.productive(root))
      throw new UnsatisfiableConstraintError('jsonSchema: no value satisfies the schema');
    return json.value(root);
  });
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (!known.includes(value))
    throw new RangeError(`${name}: expected one of ${known.join(', ')}, got ${value}`);
}
