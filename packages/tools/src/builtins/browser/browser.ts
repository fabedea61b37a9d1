// The browser as a tool: fetch under guard, visible text, numbered links. A URL the model wrote is a message to its host, so the tool is `external` and
// names its destination for the egress rule.
import { checkOptions } from '../../check-options.ts';
import { isObject } from '../../json.ts';
import { type AnyTool, type Tool, toolResult } from '../../tool.ts';
import { extractPage } from './extract-page.ts';
import {
  FetchRefused,
  type GuardedFetchOptions,
  guardedFetch,
  guardedFetchOptions,
} from './guarded-fetch.ts';

/** Options of {@link browser}. */
export interface BrowserOptions extends Omit<GuardedFetchOptions, 'signal'> {
  /** `article`: the main text by Readability where it works; `all`: everything visible. */
  readonly mode?: 'article' | 'all';
}

/** The tool `open_page`. */
export function browser(options: BrowserOptions = {}): AnyTool {
  checkOptions(options, ['mode', ...guardedFetchOptions.filter((name) => name !== 'signal')], 'browser');
  const { mode = 'article', ...fetching } = options;
  const tool: Tool<{ readonly url: string }> = {
    name: 'open_page',
    description: 'Opens a web page and answers its visible text with numbered links.',
    input: {
      type: 'object',
      properties: { url: { type: 'string', description: 'an http(s) URL', maxLength: 2000 } },
      required: ['url'],
      additionalProperties: false,
    },
    effects: 'external',
    idempotent: true,
    result: { trust: 'web' },
    destinations: (input) => (isObject(input) && typeof input['url'] === 'string' ? [input['url']] : []),
    async run({ url }, { signal }) {
      try {
        const page = await guardedFetch(url, { ...fetching, signal });
        const text = new TextDecoder(charsetOf(page.contentType)).decode(page.bytes);
        const html = /html|xml/.test(page.contentType);
        const read = html
          ? await extractPage(text, page.url, { mode })
          : { title: '', text, links: [], dropped: {} };
        const hidden = Object.entries(read.dropped);
        const parts = [
          `${read.title === '' ? '' : `${read.title}\n`}${page.url} (HTTP ${page.status}${page.cut ? ', cut' : ''})`,
          read.text,
          ...(read.links.length > 0
            ? [
                read.links
                  .slice(0, 50)
                  .map((link, i) => `[${i + 1}] ${link}`)
                  .join('\n'),
              ]
            : []),
          ...(hidden.length > 0
            ? [`(left out as hidden: ${hidden.map(([why, n]) => `${why} ${n}`).join(', ')})`]
            : []),
        ];
        return toolResult(parts.join('\n\n'), {
          label: { trust: 'web', source: new URL(page.url).origin },
          links: read.links,
          isError: page.status >= 400,
        });
      } catch (error) {
        if (error instanceof FetchRefused) return toolResult(error.message, { isError: true });
        throw error;
      }
    },
  };
  return tool;
}

function charsetOf(contentType: string): string {
  const name = /charset="?([\w-]+)/.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return 'utf-8';
  }
}
