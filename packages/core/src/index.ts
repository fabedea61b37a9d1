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
