// Lets a model write stories and judges them by rule: `evaluate.ts --model FOLDER [--count 300] [--temperature 0.7] [--out FILE]`. Shares come with 95 % Wilson intervals; the stories
// that failed are printed with the rule they broke. `--corpus N` counts what is not among the first N training stories: whole stories, and sentences word by word.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type BackendName, chooseBackend, generateBatch, loadModel } from '@ashlar/core';
import { createRandom, sampler } from '@ashlar/sampling';
import { loadTokenizer } from '@ashlar/tokenizer';
import { share } from '../../examples/speedrun/evaluate.ts';
import { checkStory, isCoherent, type StoryCheck } from '../../examples/story-world/check-story.ts';
import { storyOf } from '../../examples/story-world/story-of.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/stories' },
    count: { type: 'string', default: '300' },
    temperature: { type: 'string', default: '0.7' },
    seed: { type: 'string', default: '1' },
    backend: { type: 'string', default: 'simd' },
    corpus: { type: 'string', default: '0' },
    out: { type: 'string' },
  },
});
const [count, temperature, seed, corpus] = [values.count, values.temperature, values.seed, values.corpus].map(
  (text) => {
    if (!(Number(text) >= 0)) throw new RangeError(`expected a number >= 0, got ${text}`);
    return Number(text);
  },
);

await chooseBackend(values.backend as BackendName);
const model = await loadModel(values.model, {
  backend: values.backend as BackendName,
  cache: { cacheTokens: 32 * 512 },
});
const codec = await loadTokenizer(model.assets);
const stories: { text: string; ended: boolean }[] = [];
const together = 32;
for (let from = 0; from < count; from += together) {
  const lanes = Array.from({ length: Math.min(together, count - from) }, () => [codec.bosTokenId ?? 0]);
  const texts = lanes.map(() => ({ text: '', ended: false }));
  const options = {
    codec,
    sampler: sampler({ temperature, seed: seed * 1_000_000 + from }),
    maxNewTokens: 440,
  };
  for await (const step of generateBatch(model, lanes, options)) {
    texts[step.sequence].text += step.text;
    texts[step.sequence].ended = step.finishReason === 'eos';
  }
  stories.push(...texts.map(({ text, ended }) => ({ text: text.trim(), ended })));
}
model.dispose();

const checks = stories.map(({ text }) => checkStory(text));
const rows: Record<string, string> = {};
const put = (label: string, hits: number, of = stories.length): void => {
  const { value, low, high } = share(hits, of);
  rows[label] = `${(100 * value).toFixed(1)} % (${(100 * low).toFixed(1)}-${(100 * high).toFixed(1)})`;
};
put('ends by itself', stories.filter((s) => s.ended).length);
for (const rule of Object.keys(checks[0]) as (keyof StoryCheck)[])
  put(rule, checks.filter((c) => c[rule]).length);
put('nothing of these wrong', checks.filter(isCoherent).length);
rows['words a story'] = (
  stories.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0) / stories.length
).toFixed(0);
if (corpus > 0) {
  const sentencesOf = (text: string): string[] => text.split(/(?<=[.!?]"?)\s+/);
  const [told, known] = [new Set<string>(), new Set<string>()];
  const random = createRandom(1);
  for (let i = 0; i < corpus; i++) {
    const { text } = storyOf(random, i);
    told.add(text);
    for (const sentence of sentencesOf(text)) known.add(sentence);
  }
  const sentences = stories.flatMap(({ text }) => sentencesOf(text));
  put('stories not in the training corpus', stories.filter(({ text }) => !told.has(text)).length);
  put('sentences not in it', sentences.filter((s) => !known.has(s)).length, sentences.length);
}
console.log(JSON.stringify({ stories: stories.length, temperature, seed, ...rows }, null, 2));
const text = stories.map((story, i) => {
  const failed = Object.entries(checks[i]).filter(([, good]) => !good);
  return `# ${i}${failed.length > 0 ? `: ${failed.map(([rule]) => rule).join(', ')}` : ''}\n${story.text}\n`;
});
if (values.out !== undefined) await writeFile(values.out, text.join('\n'));
else console.error(text.filter((t) => /^# \d+:/.test(t)).join('\n'));
process.exit(0);
