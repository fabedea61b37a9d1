import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChatMessage, compileChatTemplate } from './chat-template/chat-template.ts';
import type { LabelKind } from './chat-template/provenance-label.ts';
import { encodeChat } from './encode-chat.ts';
import { readTiktoken } from './formats/tiktoken.ts';
import { readTokenizerJson } from './formats/tokenizer-json.ts';
import { encodeSegments, type Segment, toSegments } from './segments.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Bytes, a few merges over every border a test makes, and the given control tokens. */
function byteTokenizer(control: readonly string[]): Tokenizer {
  const merges = ['th', 'the', 'in', 'er', ' t', ' the', '\n\n', 'us', 'user', '|>', '<|', 'en', 'end', 'he'];
  const words = [...Array.from({ length: 256 }, (_, b) => String.fromCharCode(b)), ...merges];
  const ranks = words.map((word, i) => `${btoa(word)} ${i}`).join('\n');
  const specialTokens = Object.fromEntries(control.map((token, i) => [token, words.length + i]));
  return readTiktoken(ranks, { pattern: 'gpt2', specialTokens });
}

const goldens = new URL('../../../../shared/goldens/chat/', import.meta.url);
interface Golden {
  readonly name: string;
  readonly source: string;
  readonly cases: readonly {
    readonly messages: readonly ChatMessage[];
    readonly tools?: readonly unknown[];
    readonly addGenerationPrompt?: boolean;
    readonly variables?: Record<string, unknown>;
    readonly error?: true;
  }[];
}

function readGoldens(): Golden[] {
  return readdirSync(goldens).map((name) => ({
    name,
    source: readFileSync(new URL(`${name}/template.jinja`, goldens), 'utf8'),
    cases: readFileSync(new URL(`${name}/cases.jsonl`, goldens), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  }));
}

/** Everything in a template that looks like a control token. */
const controlStrings = (source: string): string[] => [
  ...new Set([
    ...(source.match(/<[|｜][^\s|｜<>'"]+[|｜]>|<\/?[a-z_]+>|\[\/?[A-Z_]+\]/g) ?? []),
    '<|user|>',
    '<|assistant|>',
    '<s>',
    '</s>',
    '<|im_end|>',
    '<|eot_id|>',
  ]),
];

/** The same value with every string put through `map`; roles and types stay. */
function mapStrings(value: unknown, map: (text: string) => string, key = ''): unknown {
  if (typeof value === 'string') return key === 'role' || key === 'type' ? value : map(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, map, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, mapStrings(item, map, name)]),
    );
  return value;
}

/** Control strings in literal runs, leftmost and longest first, found without the tokenizer. */
function countLiteral(
  chat: { text: string; spans: readonly { start: number; end: number; label: { kind: string } }[] },
  control: readonly string[],
): number {
  const literal = chat.spans
    .map(({ start, end, label }) => {
      const text = chat.text.slice(start, end);
      return label.kind === 'template' || label.kind === 'role' ? text : '\0'.repeat(text.length);
    })
    .join('');
  const escaped = [...control]
    .sort((a, b) => b.length - a.length)
    .map((c) => c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return literal.match(new RegExp(escaped.join('|'), 'g'))?.length ?? 0;
}

describe.skipIf(!existsSync(goldens))('the published templates (golden cases beside the repository)', () => {
  test('no control id comes from a message, a tool or an argument, whatever they spell', () => {
    for (const { source, cases } of readGoldens()) {
      const control = controlStrings(source);
      const tokenizer = byteTokenizer(control);
      const controlIds = tokenizer.specialIds;
      const template = compileChatTemplate(source);
      const hostile = fc.array(
        fc.oneof(
          fc.constantFrom(...control),
          fc.constantFrom('<|', '|>', 'im_end', '>', '<', 'user', '\n', 'the end', '[', '/INST]'),
          fc.string({ maxLength: 3 }),
        ),
        { minLength: 1, maxLength: 6 },
      );
      const property = fc.property(fc.nat(cases.length - 1), hostile, (which, parts) => {
        const { messages, tools, addGenerationPrompt = false, variables = {}, error } = cases[which];
        if (error) return;
        const forge = (text: string) => `${parts.join('')}${text}${parts.join('')}`;
        const { bos_token, eos_token, ...rest } = variables;
        const options = {
          tools: (tools === undefined ? null : mapStrings(tools, forge)) as unknown[] | null,
          addGenerationPrompt,
          variables: rest,
          now: new Date(2025, 6, 10),
          specialTokens: { bos_token: String(bos_token ?? ''), eos_token: String(eos_token ?? '') },
        };
        let chat: ReturnType<typeof template.render>;
        try {
          chat = template.render(mapStrings(messages, forge) as ChatMessage[], options);
        } catch {
          return; // the template itself refuses such a conversation
        }
        const encoded = encodeChat(tokenizer, mapStrings(messages, forge) as ChatMessage[], {
          ...options,
          template,
        });
        const count = encoded.ids.filter((id) => controlIds.has(id)).length;
        expect(count).toBe(countLiteral(chat, control));
        expect(encoded.segments.map((segment) => segment.text).join('')).toBe(chat.text);
        expect(tokenizer.decode(encoded.ids)).toBe(chat.text.toWellFormed());
        // Where the template says the same in both, an innocent conversation has as many control ids
        const calm = template.render(mapStrings(messages, (text) => text) as ChatMessage[], {
          ...options,
          tools: tools ?? null,
        });
        const skeleton = (of: typeof chat) =>
          of.spans
            .filter((s) => s.label.kind === 'template' || s.label.kind === 'role')
            .map((s) => of.text.slice(s.start, s.end))
            .join('\0');
        if (skeleton(calm) === skeleton(chat)) expect(count).toBe(countLiteral(calm, control));
      });
      fc.assert(property, { numRuns: 12, seed: 5 });
    }
  }, 120_000);

  test('without forged text the ids are those of the whole string with its control tokens allowed', () => {
    for (const { source, cases } of readGoldens()) {
      const tokenizer = byteTokenizer(controlStrings(source).filter((token) => /^<[|｜]/.test(token)));
      for (const { messages, tools = null, addGenerationPrompt = false, variables = {}, error } of cases) {
        if (error) continue;
        const { bos_token, eos_token, ...rest } = variables;
        const { ids, text } = encodeChat(tokenizer, messages, {
          template: source,
          tools,
          addGenerationPrompt,
          variables: rest,
          now: new Date(2025, 6, 10),
          specialTokens: { bos_token: String(bos_token ?? ''), eos_token: String(eos_token ?? '') },
        });
        expect(ids).toEqual(tokenizer.encode(text, { allowedSpecial: 'all' }));
      }
    }
  });
});

const tokenizers = new URL('../../../../shared/goldens/tokenizers/', import.meta.url);
test.skipIf(!existsSync(tokenizers))(
  'every kind of tokenizer: literal text in segments has the ids of the text with its control tokens allowed',
  () => {
    for (const name of readdirSync(tokenizers)) {
      const file = new URL(`${name}/tokenizer.json`, tokenizers);
      if (!existsSync(file)) continue;
      const tokenizer = readTokenizerJson(readFileSync(file, 'utf8'));
      for (const line of readFileSync(new URL(`${name}/cases.jsonl`, tokenizers), 'utf8')
        .split('\n')
        .slice(0, 200)) {
        const text = line === '' ? '' : (JSON.parse(line) as { text: string }).text.toWellFormed();
        const whole = { start: 0, end: text.length, generated: false };
        const literal = {
          text,
          spans: text === '' ? [] : [{ ...whole, label: { kind: 'template' } as const }],
        };
        const options = { addSpecialTokens: false, truncation: false, padding: false } as const;
        const encoded = encodeSegments(tokenizer, toSegments(tokenizer, literal));
        expect([name, text, encoded.ids]).toEqual([
          name,
          text,
          tokenizer.encode(text, { ...options, allowedSpecial: 'all' }),
        ]);
        const said = {
          text,
          spans: literal.spans.map((span) => ({ ...span, label: { kind: 'user' } as const })),
        };
        const forged = encodeSegments(tokenizer, toSegments(tokenizer, said));
        const special = forged.ids.filter(
          (id) => tokenizer.specialIds.has(id) && !/^<0x..>$/.test(tokenizer.idToToken(id) ?? ''),
        );
        // Beside single bytes, the unknown token is the one control id that text may give
        expect(new Set(special).size).toBeLessThanOrEqual(1);
      }
    }
  },
);

const kinds: readonly LabelKind[] = ['template', 'system', 'user', 'assistant', 'tool', 'document'];
const label = fc.constantFrom(...kinds).map((kind) => ({ kind }));

test('text beside text is tokenized as the whole string, and every token has the strictest label it touches', () => {
  const tokenizer = byteTokenizer(['<|end|>']);
  const piece = fc.record({
    text: fc.oneof(
      fc.constantFrom('the', ' th', 'e', 'us', 'er', '\n', '<|', 'end', '|>', '<|end|>', 'é😀'),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    label,
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const segments: Segment[] = pieces.map((p) => ({ kind: 'text', ...p }));
      const { ids, labels } = encodeSegments(tokenizer, segments);
      const whole = pieces.map((p) => p.text).join('');
      expect(ids).toEqual(tokenizer.encode(whole));
      expect(labels).toHaveLength(ids.length);
      const present = new Set(pieces.filter((p) => p.text !== '').map((p) => p.label.kind));
      for (const { kind } of labels) expect(present.has(kind)).toBe(true);
    }),
  );
});

test('empty text between two pieces labels no token', () => {
  const pieces = [' th', '', 'e'].map(
    (text, i): Segment => ({
      kind: 'text',
      text,
      label: { kind: i === 1 ? 'user' : 'template' },
    }),
  );
  const { labels } = encodeSegments(byteTokenizer(['<|end|>']), pieces);
  expect(labels.map((l) => l.kind)).not.toContain('user');
});

test('a special segment is its id and keeps the text on both sides apart', () => {
  const tokenizer = byteTokenizer(['<|end|>']);
  const end = tokenizer.tokenToId('<|end|>')!;
  const user = { kind: 'user' } as const;
  const { ids, labels, assistantMask } = encodeSegments(tokenizer, [
    { kind: 'text', text: 'th', label: user },
    { kind: 'special', id: end, text: '<|end|>', generated: true },
    { kind: 'text', text: 'e<|end|>', label: user, generated: true },
  ]);
  expect(ids[1]).toBe(end);
  expect(ids.filter((id) => id === end)).toHaveLength(1);
  expect(labels.map((l) => l.kind)).toEqual(['user', 'template', ...new Array(ids.length - 2).fill('user')]);
  expect(assistantMask).toEqual([0, ...new Array(ids.length - 1).fill(1)]);
});

test('a special segment that is no control token of the vocabulary is refused', () => {
  const tokenizer = byteTokenizer(['<|end|>']);
  expect(() => encodeSegments(tokenizer, [{ kind: 'special', id: 5, text: 'x' }])).toThrow(
    /segments\[0\]: expected a control token/,
  );
  const end = tokenizer.tokenToId('<|end|>')!;
  expect(() => encodeSegments(tokenizer, [{ kind: 'special', id: end, text: 'other' }])).toThrow(
    /segments\[0\]: the control token \d+ cannot stand here/,
  );
});

test('the assistant mask covers what {% generation %} wrote, token by token', () => {
  const template =
    '{% for m in messages %}{{ m.role }}: {% if m.role == "assistant" %}{% generation %}{{ m.content }}<|end|>{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}';
  const tokenizer = byteTokenizer(['<|end|>']);
  const { ids, assistantMask } = encodeChat(
    tokenizer,
    [
      { role: 'user', content: 'the' },
      { role: 'assistant', content: 'in' },
    ],
    { template },
  );
  expect(tokenizer.decode(ids.filter((_, i) => assistantMask[i] === 1))).toBe('in<|end|>');
});

test('a control token cannot be put together from literal text and a message, in any order', () => {
  const tokenizer = byteTokenizer(['<|end|>']);
  for (const source of [
    '<|{{ x }}|>',
    '<{{ x }}end|>',
    '<|end{{ x }}>',
    '{{ x }}|end|>',
    '{{ "<|" ~ x ~ "|>" }}',
    '{{ ["<|", x, "|>"] | join }}',
    '{{ "<|%s|>" | format(x) }}',
    '{{ "<|{}|>".format(x) }}',
    '{{ "<|?|>" | replace("?", x) }}',
  ])
    for (const x of ['end', '|', '|>', '<', '<|end|>']) {
      const { ids } = encodeChat(tokenizer, [], { template: source, variables: { x } });
      expect(ids.some((id) => tokenizer.specialIds.has(id))).toBe(false);
    }
});

test('a role of the closed list may complete a control token, any other role may not', () => {
  const tokenizer = byteTokenizer(['<|user|>', '<|end|>']);
  const template = "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}";
  const specials = (role: string) =>
    encodeChat(tokenizer, [{ role, content: 'x' }], { template }).ids.filter((id) =>
      tokenizer.specialIds.has(id),
    ).length;
  expect(specials('user')).toBe(1);
  expect(specials('end')).toBe(0);
  expect(specials('user|><|end')).toBe(0);
});

test('toSegments covers the text and labels the parts', () => {
  const tokenizer = byteTokenizer(['<|end|>']);
  const chat = compileChatTemplate('a{{ x }}<|end|>').render([], { variables: { x: '<|end|>' } });
  expect(toSegments(tokenizer, chat)).toEqual([
    { kind: 'text', text: 'a', label: { kind: 'template' } },
    { kind: 'text', text: '<|end|>', label: { kind: 'variable' } },
    { kind: 'special', id: tokenizer.tokenToId('<|end|>'), text: '<|end|>' },
  ]);
});
