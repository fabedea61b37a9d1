import type { Adapter } from './lora.ts';

/** The argument, if it has an adapter's parts. */
export function requireAdapter(adapter: Adapter): Adapter {
  const { tensors, lora } = (adapter ?? {}) as Partial<Adapter>;
  if (typeof tensors?.get === 'function' && Array.isArray(lora?.targets)) return adapter;
  const isObject = typeof adapter === 'object' && adapter !== null;
  throw new TypeError(
    `adapter: expected { tensors, lora } (a map, and what loraConfig answers), got ${isObject ? `an object of [${Object.keys(adapter)}]` : String(adapter)}`,
  );
}
