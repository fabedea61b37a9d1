// Checkpoints on disk (Node). Written beside the old one and renamed over it, so that a process killed at any moment leaves a whole file.
import { nodeBuiltin } from '../weights/bytes/node-builtins.ts';
import { decodeTrainState, encodeTrainState, type LoadedTrainState } from './checkpoint.ts';
import type { TrainState } from './train-step.ts';

/** Writes a checkpoint atomically; `extra` as in `encodeTrainState`. */
export async function saveTrainState(path: string, state: TrainState, extra: unknown = null): Promise<void> {
  const { rename, open } = nodeBuiltin('node:fs/promises');
  const handle = await open(`${path}.new`, 'w');
  try {
    await handle.writeFile(await encodeTrainState(state, extra));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
}

/** Reads a checkpoint, or undefined when there is none. */
export async function loadTrainState(path: string): Promise<LoadedTrainState | undefined> {
  try {
    return await decodeTrainState(new Uint8Array(await nodeBuiltin('node:fs/promises').readFile(path)), path);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
