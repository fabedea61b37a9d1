import { checkOptions } from '../../check-options.ts';
import { type HttpSourceOptions, httpSource, httpSourceOptions } from '../bytes/http-source.ts';
import { type CheckpointFolder, checkFileName } from './checkpoint-folder.ts';

/** The files below a base URL as a `CheckpointFolder`; it cannot be listed, so the usual names are tried. A query is kept for every file. */
export function httpFolder(base: string | URL, options: HttpSourceOptions = {}): CheckpointFolder {
  checkOptions(options, httpSourceOptions, 'httpFolder');
  const root = new URL(base);
  if (!root.pathname.endsWith('/')) root.pathname += '/';
  return {
    name: `${root.origin}${root.pathname.slice(0, -1)}`,
    list: async () => undefined,
    open: (file) => {
      const url = new URL(encodeURI(checkFileName(root.href, 'file', file)), root);
      url.search = root.search;
      return httpSource(url, options);
    },
  };
}
