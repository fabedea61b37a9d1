// HTML to text in a worker that is killed at its deadline (parsers and Readability can be made slow by a page). Needs the optional peer `linkedom`;
// `@mozilla/readability` is used where it is installed. Node only.

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { checkOptions } from '../../check-options.ts';
import { stripInvisible } from '../../guards/neutralise.ts';
import { extractSource } from './extract-source.ts';

/** A page as text. */
export interface ExtractedPage {
  readonly title: string;
  readonly text: string;
  /** Targets of the `[n]` marks in the text. */
  readonly links: readonly string[];
  /** Why text was dropped -> how many characters. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Extracts the visible text of a page. @throws Error when it takes too long or linkedom is missing. */
export async function extractPage(
  html: string,
  url: string,
  options: {
    readonly mode?: 'article' | 'all';
    readonly maxChars?: number;
    readonly timeoutMs?: number;
  } = {},
): Promise<ExtractedPage> {
  checkOptions(options, ['mode', 'maxChars', 'timeoutMs'], 'extractPage');
  const { mode = 'article', maxChars = 200_000, timeoutMs = 5000 } = options;
  const require = createRequire(import.meta.url);
  const find = (name: string): string | undefined => {
    try {
      return require.resolve(name);
    } catch {
      return undefined;
    }
  };
  const linkedom = find('linkedom');
  if (linkedom === undefined) throw new Error('browser: install linkedom');
  const worker = new Worker(extractSource, {
    eval: true,
    workerData: { linkedom, readability: find('@mozilla/readability'), html, url, mode, maxChars },
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  try {
    const page = await new Promise<ExtractedPage>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the page took too long to read')), timeoutMs);
      worker.once('message', (message: ExtractedPage) => {
        clearTimeout(timer);
        resolve(message);
      });
      worker.once('error', () => {
        clearTimeout(timer);
        reject(new Error('the page could not be read'));
      });
      worker.once('exit', () => reject(new Error('the page could not be read')));
    });
    const clean = stripInvisible(page.text);
    const title = stripInvisible(page.title).text;
    return { ...page, title, text: clean.text, dropped: { ...page.dropped, ...clean.removed } };
  } finally {
    await worker.terminate();
  }
}
