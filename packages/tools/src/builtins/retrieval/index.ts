export { type Chunk, chunkText } from './chunk-text.ts';
export { fuseRanks } from './fuse-ranks.ts';
export {
  createIndex,
  type Embed,
  type IndexOptions,
  type Passage,
  type QueryOptions,
  type RetrievalIndex,
  retrievalTool,
  type SourceDocument,
} from './retrieval.ts';
