// Random JSON Schemas against ajv: what our language lets a walk write must be valid for ajv, and documents (walks, mutated walks, random values) must be
// judged alike. What we refuse by name is counted. Not part of CI: ajv is not installed with the project.
//
//   npm install --prefix DIR ajv ajv-formats
//   node --conditions=@ashlar/source --import tsx conformance/reference/fuzz-schemas.ts DIR [SEED] [COUNT]
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import {
  type ConstraintGrammar,
  constraint,
  jsonSchema,
  matchesGrammar,
  prepareVocabulary,
  UnsatisfiableConstraintError,
  UnsupportedConstraintError,
} from '@ashlar/sampling/constraints';

const [directory, seedText = '1', countText = '300'] = process.argv.slice(2);
const require = createRequire(join(resolve(directory), 'x.js'));
const Ajv = require('ajv/dist/2020').default;
const ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true });
require('ajv-formats').default(ajv);

let state = Number(seedText) * 2654435761 + 1;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (((state >>> 4) ^ (state >>> 20)) % 65536) / 65536;
}
const below = (n: number): number => Math.floor(random() * n);
const pick = <T>(...list: readonly T[]): T => list[below(list.length)];
const chance = (p: number): boolean => random() < p;
const some = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make);

const keys = ['a', 'b', 'ab', 'x-1', '', 'é', 'foo'];
const named = keys.filter((key) => key !== ''); // ajv takes a required '' for nothing
const patterns = [
  '^a',
  'b$',
  '^[a-c]+$',
  '^\\d{2,3}$',
  'a.c',
  '^(foo|bar)?$',
  '[^a]',
  '^.{2}$',
  '\\w\\s',
  '^é*$',
  '^\\p{L}+$',
  '^[\\u{1F600}-\\u{1F64F}]$',
  '^x-',
];
const formats = ['date', 'time', 'date-time', 'email', 'ipv4', 'uuid', 'uri'];

function scalar(): unknown {
  return pick<() => unknown>(
    () => null,
    () => chance(0.5),
    () => below(12) - 3,
    () => pick(0, -1, 1.5, 10, 100, 0.25, 1e3, -2.5, 7, 12),
    () => text(),
  )();
}
function text(): string {
  return pick(
    '',
    'a',
    'ab',
    'abc',
    'b',
    'foo',
    'bar',
    'é',
    'aé😀',
    '12',
    '123',
    'x-1',
    'a c',
    '"',
    '\\',
    '\n',
    '2024-02-29',
    '12:00:00Z',
    '127.0.0.1',
    '😀',
    'cab',
  );
}
function value(depth: number): unknown {
  if (depth <= 0 || chance(0.45)) return scalar();
  if (chance(0.5)) return some(4, () => value(depth - 1));
  return Object.fromEntries(some(4, () => [pick(...keys), value(depth - 1)]));
}

function schema(depth: number): unknown {
  if (chance(0.04)) return chance(0.8);
  const s: Record<string, unknown> = {};
  const type = pick('string', 'number', 'integer', 'array', 'object', 'boolean', 'null', 'any', 'any');
  if (type !== 'any')
    s['type'] = chance(0.15) ? [type, pick('null', 'string', 'integer').replace(type, 'boolean')] : type;
  const on = (...types: readonly string[]): boolean =>
    types.includes(type) || (type === 'any' && chance(0.35)) || chance(0.05);
  const sub = (): unknown => schema(depth - 1);
  const leaf = depth <= 0;
  if (on('string')) {
    if (chance(0.3)) s['minLength'] = below(4);
    if (chance(0.3)) s['maxLength'] = below(6);
    if (chance(0.35)) s['pattern'] = pick(...patterns);
    if (chance(0.12)) s['format'] = pick(...formats);
  }
  if (on('number', 'integer')) {
    if (chance(0.3)) s['minimum'] = pick(-3, 0, 1.5, 5, -100);
    if (chance(0.3)) s['maximum'] = pick(-1, 3, 7.25, 10, 150);
    if (chance(0.15)) s['exclusiveMinimum'] = pick(-1, 0, 2);
    if (chance(0.15)) s['exclusiveMaximum'] = pick(4, 8.5, 11);
    if (chance(0.25)) s['multipleOf'] = pick(1, 2, 3, 0.5, 7);
  }
  if (on('array') && !leaf) {
    if (chance(0.5)) s['items'] = sub();
    if (chance(0.25)) s['prefixItems'] = [sub(), ...some(1, sub)];
    if (chance(0.3)) s['minItems'] = below(3);
    if (chance(0.3)) s['maxItems'] = below(5);
    if (chance(0.2)) {
      s['contains'] = sub();
      if (chance(0.4)) s['minContains'] = below(3);
      if (chance(0.4)) s['maxContains'] = 1 + below(3);
    }
    if (chance(0.12)) s['uniqueItems'] = true;
    if (chance(0.1)) s['unevaluatedItems'] = chance(0.5) ? false : sub();
  }
  if (on('object') && !leaf) {
    if (chance(0.6)) s['properties'] = Object.fromEntries(some(3, () => [pick(...keys), sub()]));
    if (chance(0.35)) s['required'] = [...new Set(some(2, () => pick(...named)))];
    if (chance(0.3)) s['additionalProperties'] = chance(0.5) ? false : sub();
    if (chance(0.2)) s['patternProperties'] = { [pick(...patterns)]: sub() };
    if (chance(0.15))
      s['propertyNames'] = pick<unknown>(
        { maxLength: 2 },
        { pattern: pick(...patterns) },
        { enum: ['a', 'b', 'ab'] },
      );
    if (chance(0.15)) s['minProperties'] = below(3);
    if (chance(0.2)) s['maxProperties'] = below(4);
    if (chance(0.1)) s['dependentRequired'] = { [pick(...named)]: [pick(...named)] };
    if (chance(0.1)) s['dependentSchemas'] = { [pick(...keys)]: sub() };
    if (chance(0.1)) s['unevaluatedProperties'] = chance(0.5) ? false : sub();
  }
  if (chance(0.06))
    s['enum'] = [value(1), value(1), scalar()].filter(
      (v, i, all) => all.findIndex((w) => JSON.stringify(w) === JSON.stringify(v)) === i,
    );
  if (chance(0.04)) s['const'] = value(1);
  if (!leaf) {
    if (chance(0.1)) s['anyOf'] = [sub(), sub()];
    if (chance(0.1)) s['oneOf'] = [sub(), sub()];
    if (chance(0.1)) s['allOf'] = [sub(), ...some(1, sub)];
    if (chance(0.08)) s['not'] = sub();
    if (chance(0.08)) {
      s['if'] = sub();
      if (chance(0.7)) s['then'] = sub();
      if (chance(0.7)) s['else'] = sub();
    }
    if (chance(0.05)) s['$ref'] = '#/$defs/d';
  }
  return s;
}

const texts = Array.from({ length: 256 }, (_, b) => Uint8Array.of(b));
const vocabulary = prepareVocabulary({
  vocabSize: 257,
  tokenBytes: (id) => (id === 0 ? undefined : texts[id - 1]),
  eosTokenIds: [0],
});

const closing = [0, 1 + 0x22, 1 + 0x7d, 1 + 0x5d];
function walk(language: ConstraintGrammar): string | undefined {
  const running = constraint(language, vocabulary);
  const bytes: number[] = [];
  const late = 10 + below(40);
  for (let step = 0; step < 600; step++) {
    const mask = running.mask();
    const allowed: number[] = [];
    for (let id = 0; id < 257; id++) if ((mask[id >> 5] >>> (id & 31)) & 1) allowed.push(id);
    if (allowed.length === 0)
      throw new Error(`dead end after ${new TextDecoder().decode(Uint8Array.from(bytes))}`);
    const close = step > late ? closing.find((id) => allowed.includes(id)) : undefined;
    const plain = allowed.filter((id) => id > 32 && id < 127);
    const id =
      close ??
      (chance(0.9) && plain.length > 0 ? plain[below(plain.length)] : allowed[below(allowed.length)]);
    if (id === 0) return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
    running.accept(id);
    bytes.push(id - 1);
  }
  return undefined;
}

function mutate(v: unknown): unknown {
  if (Array.isArray(v) && v.length > 0 && chance(0.7)) {
    const copy = [...v];
    const at = below(copy.length);
    const draw = random();
    if (draw < 0.3) copy.splice(at, 1);
    else if (draw < 0.5) copy.push(copy[at]);
    else copy[at] = mutate(copy[at]);
    return copy;
  }
  if (typeof v === 'object' && v !== null && !Array.isArray(v) && chance(0.8)) {
    const entries = Object.entries(v);
    if (entries.length === 0 || chance(0.25)) return { ...v, [pick(...keys)]: value(1) };
    const at = below(entries.length);
    if (chance(0.35)) entries.splice(at, 1);
    else entries[at] = [entries[at][0], mutate(entries[at][1])];
    return Object.fromEntries(entries);
  }
  if (typeof v === 'number' && chance(0.6)) return v + pick(1, -1, 0.5);
  if (typeof v === 'string' && chance(0.6)) return v + pick('a', '1', 'é', ' ');
  return value(1);
}

/** Numbers of many digits and huge exponents are where ajv's doubles differ from the text. */
const exact = (t: string): boolean => !/\d{14}|[eE]/.test(t);

const refused = new Map<string, number>();
const tally = { schemas: 0, empty: 0, walks: 0, documents: 0, valid: 0, wrong: 0, slow: 0 };
for (let i = 0; i < Number(countText); i++) {
  const one = schema(2);
  const whole =
    typeof one === 'object' && one !== null && JSON.stringify(one).includes('$ref')
      ? { ...one, $defs: { d: schema(1) } }
      : one;
  if (JSON.stringify((whole as { $defs?: unknown }).$defs ?? '').includes('$ref')) continue;
  let validate: (v: unknown) => boolean;
  try {
    validate = ajv.compile(whole);
  } catch {
    continue;
  }
  const complain = (what: string): void => {
    tally.wrong++;
    console.log(`${what}\n    ${JSON.stringify(whole)}`);
  };
  let language: ConstraintGrammar | undefined;
  const begun = performance.now();
  try {
    language = jsonSchema(whole, { format: 'assert' });
  } catch (error) {
    if (error instanceof UnsupportedConstraintError) {
      refused.set(error.keyword, (refused.get(error.keyword) ?? 0) + 1);
      continue;
    }
    if (!(error instanceof UnsatisfiableConstraintError)) {
      complain(`error ${String(error)}`);
      continue;
    }
    tally.empty++;
  }
  tally.schemas++;
  const documents = some(30, () => value(2));
  if (language !== undefined) {
    for (let w = 0; w < 6; w++) {
      try {
        const written = walk(language);
        if (written === undefined) continue;
        tally.walks++;
        const parsed = JSON.parse(written);
        if (exact(written) && !validate(parsed)) complain(`wrote ${written}`);
        if (!matchesGrammar(language, written)) complain(`does not match what it wrote: ${written}`);
        documents.push(parsed, mutate(parsed), mutate(mutate(parsed)));
      } catch (error) {
        complain(String(error));
      }
    }
  }
  for (const document of documents) {
    const written = JSON.stringify(document);
    if (!exact(written)) continue;
    tally.documents++;
    const wanted = validate(JSON.parse(written));
    if (wanted) tally.valid++;
    const got = language !== undefined && matchesGrammar(language, written);
    if (got !== wanted) complain(`${got ? 'accepts' : 'refuses'} ${written}`);
  }
  const took = performance.now() - begun;
  if (took > 2000) {
    tally.slow++;
    console.log(`slow: ${took.toFixed(0)} ms\n    ${JSON.stringify(whole)}`);
  }
}
console.log(JSON.stringify(tally), Object.fromEntries(refused));
process.exitCode = tally.wrong > 0 ? 1 : 0;
