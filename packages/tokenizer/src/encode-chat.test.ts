import { describe, expect, test } from 'vitest';
import type { ChatMessage } from './chat-template/chat-template.ts';
import { type EncodeChatOptions, encodeChat } from './encode-chat.ts';
import { loadTokenizer } from './formats/load-tokenizer.ts';
import { readTiktoken } from './formats/tiktoken.ts';
import { writeTokenizerJson } from './formats/tokenizer-json.ts';
import type { Tokenizer } from './tokenizer.ts';

const ranks = Array.from({ length: 256 }, (_, b) => `${btoa(String.fromCharCode(b))} ${b}`).join('\n');
const bytes = readTiktoken(ranks, {
  pattern: 'gpt2',
  specialTokens: { '<s>': 256, '</s>': 257, '<sep>': 258, '<image>': 259 },
});
const tokenizerJson = JSON.stringify(writeTokenizerJson(bytes));

const load = (files: Record<string, object>): Promise<Tokenizer> =>
  loadTokenizer({
    format: 'huggingface',
    file: async (name) => {
      const text =
        name === 'tokenizer.json' ? tokenizerJson : name in files ? JSON.stringify(files[name]) : undefined;
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
  });

const textOf = (tokenizer: Tokenizer, messages: readonly ChatMessage[], options: EncodeChatOptions): string =>
  encodeChat(tokenizer, messages, options).text;

describe('special tokens that templates name', () => {
  const shown =
    '{{ bos_token }}|{{ eos_token }}|{{ sep_token }}|{{ cls_token }}|{{ image_token }}|{{ boi }}|{{ add_bos_token }}';
  const hi = [{ role: 'user', content: 'hi' }];

  test('are all that tokenizer_config.json names, plain or as objects, and their ids are control tokens', async () => {
    const config = {
      bos_token: { content: '<s>', lstrip: false },
      eos_token: '</s>',
      sep_token: '<sep>',
      add_bos_token: true,
      image_token: '<image>',
      extra_special_tokens: { boi: '<image>' },
    };
    const tokenizer = await load({ 'tokenizer_config.json': config });
    const { text, ids, labels } = encodeChat(tokenizer, hi, { template: shown });
    expect(text).toBe('<s>|</s>|<sep>||<image>|<image>|');
    expect(ids.filter((id) => id > 255)).toEqual([256, 257, 258, 259, 259]);
    expect(labels.every((label) => label.kind === 'template')).toBe(true);
  });

  test('that the config says are none are none, whatever the model config says; those it does not mention follow from the ids', async () => {
    const tokenizer = await load({
      'tokenizer_config.json': { bos_token: null },
      'config.json': { bos_token_id: 256, eos_token_id: 257 },
    });
    expect(tokenizer.bosTokenId).toBe(256);
    expect(textOf(tokenizer, hi, { template: shown })).toBe('|</s>|||||');
  });

  test('of special_tokens_map.json go before those of an older config, and not before those of a newer one', async () => {
    const map = { eos_token: '<sep>' };
    const older = await load({
      'tokenizer_config.json': { eos_token: '</s>' },
      'special_tokens_map.json': map,
    });
    expect(textOf(older, hi, { template: '{{ eos_token }}' })).toBe('<sep>');
    const newer = await load({
      'tokenizer_config.json': { eos_token: '</s>', added_tokens_decoder: {} },
      'special_tokens_map.json': map,
    });
    expect(textOf(newer, hi, { template: '{{ eos_token }}' })).toBe('</s>');
  });
});

describe('fields of messages', () => {
  test('without a value are not there', () => {
    const template = '{% for m in messages %}{% for k in m %}{{ k }} {% endfor %};{% endfor %}';
    const messages = [{ role: 'assistant', content: null, tool_calls: undefined, name: '' }];
    expect(textOf(bytes, messages, { template })).toBe('role name ;');
  });

  test('that hold reasoning have each the name that a template may read, the first of them winning', () => {
    const template =
      '{% for m in messages %}{{ m.reasoning_content }},{{ m.thinking }},{{ m.reasoning }};{% endfor %}';
    const messages = [
      { role: 'assistant', reasoning: 'a' },
      { role: 'assistant', thinking: 'b', reasoning: 'c' },
      { role: 'assistant', reasoning_content: 'd', thinking: 'e' },
      { role: 'assistant', content: 'f' },
    ];
    expect(textOf(bytes, messages, { template })).toBe('a,a,a;b,b,c;d,e,;,,;');
    expect(messages[0]).toEqual({ role: 'assistant', reasoning: 'a' });
  });
});

describe('continueFinalMessage', () => {
  const template =
    '{% for m in messages %}<s>{{ m.role }}:{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{{ p.text or "" }}{% endfor %}{% endif %}</s>{% endfor %}{% if add_generation_prompt %}<s>assistant:{% endif %}';
  const asked = { role: 'user', content: 'sum?' };

  test('ends the prompt where the text ends, spaces and all, with spans and ids to match', () => {
    const { text, segments, ids, labels } = encodeChat(
      bytes,
      [asked, { role: 'assistant', content: 'It is  ' }],
      { template, continueFinalMessage: true },
    );
    expect(text).toBe('<s>user:sum?</s><s>assistant:It is  ');
    expect(segments.map((segment) => segment.text).join('')).toBe(text);
    expect(ids.length).toBe(labels.length);
    expect(labels.at(-1)?.kind).toBe('assistant');
    expect(ids.at(-1)).toBe(32);
  });

  test('drops what a template that trims would have trimmed', () => {
    const trims = template.replace('{{ m.content }}', '{{ m.content | trim }}');
    const text = textOf(bytes, [asked, { role: 'assistant', content: ' It is \n' }], {
      template: trims,
      continueFinalMessage: true,
    });
    expect(text).toBe('<s>user:sum?</s><s>assistant:It is');
  });

  test('goes on with the last text of a list of parts, and with a field by its name', () => {
    const parts = [{ type: 'text', text: 'one ' }, { type: 'text', text: 'two' }, { type: 'image' }];
    expect(
      textOf(bytes, [{ role: 'assistant', content: parts }], { template, continueFinalMessage: true }),
    ).toBe('<s>assistant:one two');
    const thinks = '{% for m in messages %}[{{ m.thinking }}]{{ m.content }}{% endfor %}';
    const message = { role: 'assistant', reasoning: 'hm', content: 'x' };
    expect(textOf(bytes, [message], { template: thinks, continueFinalMessage: 'reasoning' })).toBe('[hm');
    expect(message.reasoning).toBe('hm');
  });

  test('refuses what cannot be continued', () => {
    const of = (messages: readonly ChatMessage[], options: EncodeChatOptions) => () =>
      textOf(bytes, messages, { template, continueFinalMessage: true, ...options });
    expect(of([asked], { addGenerationPrompt: true })).toThrow(
      'continueFinalMessage: expected no addGenerationPrompt beside it',
    );
    expect(of([], {})).toThrow('continueFinalMessage: the final message has no content to continue');
    expect(of([{ role: 'assistant', content: null }], {})).toThrow('has no content to continue');
    expect(of([{ role: 'assistant', content: [{ type: 'image' }] }], {})).toThrow('has no text to continue');
    expect(of([{ role: 'assistant', content: 5 }], {})).toThrow('expected content to be text, got number');
    expect(of([{ role: 'assistant', thinking: 'x' }], { continueFinalMessage: 'thinking' })).toThrow(
      'the template does not read thinking',
    );
    expect(of([asked], { template: '{{ messages[0].content[:2] }}' })).toThrow(
      'does not write the final message as it is',
    );
    expect(() => encodeChat(bytes, [5 as unknown as ChatMessage], { template })).toThrow(
      'messages[0]: expected an object with a role, got 5',
    );
  });
});
