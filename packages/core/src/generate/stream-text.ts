// Bytes of tokens -> text that can be shown at once: never half a character, and never the beginning of what may turn out to be a
// stop string (it is held back until it is complete, which ends the text before it, or until it cannot be one any more).

/** Text as it becomes certain. */
export interface TextStream {
  /** Takes a token's bytes; answers the text that is certain now, and whether a stop string has been reached. */
  push(bytes: Uint8Array): { readonly text: string; readonly stopped: boolean };
  /** The rest, held-back text included. */
  end(): string;
}

/**
 * A stream of text that ends before the first of `stops`.
 *
 * @example
 * ```ts
 * import { streamText } from '@ashlar/core';
 * const stream = streamText(['END']);
 * const bytes = new TextEncoder().encode('é E');
 * stream.push(bytes.slice(0, 1)).text // => ''
 * stream.push(bytes.slice(1)).text // => 'é '
 * stream.push(new TextEncoder().encode('ND')) // => { text: '', stopped: true }
 * ```
 */
export function streamText(stops: readonly string[] = []): TextStream {
  for (const stop of stops) {
    if (typeof stop !== 'string' || stop === '') {
      throw new RangeError(`stop: expected non-empty strings, got ${JSON.stringify(stop)}`);
    }
  }
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let held = '';
  let stopped = false;

  const release = (added: string, last: boolean): string => {
    held += added;
    const starts = stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0);
    if (starts.length > 0) {
      stopped = true;
      const text = held.slice(0, Math.min(...starts));
      held = '';
      return text;
    }
    const keep = last ? 0 : longestPartialStop(held, stops);
    const text = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return text;
  };

  return {
    push(bytes) {
      if (stopped) return { text: '', stopped };
      const text = release(decoder.decode(bytes, { stream: true }), false);
      return { text, stopped };
    },
    end: () => (stopped ? '' : release(decoder.decode(), true)),
  };
}

/** Length of the longest end of `text` that begins one of `stops`. */
function longestPartialStop(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let n = Math.min(stop.length - 1, text.length); n > longest; n--) {
      if (text.endsWith(stop.slice(0, n))) {
        longest = n;
        break;
      }
    }
  }
  return longest;
}
