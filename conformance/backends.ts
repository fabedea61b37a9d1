import { type BackendName, backendNames, chooseBackend } from '@ashlar/core';
import { allowSwiftShader, peers } from '../peers/modules.ts';

/** Makes `name` the current tfjs backend, with the optional peers of `peers/` at hand. Software GPUs are fine here. */
export async function useBackend(name: string): Promise<string> {
  if (name === 'webgpu') allowSwiftShader();
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  return (await chooseBackend(name as BackendName, { peers, allowSoftwareGpu: true })).device;
}

/** Which backends a run takes: the one named, or with `all` each that starts; the absent ones are reported by name and reason. */
export async function presentBackends(name: string): Promise<{ names: string[]; absent: string[] }> {
  if (name !== 'all') return { names: [name], absent: [] };
  const names: string[] = [];
  const absent: string[] = [];
  for (const candidate of [...backendNames].reverse()) {
    if (candidate === 'webgl') continue; // pages only
    try {
      const device = await useBackend(candidate);
      names.push(candidate);
      absent.push(`backend ${candidate}: ${device}`);
    } catch (error) {
      absent.push(`backend ${candidate}: absent (${(error as Error).message})`);
    }
  }
  return { names, absent };
}
