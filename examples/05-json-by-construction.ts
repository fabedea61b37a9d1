// A sampler may only draw what keeps the text valid: a schema becomes a mask over the vocabulary at every step. The embedded model knows nothing of JSON,
// and still every one of its drafts parses and satisfies the schema, at a temperature where free text would be noise.
import { chooseBackend, generate, loadModel } from '@ashlar/core';
import { sampler, temperature } from '@ashlar/sampling';
import { constraint, constraintStep, jsonSchema, prepareVocabulary } from '@ashlar/sampling/constraints';
import { loadTokenizer } from '@ashlar/tokenizer';

const schema = {
  type: 'object',
  properties: {
    hero: { enum: ['Lily', 'Tom', 'a little dog'] },
    age: { type: 'integer', minimum: 3, maximum: 12 },
    friends: {
      type: 'array',
      items: { type: 'string', pattern: '^[A-Z][a-z]{2,6}$' },
      uniqueItems: true,
      minItems: 1,
      maxItems: 3,
    },
    mood: { oneOf: [{ const: 'happy' }, { const: 'sad' }, { type: 'null' }] },
    story: { type: 'string', minLength: 10, maxLength: 60 },
  },
  required: ['hero', 'age', 'friends', 'story'],
  additionalProperties: false,
} as const;

const backend = await chooseBackend('auto');
const model = await loadModel(new URL('../models/stories', import.meta.url).pathname);
const tokenizer = await loadTokenizer(model.assets);
// The model's end of text, and beside it every token's bytes.
const vocabulary = prepareVocabulary(tokenizer);
const language = jsonSchema(schema, { whitespace: 'compact', propertyOrder: 'schema' });
console.log(`${model.family} on ${backend.name}, ${vocabulary.bytes.length} nodes in the trie\n`);

const count = 20;
let valid = 0;
for (let seed = 1; seed <= count; seed++) {
  const step = constraintStep({ constraint: constraint(language, vocabulary) });
  let text = '';
  for await (const token of generate(model, 'Once upon a time', {
    codec: tokenizer,
    sampler: sampler({ processors: [step, temperature({ temperature: 1.2 })], seed }),
    maxNewTokens: 400,
  }))
    text += token.text;
  if (seed <= 3) console.log(text);
  const { hero, age, friends, mood, story, ...rest } = JSON.parse(text) as Record<string, unknown>;
  const ok =
    schema.properties.hero.enum.some((name) => name === hero) &&
    Number.isInteger(age) &&
    Number(age) >= 3 &&
    Number(age) <= 12 &&
    Array.isArray(friends) &&
    friends.every((name) => /^[A-Z][a-z]{2,6}$/.test(String(name))) &&
    new Set(friends).size === friends.length &&
    [undefined, null, 'happy', 'sad'].includes(mood as null) &&
    String(story).length >= 10 &&
    Object.keys(rest).length === 0;
  if (ok) valid++;
}
model.dispose();
console.log(`\n${valid} of ${count} drafts satisfy the schema`);
// last line: 20 of 20 drafts satisfy the schema
