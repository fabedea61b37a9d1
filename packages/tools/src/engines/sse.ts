// Server-sent events from a stream of bytes, whatever way it is cut (HTML Standard, 9.2.6): the `data` of each event.

/** Yields the data of every event. @throws RangeError when one event is longer than `maxLength` characters. */
export async function* sseData(
  body: ReadableStream<Uint8Array>,
  maxLength = 4_000_000,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let buffer = '';
  let data: string[] = [];
  const line = (text: string): string | undefined => {
    if (text === '') {
      const out = data.length > 0 ? data.join('\n') : undefined;
      data = [];
      return out;
    }
    if (text.startsWith('data:')) data.push(text.slice(text[5] === ' ' ? 6 : 5));
    return undefined;
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      buffer += done ? decoder.decode() : decoder.decode(value, { stream: true });
      if (buffer.length > maxLength) throw new RangeError(`event: expected at most ${maxLength} characters`);
      for (;;) {
        const match = /\r\n|\n|\r(?!$)/.exec(buffer);
        if (!match) break;
        const event = line(buffer.slice(0, match.index));
        buffer = buffer.slice(match.index + match[0].length);
        if (event !== undefined) yield event;
      }
      if (done) {
        if (buffer !== '') line(buffer.replace(/\r$/, ''));
        const event = line('');
        if (event !== undefined) yield event;
        return;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
