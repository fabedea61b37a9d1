// Search as a tool over a pluggable provider. No result page is scraped: bring a provider with your own key, or search your own documents offline.
import { checkOptions } from '../../check-options.ts';
import { type AnyTool, type Tool, toolResult } from '../../tool.ts';
import { createIndex, type SourceDocument } from '../retrieval/retrieval.ts';

/** One hit. */
export interface SearchHit {
  readonly title: string;
  readonly url: string;
  readonly snippet: string;
}
/** Answers queries. */
export interface SearchProvider {
  /** At most `limit` hits, best first. */
  search(
    query: string,
    options: { readonly limit: number; readonly signal: AbortSignal },
  ): Promise<readonly SearchHit[]>;
}

/** A provider over documents at hand, by BM25: ids are their URLs. */
export async function offlineSearch(documents: readonly SourceDocument[]): Promise<SearchProvider> {
  const index = createIndex({ chunk: { size: 400, overlap: 40 } });
  await index.add(documents);
  return {
    async search(query, { limit }) {
      const found = await index.query(query, { limit, perSource: 1 });
      return found.map((p) => ({
        title: p.title ?? p.source,
        url: p.source,
        snippet: p.text.trim().replace(/\s+/g, ' ').slice(0, 300),
      }));
    },
  };
}

/** The tool `search`. The provider sees the query, so it is `external` unless `offline` says that nothing leaves the process. */
export function searchTool(
  provider: SearchProvider,
  options: { readonly limit?: number; readonly offline?: boolean } = {},
): AnyTool {
  checkOptions(options, ['limit', 'offline'], 'searchTool');
  const { limit = 5, offline = false } = options;
  const tool: Tool<{ readonly query: string }> = {
    name: 'search',
    description: 'Searches and answers titles, addresses and excerpts.',
    input: {
      type: 'object',
      properties: { query: { type: 'string', maxLength: 500 } },
      required: ['query'],
      additionalProperties: false,
    },
    effects: offline ? 'read' : 'external',
    idempotent: true,
    result: { trust: 'web' },
    async run({ query }, { signal }) {
      const hits = (await provider.search(query, { limit, signal })).slice(0, limit);
      if (hits.length === 0) return 'Nothing was found.';
      return toolResult(hits.map((h, i) => `[${i + 1}] ${h.title}\n${h.url}\n${h.snippet}`).join('\n\n'), {
        links: hits.map((h) => h.url),
      });
    },
  };
  return tool;
}
