// Node's own modules without an import statement, so that a bundler for the browser has nothing to resolve.

type Builtins = {
  'node:fs/promises': typeof import('node:fs/promises');
  'node:path': typeof import('node:path');
  'node:os': typeof import('node:os');
  'node:crypto': typeof import('node:crypto');
  'node:url': typeof import('node:url');
};

/** One of Node's built-in modules, or an error that says that this needs Node. */
export function nodeBuiltin<K extends keyof Builtins>(name: K): Builtins[K] {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const module = host?.getBuiltinModule?.(name);
  if (module === undefined)
    throw new TypeError(`${name}: expected Node >= 20.16 (in a browser pass a File, a Blob or a URL)`);
  return module as Builtins[K];
}
