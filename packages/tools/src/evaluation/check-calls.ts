// BFCL's check of calls by value (Patil et al., `ast_checker.py`), rule by rule: as many calls as wanted, in any order; the required parameters and no
// others than those declared and answered; types of the schema, or of the accepted values ("variables"); each value among the accepted ones. Texts
// are compared without case, spaces and `,./-_*^`, also in lists and as values of objects, no deeper; variables exactly. "" among the accepted values
// says that a parameter may be left out, and, as there, that an empty list will do.
import { type TypeName, typeOf } from '../formats/type-by-schema.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import type { AcceptedCall, FunctionCallingCase } from './function-calling.ts';
import { toolName, typeOfBfcl } from './function-calling.ts';

type Declared = FunctionCallingCase['function'][number];

const plain = (text: string): string =>
  text
    .replace(/[ ,./\-_*^]/g, '')
    .toLowerCase()
    .replace(/'/g, '"');
const plainIfText = (value: Json): Json => (typeof value === 'string' ? plain(value) : value);

/** Equal as they stand; numbers by value. */
function equal(a: Json, b: Json): boolean {
  const numeric = (x: Json): boolean => typeof x === 'number' || typeof x === 'bigint';
  if (numeric(a) && numeric(b)) return Number(a) === Number(b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((x, i) => equal(x, b[i] as Json));
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && equal(a[key] as Json, b[key] as Json))
    );
  }
  return a === b;
}

const fits = (value: Json, kind: TypeName): boolean =>
  typeOf(value) === kind || (kind === 'number' && typeOf(value) === 'integer');
const answeredKind = (accepted: readonly Json[]): TypeName | undefined => {
  const first = accepted.find((one) => one !== '');
  return first === undefined ? undefined : typeOf(first);
};
/** Whether the type is right: the schema's, or else that of the accepted values, and then the value is a variable. */
function typed(
  value: Json,
  accepted: readonly Json[],
  kind: TypeName,
  inner: TypeName | undefined,
): 'value' | 'variable' | undefined {
  const answered = answeredKind(accepted);
  const variable = answered !== undefined && answered !== kind ? 'variable' : 'value';
  if (!fits(value, kind))
    return answered !== undefined && typeOf(value) === answered ? 'variable' : undefined;
  if (inner === undefined || !Array.isArray(value)) return variable;
  const one = accepted.some(
    (list) =>
      !Array.isArray(list) || value.every((item: Json) => typed(item, list, inner, undefined) !== undefined),
  );
  return one ? variable : undefined;
}

const isListed = (value: Json, accepted: readonly Json[]): boolean =>
  accepted.some((one) => equal(one, value));
const listOf = (value: Json): readonly Json[] | undefined =>
  value === '' ? [] : Array.isArray(value) ? value : undefined;

function objectIsRight(value: JsonObject, accepted: readonly Json[]): boolean {
  return accepted.some((wanted) => {
    if (!isObject(wanted)) return false;
    const answers = (key: string): readonly Json[] => {
      const listed = wanted[key];
      return Array.isArray(listed) ? listed : [listed as Json];
    };
    return (
      Object.keys(value).every(
        (key) =>
          Object.hasOwn(wanted, key) &&
          isListed(plainIfText(value[key] as Json), answers(key).map(plainIfText)),
      ) && Object.keys(wanted).every((key) => Object.hasOwn(value, key) || answers(key).includes(''))
    );
  });
}
function listIsRight(
  value: readonly Json[],
  accepted: readonly Json[],
  inner: TypeName | undefined,
): boolean {
  return accepted.some((one) => {
    const wanted = listOf(one);
    if (wanted === undefined) return false;
    if (inner !== 'object') return equal(value.map(plainIfText), wanted.map(plainIfText));
    return (
      value.length === wanted.length &&
      value.every((item, i) => isObject(item) && objectIsRight(item, [wanted[i] as Json]))
    );
  });
}

function valueIsRight(value: Json, accepted: readonly Json[], schema: JsonObject): boolean {
  const kind = typeOfBfcl(schema['type']);
  if (kind === undefined) return isListed(value, accepted);
  const items = schema['items'];
  const inner = kind === 'array' && isObject(items) ? typeOfBfcl(items['type']) : undefined;
  const as = typed(value, accepted, kind, inner);
  if (as === undefined) return false;
  if (as === 'value') {
    if (isObject(value)) return objectIsRight(value, accepted);
    if (Array.isArray(value)) return listIsRight(value, accepted, inner);
    if (kind === 'string')
      return isListed(plainIfText(value), accepted.filter((one) => typeof one === 'string').map(plainIfText));
  }
  return isListed(value, accepted);
}

/** What is wrong with one call as an answer to `wanted`, or undefined. */
function checkCall(
  call: { readonly name: string; readonly arguments: JsonObject },
  wanted: AcceptedCall,
  functions: readonly Declared[],
): string | undefined {
  const [name, values] = Object.entries(wanted)[0] as [string, Readonly<Record<string, readonly Json[]>>];
  if (toolName(call.name) !== toolName(name)) return `expected ${name}, got ${call.name}`;
  const parameters = functions.find((one) => toolName(one.name) === toolName(name))?.parameters ?? {};
  const declared = isObject(parameters['properties']) ? parameters['properties'] : {};
  const required = Array.isArray(parameters['required']) ? parameters['required'] : [];
  for (const key of required)
    if (typeof key === 'string' && !Object.hasOwn(call.arguments, key)) return `${key}: missing`;
  for (const [key, value] of Object.entries(call.arguments)) {
    const schema = Object.hasOwn(declared, key) ? declared[key] : undefined;
    if (!isObject(schema) || !Object.hasOwn(values, key)) return `${key}: not expected`;
    if (!valueIsRight(value, values[key] as readonly Json[], schema))
      return `${key}: ${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))} is not accepted`;
  }
  for (const [key, accepted] of Object.entries(values))
    if (!Object.hasOwn(call.arguments, key) && !accepted.includes('')) return `${key}: missing`;
  return undefined;
}

/**
 * What is wrong with `calls`, or undefined when they are right: as many as wanted, each an answer of its own, in any order; `functions` are those of
 * the case. Answers are looked for in the order of `wanted`, each takes the first call that is left and right, as BFCL does.
 */
export function checkCalls(
  calls: readonly { readonly name: string; readonly arguments: JsonObject }[],
  wanted: readonly AcceptedCall[],
  functions: readonly Declared[],
): string | undefined {
  if (calls.length !== wanted.length) return `expected ${wanted.length} calls, got ${calls.length}`;
  const left = [...calls];
  for (const answer of wanted) {
    const wrong = left.map((call) => checkCall(call, answer, functions));
    const at = wrong.indexOf(undefined);
    if (at < 0) return wrong[0];
    left.splice(at, 1);
  }
  return undefined;
}
