import { describe, expect, it } from 'vitest';
import { fixtureTools } from './fixtures/replies.ts';
import { parseReply } from './parse-reply.ts';
import { type RenderedCall, renderCalls } from './render-calls.ts';
import { formatFromResponseTemplate } from './response-template.ts';

const wrap = { type: 'function', function: '{content}' };
const named = { type: 'function', function: { name: '{name}', arguments: '{content}' } };
const thinking = { open: '<think>', close: '</think>', content: 'text' };
const smol = {
  start_anchor: '<|im_start|>assistant\n',
  fields: {
    thinking,
    tool_calls: {
      open: '<tool_call>',
      close: '</tool_call>',
      repeats: true,
      content: 'json',
      transform: wrap,
    },
    content: { close: '<|im_end|>', content: 'text' },
  },
};
const qwen = {
  fields: {
    thinking,
    tool_calls: {
      open_pattern: String.raw`<tool_call>\s*<function=(?P<name>\w+)>`,
      close: '</tool_call>',
      repeats: true,
      content: 'xml-inline',
      content_args: {
        tag_pattern: String.raw`<parameter=(?P<key>\w+)>\s*(?P<value>.*?)\s*</parameter>`,
        value_parser: { name: 'json', args: { allow_non_json: true } },
      },
      transform: named,
    },
    content: { close: '<|im_end|>' },
  },
};
const cohere = {
  fields: {
    tool_calls: {
      open: '<|START_ACTION|>',
      close: '<|END_ACTION|>',
      content: 'json',
      transform_each: true,
      transform: { type: 'function', function: { name: '{tool_name}', arguments: '{parameters}' } },
    },
    content: { open: '<|START_RESPONSE|>', close: '<|END_RESPONSE|>' },
  },
};

// The form in which transformers ships its own (Qwen 3.5): white space in front of delimiters, choices of ends, any white space around values.
const qwen35 = {
  defaults: { role: 'assistant' },
  start_anchor: '<|im_start|>assistant\n',
  fields: {
    reasoning_content: thinking,
    tool_calls: {
      open_pattern: String.raw`\s*<tool_call>\s*<function=(?P<name>[^>\n]+)>`,
      close_pattern: String.raw`</function>\s*</tool_call>`,
      repeats: true,
      content: 'xml-inline',
      content_args: {
        tag_pattern: String.raw`<parameter=(?P<key>[^>\n]+)>\s*(?P<value>.*?)\s*</parameter>`,
      },
      transform: named,
    },
    content: { close_pattern: String.raw`\s*(?:<\|im_end\|>|<\|endoftext\|>)`, content: 'text' },
  },
};

describe('a response_template', () => {
  it('may hold a Python list of calls', () => {
    const format = formatFromResponseTemplate({
      fields: {
        tool_calls: {
          open: '<|tool_call_start|>',
          close: '<|tool_call_end|>',
          content: 'python-call-list',
          transform_each: true,
          transform: wrap,
        },
        content: { close: '<|im_end|>' },
      },
    });
    const calls: RenderedCall[] = [
      { name: 'search', arguments: { query: "it's [a]", limit: 3, exact: true } },
      { name: 'now', arguments: {} },
    ];
    const written = renderCalls(calls, format);
    expect(written).toMatch(/^<\|tool_call_start\|>\[search\(/);
    const reply = parseReply(`So. ${written}<|im_end|>`, { format, tools: fixtureTools });
    expect(reply.calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(calls);
    expect(reply.content.trim()).toBe('So.');
  });
  it('may give choices of marks, white space before them, and any white space around values', () => {
    const format = formatFromResponseTemplate(qwen35);
    const call =
      '<tool_call>\n<function=search>\n<parameter=query>\n\n  a b \n</parameter>\n</function>\n</tool_call>';
    for (const end of ['<|im_end|>', '<|im_end|>\n<|endoftext|>', '']) {
      const reply = parseReply(`<think>\nhm\n</think>\n\nSo.\n\n${call}\n${call}${end}`, {
        format,
        tools: fixtureTools,
      });
      expect(reply.calls.map((c) => c.arguments)).toEqual([{ query: 'a b' }, { query: 'a b' }]);
      expect([reply.reasoning.trim(), reply.content.trim(), reply.malformed]).toEqual(['hm', 'So.', []]);
    }
    const broken = { fields: { content: { close_pattern: '(?:a(?:b)|c)' } } };
    expect(() => formatFromResponseTemplate(broken)).toThrow(/a group in a group/);
  });
  it('reads JSON calls, thinking and what is left over', () => {
    const format = formatFromResponseTemplate(smol);
    const reply = parseReply(
      '<think>\nhm\n</think>\n\nSure.<tool_call>{"name": "now", "arguments": {}}</tool_call><|im_end|>',
      { format },
    );
    expect([reply.reasoning.trim(), reply.content.trim(), reply.calls[0]?.name]).toEqual([
      'hm',
      'Sure.',
      'now',
    ]);
    expect(parseReply('still</think>ok', { format, promptTail: 'assistant\n<think>\n' })).toMatchObject({
      reasoning: 'still',
      content: 'ok',
    });
  });
  it('reads names from delimiters and typed parameters from tags', () => {
    const format = formatFromResponseTemplate(qwen);
    const text =
      '<tool_call>\n<function=search>\n<parameter=query>\n12\n</parameter>\n<parameter=limit>3</parameter>\n</function>\n</tool_call>';
    expect(parseReply(text, { format, tools: fixtureTools }).calls).toMatchObject([
      { name: 'search', arguments: { query: '12', limit: 3 } },
    ]);
    const written = renderCalls([{ name: 'get_weather', arguments: { city: 'Paris' } }], format);
    expect(parseReply(written, { format, tools: fixtureTools }).calls).toMatchObject([
      { name: 'get_weather', arguments: { city: 'Paris' } },
    ]);
  });
  it('reads lists of calls with other names, and a content with marks of its own', () => {
    const format = formatFromResponseTemplate(cohere);
    const reply = parseReply(
      '<|START_ACTION|>[{"tool_name": "now", "parameters": {}}, {"tool_name": "search", "parameters": {"query": "x"}}]<|END_ACTION|><|START_RESPONSE|>Hi<|END_RESPONSE|>',
      { format },
    );
    expect(reply.calls.map((c) => c.name)).toEqual(['now', 'search']);
    expect(reply.content).toBe('Hi');
  });
  it('refuses by name what it cannot say', () => {
    expect(() =>
      formatFromResponseTemplate({
        fields: {
          tool_calls: {
            open_pattern: String.raw`<\|channel\|>to=(?P<name>\w+).*?<\|message\|>`,
            content: 'json',
          },
        },
      }),
    ).toThrow(/open_pattern/);
    expect(() =>
      formatFromResponseTemplate({
        fields: { tool_calls: { open: '<c>', close: '</c>', content: 'kv-lines' } },
      }),
    ).toThrow(/kv-lines/);
    expect(() => formatFromResponseTemplate({})).toThrow(/fields/);
  });
});
