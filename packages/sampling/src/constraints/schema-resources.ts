// Where a schema's references lead: $id, $anchor, JSON Pointers, within the document and those handed in with it. Nothing
// is fetched; a reference to any other document is refused by name.
import { UnsupportedConstraintError } from './errors.ts';

/** A schema as an object of keywords. */
export type Keywords = { readonly [keyword: string]: unknown };

/** A schema of the document: a boolean or an object of keywords. */
export type SchemaNode = boolean | Keywords;

/** The drafts that are told apart. */
export type SchemaDraft = '4' | '6' | '7' | '2019-09' | '2020-12';

/** The outermost schema of each name of a dynamic anchor, on the way that led to a schema; '' is `$recursiveAnchor`. */
export type DynamicScope = ReadonlyMap<string, SchemaNode>;

/** Where a schema stands. */
interface Place {
  readonly base: string;
  readonly path: string;
}

const listsOfSchemas = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const mapsOfSchemas = [
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
];
const singleSchemas = [
  'additionalProperties',
  'propertyNames',
  'items',
  'additionalItems',
  'contains',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
];

export function isSchema(value: unknown): value is SchemaNode {
  return typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value));
}

/** The draft that `$schema` names, if it names one. */
export function draftOf(schema: SchemaNode): SchemaDraft | undefined {
  if (typeof schema === 'boolean' || typeof schema['$schema'] !== 'string') return undefined;
  const name = /draft\/(2019-09|2020-12)|draft-0([467])/.exec(schema['$schema']);
  return (name?.[1] ?? name?.[2]) as SchemaDraft | undefined;
}

/** The resources of one document. */
export class SchemaResources {
  readonly draft: SchemaDraft;
  readonly #resources = new Map<string, SchemaNode>();
  readonly #anchors = new Map<string, SchemaNode>();
  /** By resource: its dynamic anchors by name ('' for `$recursiveAnchor`). */
  readonly #dynamic = new Map<string, Map<string, SchemaNode>>();
  readonly #places = new WeakMap<object, Place>();
  /** Documents handed in, by URI, until a reference needs them. */
  readonly #documents = new Map<string, unknown>();

  constructor(root: SchemaNode, draft: SchemaDraft, documents: Readonly<Record<string, unknown>> = {}) {
    this.draft = draft;
    for (const [uri, document] of Object.entries(documents)) {
      const base = uri.replace(/#$/, '');
      if (absolute(base, 'ashlar:///') !== base || base.includes('#'))
        throw new TypeError(`schemas: expected absolute URIs without fragments, got ${uri}`);
      this.#documents.set(base, document);
    }
    this.#resources.set('ashlar:///root', root);
    this.#walk(root, 'ashlar:///root', '');
  }

  placeOf(schema: object): Place {
    return this.#places.get(schema) ?? { base: 'ashlar:///root', path: '' };
  }

  /** Says where a schema of our own making stands: where the one stands that it was made of. */
  adopt(schema: object, from: object): void {
    if (!this.#places.has(schema)) this.#places.set(schema, this.placeOf(from));
  }

  /** The schema that `reference` means within `from`. */
  resolve(reference: string, from: object): SchemaNode {
    const { base, path } = this.placeOf(from);
    const target = absolute(reference, base);
    const hash = target.indexOf('#');
    const uri = hash < 0 ? target : target.slice(0, hash);
    const fragment = hash < 0 ? '' : decode(target.slice(hash + 1));
    const resource = this.#resources.get(uri) ?? this.#document(uri, path);
    if (resource === undefined)
      throw new UnsupportedConstraintError('$ref', path, `${reference} is not in the document or in schemas`);
    if (fragment === '') return resource;
    if (!fragment.startsWith('/')) {
      const anchored = this.#anchors.get(`${uri}#${fragment}`);
      if (anchored === undefined)
        throw new UnsupportedConstraintError('$ref', path, `no anchor ${reference}`);
      return anchored;
    }
    let at: unknown = resource;
    let place = uri;
    for (const part of fragment.slice(1).split('/')) {
      const key = part.replace(/~1/g, '/').replace(/~0/g, '~');
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key))
        throw new UnsupportedConstraintError('$ref', path, `${reference} leads nowhere`);
      at = (at as Record<string, unknown>)[key];
      if (isSchema(at) && typeof at === 'object') place = this.#places.get(at)?.base ?? place;
    }
    if (!isSchema(at)) throw new UnsupportedConstraintError('$ref', path, `${reference} is no schema`);
    if (typeof at === 'object' && !this.#places.has(at)) this.#walk(at, place, fragment);
    return at;
  }

  /** The document of a URI that was handed in, read now. */
  #document(uri: string, path: string): SchemaNode | undefined {
    const document = this.#documents.get(uri);
    if (document === undefined) return undefined;
    if (!isSchema(document)) throw new TypeError(`schemas: expected a schema at ${uri}`);
    const named = typeof document === 'object' && typeof document['$schema'] === 'string';
    if (named && draftOf(document) !== this.draft)
      throw new UnsupportedConstraintError('$schema', path, `${uri} is of another draft`);
    this.#resources.set(uri, document);
    this.#walk(document, uri, '');
    return document;
  }

  /** The dynamic scope within `schema`, entered from `scope`: the outermost schema of each dynamic anchor's name. */
  enter(schema: object, scope: DynamicScope): DynamicScope {
    const anchors = this.#dynamic.get(this.placeOf(schema).base);
    if (anchors === undefined) return scope;
    let wider: Map<string, SchemaNode> | undefined;
    for (const [name, target] of anchors) {
      if (scope.has(name)) continue;
      wider ??= new Map(scope);
      wider.set(name, target);
    }
    return wider ?? scope;
  }

  /** The schema that a `$dynamicRef` or `$recursiveRef` means in this dynamic scope. */
  resolveDynamic(reference: string, from: object, scope: DynamicScope): SchemaNode {
    const target = this.resolve(reference, from);
    if (typeof target === 'boolean') return target;
    if (this.draft === '2019-09')
      return target['$recursiveAnchor'] === true ? (scope.get('') ?? target) : target;
    const name = decode(reference.slice(reference.indexOf('#') + 1));
    return target['$dynamicAnchor'] === name ? (scope.get(name) ?? target) : target;
  }

  #walk(schema: unknown, outer: string, path: string): void {
    if (!isSchema(schema) || typeof schema === 'boolean' || this.#places.has(schema)) return;
    let base = outer;
    const old = Number(this.draft) <= 7;
    const id = this.draft === '4' ? schema['id'] : schema['$id'];
    if (typeof id === 'string' && !(old && '$ref' in schema)) {
      const uri = absolute(id, outer);
      const hash = uri.indexOf('#');
      if (hash >= 0 && hash < uri.length - 1) this.#anchors.set(uri, schema);
      if (!id.startsWith('#')) {
        base = hash < 0 ? uri : uri.slice(0, hash);
        if (!this.#resources.has(base)) this.#resources.set(base, schema);
      }
    }
    for (const keyword of ['$anchor', '$dynamicAnchor'])
      if (typeof schema[keyword] === 'string' && !old)
        this.#anchors.set(`${base}#${schema[keyword]}`, schema);
    const anchor =
      this.draft === '2019-09' ? schema['$recursiveAnchor'] === true && '' : schema['$dynamicAnchor'];
    if (typeof anchor === 'string' && !old) {
      const anchors = this.#dynamic.get(base) ?? new Map<string, SchemaNode>();
      this.#dynamic.set(base, anchors);
      if (!anchors.has(anchor)) anchors.set(anchor, schema);
    }
    this.#places.set(schema, { base, path });
    for (const keyword of singleSchemas) {
      const value = schema[keyword];
      if (Array.isArray(value))
        for (const [i, v] of value.entries()) this.#walk(v, base, `${path}/${keyword}/${i}`);
      else this.#walk(value, base, `${path}/${keyword}`);
    }
    for (const keyword of listsOfSchemas) {
      const value = schema[keyword];
      if (Array.isArray(value))
        for (const [i, v] of value.entries()) this.#walk(v, base, `${path}/${keyword}/${i}`);
    }
    for (const keyword of mapsOfSchemas) {
      const value = schema[keyword];
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        for (const [k, v] of Object.entries(value)) this.#walk(v, base, `${path}/${keyword}/${k}`);
    }
  }
}

function absolute(reference: string, base: string): string {
  try {
    return new URL(reference, base).href;
  } catch {
    return reference.startsWith('#') ? base.replace(/#.*$/, '') + reference : reference;
  }
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
