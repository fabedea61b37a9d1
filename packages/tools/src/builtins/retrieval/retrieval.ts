// Retrieval over one's own documents: BM25 by minisearch, vectors by any `embed` (core's encoder, an endpoint), or both fused. Vectors are a flat
// Float32Array, searched exactly. At most `perSource` pieces of one source come up, so one poisoned document cannot fill the answer; every piece is
// cited. Needs the optional peer `minisearch`.

import MiniSearch from 'minisearch';
import { checkOptions } from '../../check-options.ts';
import type { Label } from '../../label.ts';
import { type AnyTool, type Tool, toolResult } from '../../tool.ts';
import { type Chunk, chunkText } from './chunk-text.ts';
import { fuseRanks } from './fuse-ranks.ts';

/** A document to be found. */
export interface SourceDocument {
  /** Unique; cited. */
  readonly id: string;
  readonly text: string;
  readonly title?: string;
  /** Provenance; default `{trust: 'tool'}`. */
  readonly label?: Partial<Label>;
}
/** A piece that was found. */
export interface Passage extends Chunk {
  readonly source: string;
  readonly title?: string;
  readonly label?: Partial<Label>;
  readonly score: number;
}
/** Texts to unit or any vectors, one each. */
export type Embed = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

/** Options of {@link createIndex}. */
export interface IndexOptions {
  readonly embed?: Embed;
  readonly chunk?: { readonly size?: number; readonly overlap?: number };
}
/** Options of a query. */
export interface QueryOptions {
  readonly limit?: number;
  readonly perSource?: number;
  readonly by?: 'words' | 'vectors' | 'both';
}
/** An index of documents. */
export interface RetrievalIndex {
  /** Adds documents. @throws RangeError for an id that is there already. */
  add(documents: readonly SourceDocument[]): Promise<void>;
  /** The best passages, best first. */
  query(text: string, options?: QueryOptions): Promise<readonly Passage[]>;
  readonly size: number;
}

/** An empty index. */
export function createIndex(options: IndexOptions = {}): RetrievalIndex {
  checkOptions(options, ['embed', 'chunk'], 'createIndex');
  checkOptions(options.chunk ?? {}, ['size', 'overlap'], 'createIndex: chunk');
  const pieces: Omit<Passage, 'score'>[] = [];
  const ids = new Set<string>();
  const words = new MiniSearch<{ id: number; text: string; title: string }>({
    fields: ['text', 'title'],
    // Symbols part words as punctuation does: `n=stone` and `stone</b>` hold a stone.
    tokenize: (text) => text.split(/[\p{Z}\p{P}\p{S}\p{Cc}]+/u),
    searchOptions: { boost: { title: 1.5 }, prefix: false },
  });
  let vectors = new Float32Array(0);
  let width = 0;
  const store = async (texts: readonly string[], from: number): Promise<void> => {
    if (options.embed === undefined || texts.length === 0) return;
    const made = await options.embed(texts);
    if (made.length !== texts.length)
      throw new RangeError(`embed: expected ${texts.length} vectors, got ${made.length}`);
    width ||= made[0]!.length;
    const grown = new Float32Array(pieces.length * width);
    grown.set(vectors);
    for (const [i, vector] of made.entries()) {
      if (vector.length !== width)
        throw new RangeError(`embed: expected vectors of ${width}, got ${vector.length}`);
      grown.set(unit(vector), (from + i) * width);
    }
    vectors = grown;
  };
  const byVectors = async (text: string, most: number): Promise<number[]> => {
    if (options.embed === undefined || width === 0) return [];
    const query = unit((await options.embed([text]))[0]!);
    const scores = Float32Array.from(pieces, (_, i) => {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += query[j]! * vectors[i * width + j]!;
      return sum;
    });
    return Array.from(scores.keys())
      .sort((a, b) => scores[b]! - scores[a]!)
      .slice(0, most);
  };
  return {
    get size() {
      return pieces.length;
    },
    async add(documents) {
      const from = pieces.length;
      for (const { id, text, title, label } of documents) {
        if (ids.has(id)) throw new RangeError(`document: ${id} is there already`);
        ids.add(id);
        for (const chunk of chunkText(text, options.chunk))
          pieces.push({
            ...chunk,
            source: id,
            ...(title === undefined ? {} : { title }),
            ...(label === undefined ? {} : { label }),
          });
      }
      for (let i = from; i < pieces.length; i++)
        words.add({ id: i, text: pieces[i]!.text, title: pieces[i]!.title ?? '' });
      await store(
        pieces.slice(from).map((p) => p.text),
        from,
      );
    },
    async query(text, asked = {}) {
      checkOptions(asked, ['limit', 'perSource', 'by'], 'query');
      const { limit = 5, perSource = 2, by = options.embed === undefined ? 'words' : 'both' } = asked;
      if (by !== 'words' && options.embed === undefined)
        throw new RangeError('by: expected words, since no embed was given');
      const most = limit * 8;
      const lists: number[][] = [];
      if (by !== 'vectors')
        lists.push(
          words
            .search(text)
            .slice(0, most)
            .map((hit) => hit.id as number),
        );
      if (by !== 'words') lists.push(await byVectors(text, most));
      const taken = new Map<string, number>();
      const out: Passage[] = [];
      for (const { key, score } of fuseRanks(lists)) {
        const piece = pieces[key]!;
        const used = taken.get(piece.source) ?? 0;
        if (used >= perSource) continue;
        taken.set(piece.source, used + 1);
        out.push({ ...piece, score });
        if (out.length === limit) break;
      }
      return out;
    },
  };
}

const unit = (vector: Float32Array): Float32Array => {
  const norm = Math.hypot(...vector);
  if (!Number.isFinite(norm)) throw new RangeError('embed: expected finite vectors');
  return norm === 0 ? vector : vector.map((x) => x / norm);
};

/** The tool `retrieve` over an index: passages with their citations. */
export function retrievalTool(
  index: RetrievalIndex,
  options: QueryOptions & { readonly label?: Partial<Label> } = {},
): AnyTool {
  checkOptions(options, ['limit', 'perSource', 'by', 'label'], 'retrievalTool');
  const { label, ...query } = options;
  const tool: Tool<{ readonly query: string }> = {
    name: 'retrieve',
    description: 'Finds passages in the documents and cites them.',
    input: {
      type: 'object',
      properties: { query: { type: 'string', maxLength: 1000 } },
      required: ['query'],
      additionalProperties: false,
    },
    effects: 'read',
    idempotent: true,
    ...(label === undefined ? {} : { result: label }),
    async run(input) {
      const found = await index.query(input.query, query);
      if (found.length === 0) return 'Nothing was found.';
      const strictest = found.map((p) => p.label).filter((l) => l !== undefined);
      return toolResult(
        found
          .map(
            (p, i) =>
              `[${i + 1}] ${p.title ?? p.source} (${p.source}, ${p.start}-${p.end})\n${p.text.trim()}`,
          )
          .join('\n\n'),
        {
          label: {
            source: [...new Set(found.map((p) => p.source))].join(', '),
            ...(strictest.some((l) => l.private) ? { private: true } : {}),
            ...(strictest.some((l) => l.trust === 'web') ? { trust: 'web' as const } : {}),
          },
        },
      );
    },
  };
  return tool;
}
