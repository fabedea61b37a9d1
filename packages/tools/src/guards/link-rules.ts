// Which URLs of a model's answer may reach a screen that renders them (an image is fetched without a click, a link with one).

/** Rules of an {@link OutputGuard}. */
export interface LinkRules {
  /** Origins whose links may be shown, any path, no query after untrusted text. */
  readonly allowedOrigins?: readonly string[];
  /** URLs that pass exactly as they are: what the user typed, what search results listed. */
  readonly knownLinks?: ReadonlySet<string>;
  /** Origins whose images may be shown. None: an image URL is fetched without anybody's consent. */
  readonly imageOrigins?: readonly string[];
  /** Untrusted text was read: no query or fragment of the model's own. Default true. */
  readonly tainted?: boolean;
}

/** The URL that a renderer would make of a written destination: entities, escapes, line breaks and back slashes undone. */
export function renderedUrl(written: string): string {
  return (
    written
      .replace(/&#x([0-9a-f]{1,6});?/gi, (_, hex: string) => codePoint(Number.parseInt(hex, 16)))
      .replace(/&#(\d{1,7});?/g, (_, digits: string) => codePoint(Number(digits)))
      .replace(/&colon;/gi, ':')
      .replace(/&sol;/gi, '/')
      .replace(/&amp;/gi, '&')
      .replace(/&(?:tab|newline);/gi, '')
      .replace(/\\([!-/:-@[-`{-~])/g, '$1')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers ignore these in URLs.
      .replace(/[\x00-\x20\x7f\u00ad\u200b-\u200f\u2060\ufeff]/g, '')
  );
}
const codePoint = (n: number): string => (n <= 0x10ffff ? String.fromCodePoint(n) : '');

/** Why a URL may not be shown; undefined when it may. */
export function refusedUrl(written: string, use: 'link' | 'image', rules: LinkRules): string | undefined {
  const text = renderedUrl(written);
  // A back slash is a slash to some renderers and an escape to others: there is no good reason for one.
  if (text.includes('\\') || /^\s*\\{2}/.test(written)) return 'back slash';
  if (text === '' || text.startsWith('#')) return use === 'image' ? 'empty' : undefined;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) {
    // Relative: stays on the page's own host, unless it is protocol-relative in one of its spellings.
    if (/^[/\\]{2}/.test(text)) return 'another host';
    if (/^www\./i.test(text)) return refusedUrl(`https://${text}`, use, rules);
    return use === 'image' ? 'image' : /[?]/.test(text) && rules.tainted !== false ? 'query' : undefined;
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'malformed';
  }
  if (url.protocol === 'mailto:' || url.protocol === 'tel:')
    return use === 'image' || (url.search !== '' && rules.tainted !== false) ? url.protocol : undefined;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url.protocol;
  if (url.username !== '' || url.password !== '') return 'credentials';
  if (use === 'link' && rules.knownLinks?.has(url.href)) return undefined;
  const origins = use === 'image' ? rules.imageOrigins : rules.allowedOrigins;
  if (!origins?.includes(url.origin)) return 'origin';
  if (rules.tainted !== false && (url.search !== '' || (use === 'image' && url.hash !== ''))) return 'query';
  return undefined;
}
