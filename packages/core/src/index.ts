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
export type { ByteSource } from './weights/bytes/byte-source.ts';
export { CheckpointError } from './weights/checkpoint-error.ts';
export type { CheckpointFolder } from './weights/folders/checkpoint-folder.ts';
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
