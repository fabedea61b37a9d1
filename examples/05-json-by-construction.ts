// A sampler may only draw what keeps the text valid: a schema becomes a mask over the vocabulary at every step. The embedded model knows nothing of JSON,
// and still every one of its drafts parses and satisfies a hard schema, at a temperature where free text would be noise. A real model fills it with sense:
//   node --conditions=@ashlar/source --import tsx examples/05-json-by-construction.ts --model ../shared/data/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf --runs 200
import { chooseBackend, generate, loadModel } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { constraint, jsonSchema, prepareVocabulary } from '@ashlar/sampling/constraints';
import { loadTokenizer } from '@ashlar/tokenizer';
import { readFlags } from './read-flags.ts';

const values = readFlags(
  `node --conditions=@ashlar/source --import tsx examples/05-json-by-construction.ts
  --model PLACE   a folder, a file, a URL or hf:owner/name; default: the embedded model
  --runs N        how many drafts; default 20`,
  {
    model: { type: 'string' },
    runs: { type: 'string' },
  },
);
const runs = Number(values.runs ?? 20);
if (!Number.isInteger(runs) || runs < 1)
  throw new RangeError(`runs: expected an integer >= 1, got ${values.runs}`);

const tricks = ['sit', 'roll over', 'fetch', 'give paw'];
const schema = {
  $defs: {
    animal: {
      type: 'object',
      properties: {
        name: { type: 'string', pattern: '^[A-Z][a-z]{2,8}$' },
        kind: { enum: ['dog', 'cat', 'hen'] },
        tricks: { type: 'array', items: { enum: tricks }, uniqueItems: true, minItems: 1 },
        // A friend may have a friend, and that one none: a recursive schema must end for a text to.
        friend: {
          allOf: [{ $ref: '#/$defs/animal' }, { properties: { friend: { not: { required: ['friend'] } } } }],
        },
      },
      required: ['name', 'kind'],
      additionalProperties: false,
      if: { properties: { kind: { const: 'dog' } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['tricks'] },
      else: { not: { required: ['tricks'] } },
    },
  },
  type: 'object',
  properties: {
    hero: { enum: ['Lily', 'Tom', 'a little dog'] },
    age: { type: 'integer', minimum: 3, maximum: 12 },
    coins: { type: 'integer', minimum: 10, maximum: 95, multipleOf: 5 },
    born: { type: 'string', format: 'date' },
    friends: {
      type: 'array',
      items: { type: 'string', pattern: '^[A-Z][a-z]{2,6}$' },
      uniqueItems: true,
      minItems: 1,
      maxItems: 3,
    },
    mood: { oneOf: [{ const: 'happy' }, { const: 'sad' }, { type: 'null' }] },
    pet: { $ref: '#/$defs/animal' },
    story: { type: 'string', minLength: 10, maxLength: 60, not: { pattern: '^[Oo]nce' } },
  },
  required: ['hero', 'age', 'coins', 'born', 'friends', 'pet', 'story'],
  additionalProperties: false,
} as const;

const backend = await chooseBackend('auto');
const model = await loadModel(values.model ?? new URL('../models/stories', import.meta.url).pathname);
const tokenizer = await loadTokenizer(model.assets);
// The model's end of text, and beside it every token's bytes.
const vocabulary = prepareVocabulary(tokenizer);
const language = jsonSchema(schema, { whitespace: 'compact', propertyOrder: 'schema' });
console.log(`${model.family} on ${backend.name}, ${vocabulary.bytes.length} nodes in the trie\n`);
const ask = 'Invent the hero of a short story for children, with a pet. Answer as JSON.';
const prompt = values.model === undefined ? 'Once upon a time' : [{ role: 'user', content: ask }];

let valid = 0;
let tokens = 0;
for (let seed = 1; seed <= runs; seed++) {
  let text = '';
  for await (const token of generate(model, prompt, {
    codec: tokenizer,
    sampler: sampler({ temperature: 1.2, constraint: constraint(language, vocabulary), seed }),
    maxNewTokens: 1000,
  })) {
    text += token.text;
    tokens++;
  }
  if (seed <= 3) console.log(text);
  if (isValid(text)) valid++;
  else console.log(`seed ${seed} is not: ${text}`);
}
model.dispose();
console.log(`\n${tokens} tokens`);
console.log(`${valid} of ${runs} drafts satisfy the schema`);

/** The schema once more, by hand, so that the engine is not its own judge. */
function isValid(text: string): boolean {
  let draft: Record<string, unknown>;
  try {
    draft = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return false;
  }
  const { hero, age, coins, born, friends, mood, pet, story, ...rest } = draft;
  return (
    schema.properties.hero.enum.some((name) => name === hero) &&
    Number.isInteger(age) &&
    Number(age) >= 3 &&
    Number(age) <= 12 &&
    Number(coins) >= 10 &&
    Number(coins) <= 95 &&
    Number(coins) % 5 === 0 &&
    new Date(`${String(born)}T00:00:00Z`).toISOString().startsWith(String(born)) &&
    Array.isArray(friends) &&
    friends.length >= 1 &&
    friends.length <= 3 &&
    friends.every((name) => /^[A-Z][a-z]{2,6}$/.test(String(name))) &&
    new Set(friends).size === friends.length &&
    [undefined, null, 'happy', 'sad'].includes(mood as null) &&
    isAnimal(pet) &&
    [...String(story)].length >= 10 &&
    [...String(story)].length <= 60 &&
    !/^[Oo]nce/.test(String(story)) &&
    Object.keys(rest).length === 0
  );
}

function isAnimal(value: unknown, depth = 0): boolean {
  const { name, kind, tricks: own, friend, ...rest } = value as Record<string, unknown>;
  const trained =
    Array.isArray(own) &&
    own.length > 0 &&
    own.every((trick) => tricks.includes(String(trick))) &&
    new Set(own).size === own.length;
  return (
    /^[A-Z][a-z]{2,8}$/.test(String(name)) &&
    ['dog', 'cat', 'hen'].includes(String(kind)) &&
    (kind === 'dog' ? trained : own === undefined) &&
    (friend === undefined || (depth < 2 && isAnimal(friend, depth + 1))) &&
    Object.keys(rest).length === 0
  );
}
// last line: 20 of 20 drafts satisfy the schema
