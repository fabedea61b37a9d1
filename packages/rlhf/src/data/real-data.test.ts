import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { longerWinRate } from '../comparisons/audit.ts';
import { gsm8kAnswer } from '../rollout/environment.ts';
import { readAssistantTrees, readHhRlhf } from './foreign-rows.ts';
import { pairsOfRanking } from './preference-rows.ts';

const folder = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url));
const rows = (file: string): unknown[] =>
  gunzipSync(readFileSync(`${folder}${file}`))
    .toString('utf8')
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]));

describe.skipIf(!existsSync(`${folder}preference`))('published data (absent: skipped)', () => {
  test('every pair of hh-rlhf is read: a prompt that ends with the user, two different answers', () => {
    const pairs = readHhRlhf(rows('preference/hh_rlhf_harmless_test_a.jsonl.gz'));
    expect(pairs.length).toBeGreaterThan(500);
    for (const { prompt, chosen, rejected } of pairs) {
      expect(prompt.length).toBeGreaterThan(0);
      expect(chosen.length).toBeGreaterThan(0);
      expect(rejected.length).toBeGreaterThan(0);
    }
    const share = longerWinRate(
      pairs.map((p) => ({
        chosenLength: JSON.stringify(p.chosen).length,
        rejectedLength: JSON.stringify(p.rejected).length,
      })),
    );
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.7);
  });

  test('every ranked group of Open Assistant becomes a ranking with K(K-1)/2 pairs', () => {
    const rankings = readAssistantTrees(rows('preference/oasst_en_trees_a.jsonl.gz'));
    expect(rankings.length).toBeGreaterThan(50);
    for (const ranking of rankings) {
      const k = ranking.completions.length;
      if (new Set(ranking.ranks).size === k) expect(pairsOfRanking(ranking)).toHaveLength((k * (k - 1)) / 2);
    }
  });

  test('every solution of GSM8K has a final number', () => {
    const problems = rows('instruct/gsm8k_test_a.jsonl.gz') as { answer: string }[];
    expect(problems.length).toBeGreaterThan(300);
    for (const { answer } of problems) expect(gsm8kAnswer(answer)).toMatch(/^-?\d+(\.\d+)?$/);
  });
});
