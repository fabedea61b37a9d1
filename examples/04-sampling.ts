// Logits to an id. Part 1: one real row of logits under several recipes, and which step removed what. Part 2: taking ids back takes their randomness back. Part 3: speculation. What
// followed the same words earlier is the guess, the model checks all guesses in one pass, and the text is the one that it would have written alone.
import { chooseBackend, generate, loadModel } from '@ashlar/core';
import { type SamplerOptions, sampler, speculator, suffixLookup } from '@ashlar/sampling';
import { loadTokenizer } from '@ashlar/tokenizer';

await chooseBackend('auto');
using model = await loadModel(new URL('../models/stories', import.meta.url).pathname);
const codec = await loadTokenizer(model.assets);

const prompt = 'Once upon a time there was a young';
const sequence = model.newSequence();
const [row] = await model.step([{ sequence, ids: codec.encode(prompt) }]);
sequence.dispose();
const recipes: Record<string, SamplerOptions> = {
  greedy: { temperature: 0 },
  'temperature 1': {},
  'temperature 2': { temperature: 2 },
  'top-k 3': { topK: 3 },
  'top-p 0.5': { topP: 0.5 },
  'min-p 0.2': { minP: 0.2 },
};
console.log(`After "${prompt}":`);
for (const [name, options] of Object.entries(recipes)) {
  const law = sampler(options).law(Float64Array.from(row));
  const best = [...law.keys()].sort((a, b) => law[b] - law[a]).slice(0, 5);
  const shown = best.filter((id) => law[id] > 0).map((id) => `${codec.decode([id])} ${law[id].toFixed(2)}`);
  console.log(
    `  ${name.padEnd(14)}${String(law.filter((p) => p > 0).length).padStart(5)} tokens left: ${shown.join(',')}`,
  );
}
const { removedBy } = sampler({ topK: 3, minP: 0.01 }).explain(row);
const lion = codec.encode(' lion')[0];
console.log(`  " lion" was removed by ${removedBy(lion)}`);

const draw = sampler({ temperature: 1, seed: 3 });
const first = [draw.sample(row).id, draw.sample(row).id, draw.sample(row).id];
draw.rollback(2);
const again = [first[0], draw.sample(row).id, draw.sample(row).id];
console.log(`Drawn ${codec.decode(first)}; the last two taken back and drawn again:${codec.decode(again)}`);

// Greedy, so that the two texts can be compared word for word; with a temperature they have the same law, not the same draws.
const greedy = sampler({ temperature: 0 });
const options = { codec, maxNewTokens: 120 };
let alone = '';
for await (const step of generate(model, 'Once upon a time', { ...options, sampler: greedy }))
  alone += step.text;
const guesses = speculator({ sampler: sampler({ temperature: 0 }), proposer: () => suffixLookup() });
let guessed = '';
for await (const step of generate(model, 'Once upon a time', { ...options, speculator: guesses }))
  guessed += step.text;
console.log(
  `Guesses that stayed: ${guesses.accepted} of ${guesses.proposed}, for ${codec.count(alone)} tokens`,
);
console.log(alone === guessed ? 'with guesses or without, the same story' : 'the guesses changed the story');
// last line: with guesses or without, the same story
