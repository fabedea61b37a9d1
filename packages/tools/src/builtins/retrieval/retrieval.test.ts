import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offlineSearch, searchTool } from '../search/index.ts';
import { chunkText } from './chunk-text.ts';
import { fuseRanks } from './fuse-ranks.ts';
import { createIndex, retrievalTool, type SourceDocument } from './retrieval.ts';

const documents: SourceDocument[] = [
  {
    id: 'ashlar',
    title: 'Ashlar',
    text: 'Ashlar is stone cut so exactly that the blocks fit without mortar.',
  },
  {
    id: 'mortar',
    title: 'Mortar',
    text: 'Mortar is a paste that binds stones and fills the gaps between them.',
  },
  { id: 'bread', title: 'Bread', text: 'Bread is baked from flour, water and salt.' },
];
// A toy embedding: which of these words a text has.
const embed = async (texts: readonly string[]): Promise<Float32Array[]> =>
  texts.map((t) =>
    Float32Array.from(
      ['stone', 'mortar', 'flour', 'masonry'].map((w) =>
        t.toLowerCase().includes(w) || (w === 'stone' && t.includes('masonry')) ? 1 : 0,
      ),
    ),
  );

describe('chunkText', () => {
  it('covers the whole text with pieces no longer than asked', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 600 }),
        fc.integer({ min: 20, max: 80 }),
        (text, size) => {
          const chunks = chunkText(text, { size, overlap: 5 });
          let covered = 0;
          for (const { text: piece, start, end } of chunks) {
            expect(piece).toBe(text.slice(start, end));
            expect(piece.length).toBeLessThanOrEqual(size);
            expect(text.slice(covered, start).trim()).toBe('');
            covered = Math.max(covered, end);
          }
          expect(text.slice(covered).trim()).toBe('');
        },
      ),
    );
  });
});
describe('the index', () => {
  it('finds by words, by vectors and by both', async () => {
    const index = createIndex({ embed });
    await index.add(documents);
    expect((await index.query('paste between gaps', { by: 'words' }))[0]?.source).toBe('mortar');
    expect((await index.query('masonry', { by: 'vectors' }))[0]?.source).toBe('ashlar');
    expect((await index.query('flour', { by: 'both' }))[0]?.source).toBe('bread');
    await expect(createIndex().query('x', { by: 'vectors' })).rejects.toThrow(/embed/);
  });
  it('refuses vectors that are not finite, of other lengths, or too few', async () => {
    for (const [made, why] of [
      [[Float32Array.from([Number.NaN])], /finite/],
      [[], /expected 1 vectors/],
    ] as const)
      await expect(createIndex({ embed: async () => made }).add([documents[0]!])).rejects.toThrow(why);
    const mixed = createIndex({ embed: async (texts) => texts.map((_, i) => new Float32Array(i + 1)) });
    await expect(mixed.add(documents)).rejects.toThrow(/expected vectors of 1/);
  });
  it('lets no source fill the answer', async () => {
    const index = createIndex({ chunk: { size: 60, overlap: 0 } });
    await index.add([{ id: 'spam', text: 'stone mortar blocks fit. '.repeat(50) }, ...documents]);
    const found = await index.query('stone mortar', { limit: 5, perSource: 2 });
    expect(found.filter((p) => p.source === 'spam')).toHaveLength(2);
    expect(new Set(found.map((p) => p.source)).size).toBeGreaterThan(1);
  });
  it('cites, as a tool', async () => {
    const index = createIndex();
    await index.add(documents);
    const answer = await retrievalTool(index).run({ query: 'mortar' }, {} as never);
    expect((answer as { text: string }).text).toMatch(/^\[1\] (Mortar|Ashlar) \(/);
    const search = searchTool(
      await offlineSearch(documents.map((d) => ({ ...d, id: `https://example.com/${d.id}` }))),
      { offline: true },
    );
    expect(search.effects).toBe('read');
    expect(
      (
        (await search.run({ query: 'flour' }, { signal: new AbortController().signal } as never)) as {
          links: string[];
        }
      ).links,
    ).toEqual(['https://example.com/bread']);
  });
  it('fuses ranks by their reciprocals', () => {
    expect(
      fuseRanks([
        ['a', 'b'],
        ['b', 'c'],
      ]).map((x) => x.key),
    ).toEqual(['b', 'a', 'c']);
  });
});
