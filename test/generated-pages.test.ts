import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compatibilityPage } from '../scripts/compatibility.ts';
import { papersPage } from '../scripts/papers.ts';

const page = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');

it.each([
  ['compatibility.md', compatibilityPage],
  ['papers.md', papersPage],
])('docs/%s is what its script makes of the sources (run it with --write)', (name, make) => {
  expect(page(name)).toBe(make());
});
