// URLs in text, in one spelling.

/** Every http(s) URL in a text, as written. */
export function urlsIn(text: string): string[] {
  return (text.match(/\b(?:https?|ftp):\/\/[^\s<>"'`|\\^{}[\]]+/gi) ?? []).map((url) =>
    url.replace(/[.,;:!?)]+$/, ''),
  );
}

/** The one spelling of a URL (WHATWG), or undefined when it is none. */
export function normaliseUrl(text: string): string | undefined {
  try {
    return new URL(text.trim()).href;
  } catch {
    return undefined;
  }
}
