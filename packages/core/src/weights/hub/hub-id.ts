/** A repository on the hub. */
export interface HubId {
  /** 'owner/name'. */
  readonly repository: string;
  /** A branch, a tag or a commit; `main` when not given. */
  readonly revision: string;
}

/**
 * Reads `hf:owner/name[@revision][/file]`. A slash in the revision is written %2F. Throws `TypeError` for anything else.
 *
 * @example
 * ```ts
 * import { parseHubId } from '@ashlar/core/hub';
 *
 * parseHubId('hf:owner/name@v1/model.gguf'); // => { repository: 'owner/name', revision: 'v1', file: 'model.gguf' }
 * ```
 */
export function parseHubId(text: string): HubId & { readonly file?: string } {
  const match = /^hf:([\w.-]+\/[\w.-]+)(?:@([\w.%-]+))?(?:\/([\w./-]+))?$/.exec(text);
  if (match === null) throw new TypeError(`hf: expected hf:owner/name[@revision][/file], got ${text}`);
  const [, repository, revision, file] = match;
  const id = { repository, revision: revision === undefined ? 'main' : decodeURIComponent(revision) };
  return file === undefined ? id : { ...id, file };
}
