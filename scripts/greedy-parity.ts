// Does the fused executor say what the composite path says? `node --conditions=@ashlar/source --import tsx scripts/greedy-parity.ts [MODEL] [--tokens 64] [--activations int8]` lets the simd
// backend's executor answer 20 prompts greedily, then asks the composite path (float32 weights, stock tfjs ops) for its choice at every one of those steps,
// given the same text so far. A different choice counts unless the composite path's own top two logits are closer than twice the
// executor's largest deviation from it at that step, which may itself be 0.05 at most. Exit 1 when one counts. With `int8` prompts and the batch of 20 are
// rounded to 8 bits, and the deviation is theirs: it is reported, with the mean KL divergence of the rows, and not held to 0.05.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chooseBackend, loadModel } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: 'string', default: '64' },
    activations: { type: 'string', default: 'int16' },
  },
});
const tokens = Number(values.tokens);
if (!Number.isInteger(tokens) || tokens < 1)
  throw new RangeError(`--tokens: expected an integer >= 1, got ${values.tokens}`);
const shared = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  '..',
  'shared',
  'data',
  'models',
  'smollm2',
);
const place = positionals[0] ?? join(shared, 'SmolLM2-135M-Instruct.Q4_1.gguf');
/** A larger deviation of a logit is an error, not noise. */
const mostNoise = values.activations === 'int8' ? Number.POSITIVE_INFINITY : 0.05;
const prompts = [
  'What is the capital of France?',
  'Write a haiku about the sea.',
  'Explain photosynthesis to a child.',
  'List three prime numbers greater than ten.',
  'Why is the sky blue?',
  'Translate "good morning" into Spanish.',
  'Give me a recipe for pancakes.',
  'What does HTTP stand for?',
  'Tell me a short story about a dragon who is afraid of fire.',
  'What is the difference between a list and a tuple in Python?',
  'Name the planets of the solar system.',
  'How do I tie a tie?',
  'Summarise the plot of Romeo and Juliet.',
  'What is 17 times 6?',
  'Describe the colour red to someone who cannot see.',
  'Who wrote "Pride and Prejudice"?',
  'Give two arguments for and two against zoos.',
  'Write a function in JavaScript that reverses a string.',
  'What should I pack for a week in Iceland?',
  'Continue the sentence: Once upon a time, in a small village,',
];

await chooseBackend('simd');
const activations = values.activations as 'int16' | 'int8'; // loadModel refuses anything else
const fused = await loadModel(place, { activations });
const tokenizer = await loadTokenizer(fused.assets);
const starts = prompts.map((content) => [...tokenizer.encodeChat([{ role: 'user', content }])]);
const top = (row: Float32Array): number => row.reduce((best, v, i) => (v > row[best] ? i : best), 0);

// The executor's texts and logits, all prompts in one batch.
const sequences = starts.map(() => fused.newSequence());
const said = starts.map(() => [] as { id: number; row: Float32Array }[]);
let rows = await fused.step(starts.map((ids, i) => ({ sequence: sequences[i], ids })));
for (let t = 0; t < tokens; t++) {
  rows.forEach((row, i) => {
    said[i].push({ id: top(row), row });
  });
  if (t < tokens - 1)
    rows = await fused.step(said.map((list, i) => ({ sequence: sequences[i], ids: [list[t].id] })));
}
fused.dispose();

const composite = await loadModel(place, { executor: 'composite' });
let [equal, near, different, widest, divergence] = [0, 0, 0, 0, 0];
for (const [i, start] of starts.entries()) {
  const text = said[i].map(({ id }) => id);
  const logits = composite.forward([...start, ...text.slice(0, -1)]);
  const all = (await logits.data()) as Float32Array;
  logits.dispose();
  for (const [t, { id, row }] of said[i].entries()) {
    const from = (start.length - 1 + t) * composite.vocabSize;
    const theirs = all.subarray(from, from + composite.vocabSize);
    let noise = 0;
    for (let v = 0; v < row.length; v++) noise = Math.max(noise, Math.abs(row[v] - theirs[v]));
    widest = Math.max(widest, noise);
    divergence += kullbackLeibler(theirs, row);
    const choice = top(theirs);
    const gap = theirs[choice] - theirs[id];
    if (choice === id) equal++;
    else if (gap <= 2 * noise && noise <= mostNoise) near++;
    else {
      different++;
      console.log(`prompt ${i}, step ${t}: ${id} instead of ${choice}, gap ${gap}, noise ${noise}`);
    }
  }
}
composite.dispose();
console.log(
  `${prompts.length} prompts x ${tokens} tokens: ${equal} choices equal, ${near} where the gap is under the noise, ${different} different; largest |dlogit| ${widest.toExponential(1)}, mean KL ${(divergence / (prompts.length * tokens)).toExponential(1)}`,
);
process.exit(different === 0 && widest <= mostNoise ? 0 : 1);

/** KL(p | q) of two rows of logits. */
function kullbackLeibler(p: Float32Array, q: Float32Array): number {
  const logSum = (row: Float32Array): number => {
    const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return most + Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0));
  };
  const [zp, zq] = [logSum(p), logSum(q)];
  return p.reduce((sum, v, i) => sum + Math.exp(v - zp) * (v - zp - (q[i] - zq)), 0);
}
