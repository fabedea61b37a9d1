// The public names of @ashlar/core, in the order of the data flow: backends, weights, models, generation, hooks.
export {
  type BackendName,
  type BackendOptions,
  backendNames,
  type ChosenBackend,
  type PeerLoader,
} from './backends/backend.ts';
export { chooseBackend } from './backends/choose.ts';
export {
  BackendUnavailableError,
  DeviceLostError,
  DeviceValidationError,
  OutOfMemoryError,
  toBackendError,
} from './backends/errors.ts';
export {
  type FinishReason,
  type GenerateOptions,
  type GenerateStep,
  generate,
  generateBatch,
  type Prompt,
} from './generate/generate.ts';
export { greedySampler } from './generate/greedy-sampler.ts';
export type {
  LanguageModel,
  ReadRequest,
  Sequence,
  StepRequest,
  TopLogits,
  TopRead,
} from './generate/language-model.ts';
export type { TokenLogprob } from './generate/logprobs.ts';
export { streamText, type TextStream } from './generate/stream-text.ts';
export type {
  ChatMessage,
  Drawn,
  TokenCodec,
  TokenSampler,
  TokenSpeculator,
} from './generate/token-seams.ts';
export { type AttentionMap, attentionMaps } from './hooks/attention-maps.ts';
export { type CapturedActivation, captureActivations } from './hooks/capture-activations.ts';
export { type Hook, type Hooks, hookPoints } from './hooks/hooks.ts';
export { type LensRow, logitLens } from './hooks/logit-lens.ts';
export {
  type EstimateMemoryOptions,
  estimateMemory,
  formatBytes,
  type MemoryEstimate,
} from './inspect/estimate-memory.ts';
export { type InspectOptions, inspectCheckpoint } from './inspect/inspect-checkpoint.ts';
export type { Block, KvCache, KvSequence, Reservation } from './kv-cache/kv-cache.ts';
export { KvCacheFullError, KvSnapshotError } from './kv-cache/kv-cache-error.ts';
export type { PagePool } from './kv-cache/page-pool.ts';
export type { CacheDtype, PageShape, PageStore } from './kv-cache/page-store.ts';
export { parseModelConfig, UnknownArchitectureError } from './models/config.ts';
export { type EmbedOptions, embed, type Pooling } from './models/embed.ts';
export type { Family, Flag } from './models/families/family.ts';
export { families, familyNames } from './models/families.ts';
export type { IdRows } from './models/id-rows.ts';
export { type LoadModelOptions, loadModel } from './models/load-model.ts';
export type { LoadProgress } from './models/load-parameters.ts';
export {
  createModel,
  type ForwardOptions,
  type Model,
  type ModelParts,
} from './models/model.ts';
export type { ModelCacheOptions } from './models/model-cache-options.ts';
export type {
  Activation,
  ExpertsConfig,
  LayerConfig,
  ModelConfig,
  NormConfig,
  NormPlacement,
  RopeConfig,
  RopeKind,
} from './models/model-config.ts';
export { listParameters, type ParameterSpec, type RowSelection } from './models/parameters.ts';
export {
  createRnn,
  listRnnParameters,
  loadRnn,
  parseRnnConfig,
  type RnnConfig,
  type RnnModel,
  runRnn,
} from './models/rnn.ts';
export type { RnnCell, RnnState } from './models/rnn-cell.ts';
export type { RopeFamily } from './models/rope-config.ts';
export type { FusedSource, TensorNames } from './models/tensor-names.ts';
export {
  type DecodeOptions,
  type DecoderContext,
  decode,
  decodeHidden,
  type Tap,
  type WeightSource,
} from './models/transformer.ts';
export { wholeSequence } from './models/whole-sequence.ts';
export {
  type CrossEntropyOptions,
  crossEntropy,
  tokenEntropy,
  tokenLogProbs,
} from './ops/cross-entropy.ts';
export { embedding } from './ops/embedding.ts';
export { expm1 } from './ops/expm1.ts';
export { registerGradients } from './ops/gradients/register-gradients.ts';
export { type LinearCrossEntropyOptions, linearNegativeLogProbs } from './ops/linear-cross-entropy.ts';
export { logSigmoid } from './ops/log-sigmoid.ts';
export { log1mexp } from './ops/log1mexp.ts';
export { log1p } from './ops/log1p.ts';
export { matMul } from './ops/mat-mul.ts';
export type { RopeTables } from './ops/rope.ts';
export {
  type AttendStep,
  compilePlan,
  describePlan,
  type EmbedStep,
  type HeadStep,
  type MlpStep,
  type OutStep,
  type PlanNorm,
  type PlanStep,
  type QkvStep,
} from './runtime/plan.ts';
export type { ServedModel } from './runtime/scheduler/page-room.ts';
export type { PrefixCache } from './runtime/scheduler/prefix-cache.ts';
export { QueueFullError, RequestTooLargeError } from './runtime/scheduler/scheduler-errors.ts';
export type {
  ScheduledSteps,
  Scheduler,
  SchedulerOptions,
  SchedulerStats,
  SubmitOptions,
} from './runtime/scheduler/serving.ts';
export { createScheduler } from './runtime/scheduler.ts';
export type { PassRequest, ReadPassRequest, StepExecutor } from './runtime/step-executor.ts';
export type { TuningStorage } from './runtime/webgpu/tuning-cache.ts';
export type { WorkerModel } from './runtime/worker/worker-model.ts';
export { decodeTrainState, encodeTrainState, type LoadedTrainState } from './train/checkpoint.ts';
export { clipByGlobalNorm, clipFactor, globalNorm, NonFiniteError } from './train/clip-gradients.ts';
export { packDocuments, packedBatch, splitDocument } from './train/data/pack-documents.ts';
export { encodeTokenShard, openTokenShard } from './train/data/token-shard.ts';
export {
  bitsPerByte,
  joinTokens,
  splitTokens,
  type TokenSource,
  type TokenWindowsOptions,
  tokensInMemory,
  tokenWindows,
} from './train/data/token-windows.ts';
export { updateAverage } from './train/ema.ts';
export { lastLayers, overFrozen, trainedPart } from './train/frozen.ts';
export { type InitOptions, initParameters } from './train/init-parameters.ts';
export {
  type Adapter,
  initLora,
  type LoraConfig,
  type LoraOptions,
  loraConfig,
  mergeLora,
  withLora,
  withRowAdapters,
} from './train/lora/lora.ts';
export { loadPeft, type PeftConfig, savePeft } from './train/lora/peft.ts';
export { type QuantizedBase, type QuantizedBaseOptions, quantizedBase } from './train/lora/quantized-base.ts';
export { languageModelObjective, type Objective, type ParameterView } from './train/objective.ts';
export { type AdamWOptions, adamw } from './train/optimizers/adamw.ts';
export { byGroup, isHiddenMatrix, type ParameterGroup } from './train/optimizers/by-group.ts';
export { type LionOptions, lion } from './train/optimizers/lion.ts';
export { type MuonOptions, muon, orthogonalize } from './train/optimizers/muon.ts';
export {
  applyGradients,
  decaysMatrices,
  initOptimizer,
  type Optimizer,
  type OptimizerState,
  type Slots,
  type UpdateInput,
  type UpdateOutput,
} from './train/optimizers/optimizer.ts';
export { type RmspropOptions, rmsprop } from './train/optimizers/rmsprop.ts';
export { type SgdOptions, sgd } from './train/optimizers/sgd.ts';
export { initRecurrentParameters, recurrentObjective } from './train/recurrent-objective.ts';
export { constantSchedule } from './train/schedules/constant.ts';
export { cosineSchedule } from './train/schedules/cosine.ts';
export { linearSchedule } from './train/schedules/linear.ts';
export type { Schedule, WarmupOptions } from './train/schedules/schedule.ts';
export {
  type WarmupStableDecayOptions,
  warmupStableDecaySchedule,
} from './train/schedules/warmup-stable-decay.ts';
export { storedWeights } from './train/stored-weights.ts';
export {
  countSupervised,
  ignoredLabel,
  padRows,
  type TokenBatch,
  type TokenRow,
} from './train/token-batch.ts';
export {
  sourceOf,
  supervisedLosses,
  tokenHiddenStates,
  tokenNegativeLogProbs,
} from './train/token-log-probs.ts';
export { type LogEntry, progressLine, type TrainOptions, train } from './train/train.ts';
export {
  disposeTrainState,
  initTrainState,
  type StepOptions,
  type StepReport,
  type TrainState,
  trainStep,
} from './train/train-step.ts';
export { escapeHtml, lineChart, page, type Series, trainingReport } from './train/training-report.ts';
export { permutation, type UniformSource } from './train/uniform-source.ts';
export { blobSource } from './weights/bytes/blob-source.ts';
export type { ByteSource } from './weights/bytes/byte-source.ts';
export { type HttpSourceOptions, httpSource } from './weights/bytes/http-source.ts';
export { memorySource } from './weights/bytes/memory-source.ts';
export type { Checkpoint } from './weights/checkpoint.ts';
export { CheckpointError } from './weights/checkpoint-error.ts';
export { blobFolder } from './weights/folders/blob-folder.ts';
export type { CheckpointFolder } from './weights/folders/checkpoint-folder.ts';
export { httpFolder } from './weights/folders/http-folder.ts';
export { type GgufValue, writeGguf } from './weights/formats/gguf/write-gguf.ts';
export {
  type GgufCheckpoint,
  type WriteGgufOptions,
  writeGgufCheckpoint,
} from './weights/formats/gguf/write-gguf-checkpoint.ts';
export type { Llama2cHeader } from './weights/formats/llama2c/header.ts';
export { type Llama2cFile, readLlama2c } from './weights/formats/llama2c/read-llama2c.ts';
export { readSafetensors, type SafetensorsFile } from './weights/formats/safetensors/read-safetensors.ts';
export {
  type WriteSafetensorsOptions,
  writeSafetensors,
} from './weights/formats/safetensors/write-safetensors.ts';
export type { HubOptions, HubProgress } from './weights/hub/hub-folder.ts';
export {
  type CheckpointPlace,
  type OpenCheckpointOptions,
  openCheckpoint,
} from './weights/open-checkpoint.ts';
export { dequantize } from './weights/quantization/dequantize.ts';
export { quantize, type WrittenDtype } from './weights/quantization/quantize.ts';
export type {
  BlockDtype,
  GroupDtype,
  ModelAssets,
  PlainDtype,
  StoredDtype,
  StoredTensor,
  TensorEntry,
  WeightFile,
} from './weights/weight-file.ts';
export { type ByteSink, type MemorySink, memorySink, type OutputFolder } from './weights/write/byte-sink.ts';
export { type TensorToWrite, tensorsToWrite } from './weights/write/tensor-to-write.ts';
export {
  type CheckpointToWrite,
  type WriteHuggingFaceOptions,
  writeHuggingFace,
} from './weights/write/write-hugging-face.ts';
