export { readMore } from './builtins/read-more.ts';
export { checkSchema } from './check-schema.ts';
export type {
  DispatchEvent,
  DispatchInput,
  DispatchOptions,
  FinishReason,
  SplicedResult,
  ToolContract,
} from './dispatch/dispatch-events.ts';
export { DispatchMachine } from './dispatch/dispatch-machine.ts';
export { fitContext } from './dispatch/fit-context.ts';
export { type Journal, type JournalEntry, memoryJournal } from './dispatch/journal.ts';
export type { Limits } from './dispatch/limits.ts';
export type { Call, Outcome, OutcomeStatus } from './dispatch/outcome.ts';
export { type TokenizedRow, tokenizeRow } from './dispatch/tokenize-row.ts';
export { type TrainingRow, toTrainingRows } from './dispatch/training-rows.ts';
export { estimateTokens, memoryStore, type ResultStore, truncateResult } from './dispatch/truncate-result.ts';
export { runTools } from './driver.ts';
export type {
  ChatMessage,
  Constrained,
  Engine,
  EnginePiece,
  EngineTurn,
  SamplingSettings,
} from './engines/engine.ts';
export {
  type ConstraintVocabulary,
  type DisposableEngine,
  type InlineEngineOptions,
  inlineEngine,
  type SplicingCodec,
  type SplicingConstraint,
  type SplicingModel,
  type SplicingSampler,
  type SplicingSequence,
} from './engines/inline-engine.ts';
export { EndpointError, type OpenAiEndpointOptions, openAiEndpoint } from './engines/openai-endpoint.ts';
export type { LabelledChat } from './engines/position-labels.ts';
export { type ScriptedEngineOptions, type ScriptedReply, scriptedEngine } from './engines/scripted-engine.ts';
export type { OpenedCall } from './formats/call-region.ts';
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
export type { EndReason, ParseEvent } from './formats/parse-event.ts';
export { gatherReply, type ParsedReply, parseReply } from './formats/parse-reply.ts';
export type { ToolCallParserOptions } from './formats/parser-options.ts';
export type { Part } from './formats/pattern.ts';
export type { ReadCall } from './formats/read-calls.ts';
export {
  callId,
  type RenderedCall,
  type RenderedResult,
  renderCalls,
  renderResults,
} from './formats/render-calls.ts';
export { formatFromResponseTemplate } from './formats/response-template.ts';
export { ToolCallParser } from './formats/tool-call-parser.ts';
export { type JsonSchema, type ToolSignature, toolSignature } from './formats/tool-signature.ts';
export type { LexerKind } from './formats/value-lexer.ts';
export type { LinkRules } from './guards/link-rules.ts';
export {
  marksOf,
  type Neutralised,
  type NeutraliseOptions,
  neutralise,
  stripInvisible,
} from './guards/neutralise.ts';
export { type GuardedText, type GuardFinding, guardOutput, OutputGuard } from './guards/output-guard.ts';
export { canonicalJson, type Json, type JsonObject, parseJson, writeJson } from './json.ts';
export {
  isUntrusted,
  joinLabels,
  type Label,
  labelsOfTokens,
  type Segment,
  type Trust,
  trustLevels,
} from './label.ts';
export {
  approvalHash,
  type Decision,
  isApproved,
  makePending,
  type Pending,
  signDecision,
} from './policy/approval.ts';
export { decide, type Policy, type PolicyContext, type Seen, type Verdict } from './policy/policy.ts';
export {
  allowTools,
  denyTools,
  egressRule,
  provenanceGate,
  standardPolicy,
  trifectaGate,
} from './policy/rules.ts';
export type { RunOptions, RunResult, ToolRun } from './run-options.ts';
export {
  type AnyTool,
  checkInput,
  type Effects,
  fingerprintText,
  type StandardResult,
  type StandardSchema,
  schemaOf,
  signatureOf,
  type Tool,
  type ToolAnswer,
  type ToolContext,
  type ToolResult,
  toolDeclaration,
  toolResult,
} from './tool.ts';
export { fewShotMessages, type ToolExample, toolInstructions } from './tool-prompt.ts';
