// From segments to positions: over @ashlar/tokenizer's chat encoding, every token of a run that calls a tool has a label, and labels only get stricter.
import { encodeChat, readTiktoken } from '@ashlar/tokenizer';
import {
  type AnyTool,
  type ChatMessage,
  inlineEngine,
  type Label,
  runTools,
  type SplicingModel,
  type SplicingSequence,
  trustLevels,
} from '@ashlar/tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// Bytes are tokens; 256 ends a turn.
const ranks = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`).join(
  '\n',
);
const tokenizer = readTiktoken(ranks, { pattern: 'gpt2', specialTokens: { '<|end|>': 256 } });
const template = '{% for m in messages %}{{ m.role }}:{{ m.content }}<|end|>{% endfor %}';
const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];

/** A model that says its lines, the next one whenever it is fed more than its own last token. */
function saying(lines: readonly string[]): SplicingModel {
  const left = lines.map((line) => bytes(line));
  let line: number[] = [];
  return {
    maxPositions: 100_000,
    eosTokenIds: [256],
    newSequence(): SplicingSequence {
      const ids: number[] = [];
      return { ids, truncate: (n) => ids.splice(n), dispose() {} };
    },
    async step([request]) {
      const { sequence, ids } = request as { sequence: SplicingSequence; ids: ArrayLike<number> };
      (sequence.ids as number[]).push(...Array.from(ids));
      if (ids.length > 1) line = left.shift() ?? [];
      const logits = new Float32Array(257);
      logits[line.shift() ?? 256] = 1;
      return [logits];
    },
  };
}
const strictness = (label: Label | undefined): number =>
  label === undefined ? -1 : trustLevels.indexOf(label.trust);
const fetchTool = (answer: string): AnyTool => ({
  name: 'fetch',
  description: 'Fetches.',
  input: { type: 'object', properties: { what: { type: 'string' } } },
  effects: 'read',
  result: { trust: 'web', private: true },
  run: () => answer,
});
async function run(messages: readonly ChatMessage[], lines: readonly string[], answer: string) {
  const seen: number[] = [];
  const model = saying(lines);
  const engine = inlineEngine({
    model: {
      ...model,
      step: (requests) => {
        seen.push(...Array.from(requests[0]?.ids ?? []));
        return model.step(requests);
      },
    },
    codec: {
      encode: (text) => tokenizer.encode(text, { addSpecialTokens: false }),
      tokenBytes: (id) => tokenizer.tokenBytes(id),
      encodeChat: (m) => encodeChat(tokenizer, m as never, { template }).ids,
      eosTokenIds: [256],
      specialIds: new Set([256]),
    },
    labelledChat: (m) => encodeChat(tokenizer, m as never, { template }),
    format: 'special-words',
  });
  const { labels = [] } = await runTools({ engine, messages, tools: [fetchTool(answer)] }).result;
  return { labels, ids: seen };
}

describe('labels of positions', () => {
  it('prompt tokens have their message’s label, results their tool’s, and what the model says after them is no more trusted', async () => {
    const { labels, ids } = await run(
      [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'News?' },
      ],
      ['It says |FETCH| news |', ' and so on.'],
      'WAR AND PEACE',
    );
    const textOf = (fits: (label: Label | undefined) => boolean): string =>
      new TextDecoder().decode(Uint8Array.from(ids.filter((id, i) => id < 256 && fits(labels[i]))));
    expect(textOf((l) => l?.trust === 'user')).toBe('News?');
    expect(textOf((l) => l?.trust === 'system' && l.source === 'system')).toBe('Be kind.');
    expect(textOf((l) => l?.trust === 'model')).toBe('It says |FETCH| news |');
    expect(textOf((l) => l?.callId !== undefined)).toBe(' |RESULT| WAR AND PEACE |');
    expect(textOf((l) => l?.trust === 'web' && l.callId === undefined)).toBe(' and so on.');
    expect(labels.filter((l) => l?.private).length).toBe(' |RESULT| WAR AND PEACE | and so on.'.length);
  });
  it('along what a model writes itself, trust only falls', async () => {
    const message = fc.record({
      role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool') as fc.Arbitrary<
        ChatMessage['role']
      >,
      content: fc.string({ maxLength: 6 }),
      label: fc.option(fc.record({ trust: fc.constantFrom(...trustLevels), source: fc.constant('x') }), {
        nil: undefined,
      }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.string({ maxLength: 9 }),
        async (given, answer) => {
          const messages = given.map(({ label, ...rest }) => ({ ...rest, ...(label && { label }) }));
          const { labels, ids } = await run(messages, ['a |FETCH| b |', 'c'], answer);
          expect(labels.length).toBeGreaterThanOrEqual(ids.length);
          let worst = 0;
          const { labels: origin, ids: prompt } = encodeChat(tokenizer, messages as never, { template });
          for (const [i, label] of labels.entries()) {
            const from = i < prompt.length ? origin[i] : undefined;
            // A message is never more trusted than it says, and its role's trust is the most it can have.
            const own = from?.index === undefined ? undefined : messages[from.index]?.label;
            if (own !== undefined && from?.kind !== 'template')
              expect(strictness(label)).toBeGreaterThanOrEqual(strictness(own));
            worst = Math.max(worst, strictness(label));
            if (label?.source.includes('model')) expect(strictness(label)).toBeGreaterThanOrEqual(worst);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
