/**
 * Judges stories by rule and prints the figures as JSON:
 * `judge-stories.ts --stories FILE [--corpus FILE]`, stories parted by a line ---; one without the end token was cut.
 * With a corpus it also counts what is not in it: whole stories, and sentences word by word.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkStory, isCoherent } from './check-story.ts';

const end = '<|endoftext|>';
const { values } = parseArgs({ options: { stories: { type: 'string' }, corpus: { type: 'string' } } });
if (values.stories === undefined) throw new TypeError('--stories: expected a file name, got nothing');

const pieces = readFileSync(values.stories, 'utf8')
  .split('\n---\n')
  .filter((piece) => piece.trim() !== '');
const stories = pieces.map((piece) => ({ text: piece.replace(end, '').trim(), ended: piece.includes(end) }));
const checks = stories.map(({ text }) => checkStory(text));
const share = (count: number, of = stories.length): number => Math.round((1000 * count) / of) / 1000;

const figures: Record<string, number> = {
  stories: stories.length,
  endToken: share(stories.filter((story) => story.ended).length),
  coherent: share(checks.filter(isCoherent).length),
  words: Math.round(stories.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0) / stories.length),
};
for (const field of Object.keys(checks[0] ?? {}) as (keyof (typeof checks)[number])[])
  figures[field] = share(checks.filter((check) => check[field]).length);

if (values.corpus !== undefined) {
  const sentencesOf = (text: string): string[] => text.split(/(?<=[.!?]"?)\s+/);
  const known = new Set<string>();
  const told = new Set<string>();
  for (const text of readFileSync(values.corpus, 'utf8').split(`${end}\n`)) {
    told.add(text.trim());
    for (const sentence of sentencesOf(text)) known.add(sentence);
  }
  const sentences = stories.flatMap(({ text }) => sentencesOf(text));
  figures.newStories = share(stories.filter(({ text }) => !told.has(text)).length);
  figures.newSentences = share(sentences.filter((sentence) => !known.has(sentence)).length, sentences.length);
}
console.log(JSON.stringify(figures, null, 2));
stories.forEach(({ text }, index) => {
  const failed = Object.entries(checks[index] ?? {}).filter(([, good]) => !good);
  if (failed.length > 0) console.error(`# ${index}: ${failed.map(([field]) => field).join(', ')}\n${text}\n`);
});
