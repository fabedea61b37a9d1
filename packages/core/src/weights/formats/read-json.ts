import { CheckpointError } from '../checkpoint-error.ts';

/** Bytes as a JSON object. Throws `CheckpointError` for bad UTF-8, bad JSON and anything that is not an object. */
export function readJsonObject(bytes: Uint8Array, file: string, field: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CheckpointError(file, field, 'JSON in UTF-8', (cause as Error).message, { cause });
  }
  if (!isObject(value)) throw new CheckpointError(file, field, 'a JSON object', value);
  return value;
}

/** True for a JSON object: neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
