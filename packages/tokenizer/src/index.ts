// Text to ids and back.
export type { AddedToken } from './added-tokens.ts';
export {
  type ChatMessage,
  type ChatTemplate,
  ChatTemplateError,
  compileChatTemplate,
  type LabelKind,
  labelStrictness,
  type ProvenanceLabel,
  type RenderedChat,
  type RenderOptions,
  stricterLabel,
  type TemplateLimits,
  type TemplateSpan,
} from './chat-template/index.ts';
export { type EncodeChatOptions, type EncodedChat, encodeChat } from './encode-chat.ts';
export type { TextChunks } from './encode-stream.ts';
export type { Encoding, Padding, Truncation } from './encoding.ts';
export type { PieceExplanation } from './explain.ts';
export { ggufTokenizer } from './formats/gguf.ts';
export { loadTokenizer, type ModelAssets } from './formats/load-tokenizer.ts';
export { readGgufMetadata } from './formats/read-gguf-metadata.ts';
export { readSentencePiece, type SentencePieceOptions } from './formats/sentence-piece.ts';
export { readTekken } from './formats/tekken.ts';
export {
  readTiktoken,
  type TiktokenEncoding,
  type TiktokenOptions,
  writeTiktoken,
} from './formats/tiktoken.ts';
export { readTokenizerBin, writeTokenizerBin } from './formats/tokenizer-bin.ts';
export { readTokenizerJson, type TokenizerExtras, writeTokenizerJson } from './formats/tokenizer-json.ts';
export { readVocabAndMerges, readVocabTxt } from './formats/vocab-and-merges.ts';
export type { MergeStep } from './models/model.ts';
export { offsetsInBytes, offsetsInCodePoints } from './offsets.ts';
export { type ReferenceBpeOptions, referenceBpe } from './reference-bpe.ts';
export {
  controlTokensOf,
  type EncodedSegments,
  encodeSegments,
  type Segment,
  type SegmentOptions,
  toSegments,
} from './segments.ts';
export { StreamDecoder } from './stream-decoder.ts';
export { type DecodeOptions, type EncodeOptions, Tokenizer, type TokenizerParts } from './tokenizer.ts';
export type { BpeTrainerOptions, BpeTraining } from './trainers/bpe-options.ts';
export { trainBpe } from './trainers/bpe-trainer.ts';
export { type CountOptions, countPieces, type Documents } from './trainers/count-pieces.ts';
export { PieceCounts } from './trainers/piece-counts.ts';
export { type TrainTokenizerOptions, trainTokenizer } from './trainers/train-tokenizer.ts';
export type { TrainingOptions, TrainingProgress } from './trainers/training-options.ts';
export {
  trainUnigram,
  type UnigramTrainerOptions,
  type UnigramTraining,
} from './trainers/unigram-trainer.ts';
export { trainWordPiece, type WordPieceTrainerOptions } from './trainers/word-piece-trainer.ts';
