// What can go wrong below the tensors, as classes a caller can act on, and the one place that recognises each backend's own words for it.

/** A backend that was asked for is not here; the message says what to install. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
  /** The backend that was asked for. */
  readonly backend: string;
  /**
   * @param backend the name asked for
   * @param reason what is missing
   * @param remedy what the caller can do about it
   */
  constructor(backend: string, reason: string, remedy: string, options?: ErrorOptions) {
    super(`backend "${backend}": ${reason}. ${remedy}`, options);
    this.backend = backend;
  }
}

/** The GPU device went away (driver reset, tab in the background, time-out); choose the backend again and load the model again. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
}

/** The device or the WASM memory has no room for an allocation. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
}

/** The device refused a command: what it computed since must not be used. */
export class DeviceValidationError extends Error {
  override readonly name = 'DeviceValidationError';
}

const outOfMemory =
  /out of memory|\bOOM\b|cannot enlarge memory|could not allocate|failed to allocate|allocation failed|array buffer allocation|invalid typed array length|memory\.grow|ResourceExhausted/i;
const lost = /device (?:is|was) lost|device lost|context lost|webglcontextlost|DXGI_ERROR_DEVICE/i;

/**
 * Gives a backend's error its class: out of memory and device loss are recognised by their messages, everything else is returned as it is.
 * @example
 * ```ts
 * import { toBackendError } from '@ashlar/core';
 * toBackendError(new Error('Aborted(Cannot enlarge memory arrays)')).name // => 'OutOfMemoryError'
 * toBackendError(new TypeError('other')).name // => 'TypeError'
 * ```
 */
export function toBackendError(error: unknown): Error {
  const known = error instanceof Error ? error : new Error(String(error));
  const typed = [DeviceLostError, OutOfMemoryError, DeviceValidationError, BackendUnavailableError];
  if (typed.some((type) => known instanceof type)) return known;
  if (lost.test(known.message)) return new DeviceLostError(known.message, { cause: known });
  if (outOfMemory.test(known.message)) return new OutOfMemoryError(known.message, { cause: known });
  return known;
}
