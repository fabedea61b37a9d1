import type { PeerLoader } from './backend.ts';
import { BackendUnavailableError } from './errors.ts';

/**
 * Loads an optional peer, or throws BackendUnavailableError that says what to install. `load` is a function so that bundlers see literal
 * `import()` specifiers for the peers that exist in browsers and nothing for the Node-only ones; each stands in a `try`, which tells webpack and esbuild that it may be absent.
 */
export async function loadPeer<T>(
  backend: string,
  packageName: string,
  given: PeerLoader | undefined,
  load: PeerLoader,
): Promise<T> {
  try {
    return (await (given ?? load)()) as T;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    const remedy = `Install it beside @ashlar/core: npm install ${packageName}`;
    throw new BackendUnavailableError(
      backend,
      `the package ${packageName} cannot be loaded (${reason})`,
      remedy,
      { cause: error },
    );
  }
}

/** What was caught, as an error. */
export const asError = (caught: unknown): Error =>
  caught instanceof Error ? caught : new Error(String(caught));

/** An import that bundlers leave alone: for packages that exist in Node only. */
export const importInNode = (specifier: string): Promise<unknown> =>
  import(/* @vite-ignore */ /* webpackIgnore: true */ specifier);

/** True in Node (and what imitates it), false in pages and workers. */
export const inNode = (): boolean =>
  typeof process !== 'undefined' && typeof process.versions?.node === 'string';
