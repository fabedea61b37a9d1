// When a conversation outgrows the context, old results give way first (rule 30): a tool message's text is replaced by a note with a handle, oldest
// first; then whole exchanges of call and results are dropped, always together, so that no call is without its result. System messages, the first and
// the last user message stay.
import type { ChatMessage } from '../engines/engine.ts';
import type { ResultStore } from './truncate-result.ts';

/** `messages` within `maxTokens`, as far as that can be had. */
export function fitContext(
  messages: readonly ChatMessage[],
  maxTokens: number,
  count: (text: string) => number,
  store: ResultStore,
): readonly ChatMessage[] {
  const size = (m: ChatMessage): number => count(m.content) + (m.toolCalls ?? []).length * 24 + 8;
  const out: (ChatMessage | undefined)[] = [...messages];
  let total = messages.reduce((sum, m) => sum + size(m), 0);
  const replace = (i: number, by: ChatMessage | undefined): void => {
    total += (by ? size(by) : 0) - size(out[i] as ChatMessage);
    out[i] = by;
  };
  const lastTool = messages.findLastIndex((m) => m.role === 'tool');
  for (const [i, message] of messages.entries()) {
    if (total <= maxTokens) break;
    if (message.role !== 'tool' || i === lastTool || count(message.content) < 40) continue;
    const handle = `c${i}-${message.toolCallId ?? ''}`;
    store.set(handle, message.content);
    replace(i, { ...message, content: `[cleared; read it with handle ${handle}]` });
  }
  const users = messages.flatMap((m, i) => (m.role === 'user' ? [i] : []));
  for (let i = 0; i < messages.length && total > maxTokens; i++) {
    const message = out[i];
    if (
      message === undefined ||
      message.role === 'system' ||
      message.role === 'developer' ||
      i === users[0] ||
      i === users.at(-1) ||
      message.role === 'tool'
    )
      continue;
    const calls = new Set((message.toolCalls ?? []).map((c) => c.id));
    const results = messages.flatMap((m, k) =>
      m.role === 'tool' && m.toolCallId !== undefined && calls.has(m.toolCallId) ? [k] : [],
    );
    // The newest exchange is what the model is about to read.
    if (results.includes(lastTool) || i === messages.length - 1) continue;
    replace(i, undefined);
    for (const k of results) if (out[k] !== undefined) replace(k, undefined);
  }
  return out.filter((m) => m !== undefined);
}
