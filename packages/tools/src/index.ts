export type {
  Act,
  CaptureState,
  ExpectState,
  Mark,
  Reading,
  RenderTemplate,
  Route,
  State,
  TextState,
  ToolFormat,
} from './formats/format.ts';
export { formatOf, toolFormats } from './formats/formats.ts';
export { gatherReply, type ParsedReply, parseReply } from './formats/parse-reply.ts';
export type { Part } from './formats/pattern.ts';
export type { ReadCall } from './formats/read-calls.ts';
export {
  callId,
  type RenderedCall,
  type RenderedResult,
  renderCalls,
  renderResults,
} from './formats/render-calls.ts';
export {
  type EndReason,
  type ParseEvent,
  ToolCallParser,
  type ToolCallParserOptions,
} from './formats/tool-call-parser.ts';
export { type JsonSchema, type ToolSignature, toolSignature } from './formats/tool-signature.ts';
export type { LexerKind } from './formats/value-lexer.ts';
export { canonicalJson, type Json, type JsonObject, parseJson, writeJson } from './json.ts';
