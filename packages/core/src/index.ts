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
  type CrossEntropyOptions,
  crossEntropy,
  tokenEntropy,
  tokenLogProbs,
} from './ops/cross-entropy.ts';
export { embedding } from './ops/embedding.ts';
export { registerGradients } from './ops/gradients/register-gradients.ts';
export { type LinearCrossEntropyOptions, linearNegativeLogProbs } from './ops/linear-cross-entropy.ts';
export { logSigmoid } from './ops/log-sigmoid.ts';
export { log1mexp } from './ops/log1mexp.ts';
export { matMul } from './ops/mat-mul.ts';
export { blobSource } from './weights/bytes/blob-source.ts';
export type { ByteSource } from './weights/bytes/byte-source.ts';
export { memorySource } from './weights/bytes/memory-source.ts';
export { CheckpointError } from './weights/checkpoint-error.ts';
export type { CheckpointFolder } from './weights/folders/checkpoint-folder.ts';
export type { Llama2cHeader } from './weights/formats/llama2c/header.ts';
export { type Llama2cFile, readLlama2c } from './weights/formats/llama2c/read-llama2c.ts';
export { readSafetensors, type SafetensorsFile } from './weights/formats/safetensors/read-safetensors.ts';
export {
  type Checkpoint,
  type CheckpointPlace,
  type OpenCheckpointOptions,
  openCheckpoint,
} from './weights/open-checkpoint.ts';
export { dequantize } from './weights/quantization/dequantize.ts';
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
