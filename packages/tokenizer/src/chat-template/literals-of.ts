import { Str } from './str.ts';

/** Every text that a template itself can write: its data and its string constants, in order. */
export function literalsOf(node: object, found: string[] = []): string[] {
  if (node instanceof Str) found.push(node.text);
  else if ((node as { type?: unknown }).type === 'data') found.push((node as { text: string }).text);
  else
    for (const child of Object.values(node))
      if (typeof child === 'object' && child !== null) literalsOf(child, found);
  return found;
}
