import type { Body, Expression } from './nodes.ts';

/** Whether a part of the syntax tree reads the variable `name`: what makes a macro take a caller, kwargs or varargs. */
export function readsName(node: Body | Expression | object, name: string): boolean {
  if (Array.isArray(node))
    return node.some((item) => typeof item === 'object' && item !== null && readsName(item, name));
  if ((node as { type?: string }).type === 'name' && (node as { name?: string }).name === name) return true;
  if ((node as { type?: string }).type === 'constant') return false;
  return Object.entries(node).some(
    ([field, value]) =>
      typeof value === 'object' &&
      value !== null &&
      field !== 'target' &&
      field !== 'targets' &&
      readsName(value, name),
  );
}
