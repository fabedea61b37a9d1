// Stage 1: a tokenizer learned from the run's own text.
import type { Random } from '@ashlar/sampling';
import type { Tokenizer } from '@ashlar/tokenizer';
import { storyOf } from '../../story-world/story-of.ts';
import { userText } from '../prompts.ts';
import { questionOf } from '../questions.ts';
import type { RunFolder } from '../run-folder.ts';
import { readRunTokenizer, trainRunTokenizer } from '../run-tokenizer.ts';
import type { Setting } from '../settings.ts';
import { questionNumber } from '../speedrun-context.ts';

/** Stories that no stage trains on. */
export const heldOutStories = (random: Random, count: number): string[] =>
  Array.from({ length: count }, (_, i) => storyOf(random, 4_200_000_000 + i).text);

export interface TokenizerResult {
  readonly tokenizer: object;
  readonly bytesPerToken: number;
}

export async function tokenizerStage(
  run: RunFolder,
  setting: Setting,
  random: Random,
): Promise<{ tokenizer: Tokenizer; tokenizerJson: object; bytesPerToken: number }> {
  const result = await run.stage('tokenizer', async (): Promise<TokenizerResult> => {
    const sample = Math.min(setting.stories, 4000);
    const texts = [
      ...Array.from({ length: sample }, (_, i) => storyOf(random, i).text),
      ...Array.from({ length: sample }, (_, i) => {
        const question = questionOf(random, questionNumber('pages', i), { sums: 'shown' });
        return `${userText(question)} ${question.webAnswer}`;
      }),
    ];
    const json = await trainRunTokenizer(texts, setting.vocabSize);
    const tokenizer = readRunTokenizer(json);
    const held = heldOutStories(random, 200);
    const tokens = held.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
    const bytes = held.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    return { tokenizer: json, bytesPerToken: bytes / tokens };
  });
  const { tokenizer: tokenizerJson, bytesPerToken } = result;
  return { tokenizer: readRunTokenizer(tokenizerJson), tokenizerJson, bytesPerToken };
}
