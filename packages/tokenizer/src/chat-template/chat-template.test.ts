import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileChatTemplate, type RenderedChat } from './chat-template.ts';
import { TemplateFloat } from './input-values.ts';
import { parseTemplateJson } from './parse-template-json.ts';
import { ChatTemplateError } from './template-error.ts';

const render = (source: string, variables: Record<string, unknown> = {}): RenderedChat =>
  compileChatTemplate(source).render([], { variables });

/** `t` for template, `d` for anything else, one letter a UTF-16 unit. */
function marks({ text, spans }: RenderedChat): string {
  expect(spans.map((span) => text.slice(span.start, span.end)).join('')).toBe(text);
  let at = 0;
  for (const { start, end } of spans) {
    expect(start).toBe(at);
    expect(end).toBeGreaterThan(start);
    at = end;
  }
  return spans
    .map(({ start, end, label }) => (label.kind === 'template' ? 't' : 'd').repeat(end - start))
    .join('');
}

describe('provenance', () => {
  // The template writes letters of one half of the alphabet, the caller's values of the other: whatever is done to
  // them, every letter of the output must carry the label that its half says.
  const ours = fc.string({ unit: fc.constantFrom(...'abcDEF -'), minLength: 1, maxLength: 6 });
  const theirs = fc.string({ unit: fc.constantFrom(...'uvwXYZ -'), minLength: 1, maxLength: 6 });
  const steps = [
    '{v}|upper',
    '{v}|lower',
    '{v}|title',
    '{v}|capitalize',
    '{v}|trim',
    "{v}|trim('a u')",
    '{v}|reverse',
    '{v}|string',
    '{v}|safe',
    '{v}|e',
    '{v}|indent(2, true)',
    "{v}|indent('a')",
    '{v}|center(12)',
    '{v}|wordwrap(3)',
    '{v}|truncate(5, true, L)',
    "{v}|replace('a', D)",
    '{v}|replace(D, L)',
    "{v}|replace(' ', D, 1)",
    '{v}|list|join',
    '{v}|list|join(L)',
    '{v}|list|sort|join(D)',
    '{v}|list|unique|join',
    '{v}|list|reverse|join',
    "{v}|batch(2)|map('join')|join(L)",
    '[{v}, L, D]|join(D)',
    '[D, {v}]|map("upper")|join',
    '[{v}, D]|max',
    '[{v}, L]|min',
    '[{v}, D]|first',
    '{v}|first ~ {v}|last',
    '{v} + D',
    'L + {v}',
    '{v} ~ L ~ D',
    '({v} * 2)',
    '{v}[1:]',
    '{v}[::-1]',
    '{v}[-2:]',
    '{v}[::2]',
    '{v}[0]',
    "{v}.split(' ')|join(D)",
    "{v}.rsplit('-', 1)|join(L)",
    "{v}.partition('-')|join",
    '{v}.splitlines()|join',
    '{v}.strip()',
    "{v}.lstrip('a')",
    '{v}.swapcase()',
    '{v}.title()',
    '{v}.zfill(9)',
    "{v}.ljust(9, 'b')",
    "{v}.rjust(9, '-')",
    "{v}.replace('b', D).replace('v', L)",
    'D.join([{v}, L])',
    "'{} {}'.format({v}, D)",
    "'{0:>9}|{0}'.format({v})",
    "'a%sb%s' % ({v}, D)",
    "'%(x)s-%(y)s' % {'x': {v}, 'y': L}",
    "'%s'|format({v})",
    '{v}|tojson',
    "{'k': {v}, 'b': D}|tojson",
    '[{v}]|string',
    '({v}, D)|string',
    "{'a': {v}}.a",
    "({'a': {v}}|dictsort)[0][1]",
    "({'a': {v}}.items()|list)[0][1]",
    "[{'n': {v}}]|map(attribute='n')|join",
    "([{'n': {v}}]|groupby('n'))[0].grouper",
    'm({v})',
    'm(L, b={v})',
    '{v} if {v} else D',
    '{v} or D',
    '{v} and L',
    '({v}|default(D))',
    'cycler({v}, D).next()',
    'dict(a={v}).a',
    'namespace(a={v}).a',
    "{v}.removeprefix('a')",
    '{v}.expandtabs()',
    '{v}|striptags',
  ];
  const wrap = [
    '{{ EXPR }}',
    '{% set x = EXPR %}{{ x }}',
    '{% set x %}a{{ EXPR }}{% endset %}{{ x }}',
    '{% set x | upper %}b{{ EXPR }}{% endset %}{{ x }}',
    '{% for c in EXPR %}{{ c }}c{% endfor %}',
    '{% set ns = namespace(s="a") %}{% for c in [EXPR, D] %}{% set ns.s = ns.s + c %}{% endfor %}{{ ns.s }}',
    '{% filter lower %}D{{ EXPR }}{% endfilter %}',
    '{% macro w() %}{{ caller() }}{% endmacro %}{% call w() %}{{ EXPR }}{% endcall %}',
    '{% with q = EXPR %}{{ q ~ "a" }}{% endwith %}',
    '{% generation %}{{ EXPR }}{% endgeneration %}',
    '{% block z %}{{ EXPR }}{% endblock %}',
    '{{ [EXPR, L] }}',
  ];
  const preamble = '{% macro m(a, b="") %}{{ a }}{{ b }}{% endmacro %}';

  test('every character keeps its origin through every operator, filter, method and statement', () => {
    const property = fc.property(
      fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...wrap),
      ours,
      theirs,
      (chain, form, literal, data) => {
        // A printed container says "Markup(" of what was escaped, and later steps take that word apart.
        const prints = chain.some((step) => step.endsWith('|string')) || form.includes('[EXPR, L]');
        fc.pre(!(prints && chain.some((step) => /\|(e|safe|escape|forceescape)\b/.test(step))));
        const expression = chain.reduce((inner, step) => `(${step.replaceAll('{v}', inner)})`, 'D');
        const source = `${preamble}{% set L = '${literal}' %}${form.replaceAll('EXPR', expression)}`;
        let chat: RenderedChat;
        try {
          chat = render(source, { D: data });
        } catch (error) {
          expect(error).toBeInstanceOf(ChatTemplateError);
          return;
        }
        const kinds = marks(chat);
        for (let i = 0; i < chat.text.length; i++) {
          // Words that printing, JSON and escaping write themselves, in whatever case a filter made of them, are not letters of either half
          if (/[uvwxyz]/i.test(chat.text[i]) && !/\\u|Undefined|True|None|Markup/i.test(chat.text))
            expect([chat.text, kinds[i]]).toEqual([chat.text, 'd']);
          if (/[bcdf]/i.test(chat.text[i]) && !/function|Undefined|False|&|\\/i.test(chat.text))
            expect([chat.text, kinds[i]]).toEqual([chat.text, 't']);
        }
      },
    );
    fc.assert(property, { numRuns: 1500 });
  });

  test('each step alone keeps origins', () => {
    for (const step of steps)
      for (const form of wrap) {
        const chat = render(
          `${preamble}{% set L = 'aB c' %}${form.replaceAll('EXPR', `(${step.replaceAll('{v}', '(L ~ D)')})`)}`,
          { D: 'uV w' },
        );
        const kinds = marks(chat);
        for (let i = 0; i < chat.text.length; i++)
          if (/[vw]/i.test(chat.text[i])) expect([step, kinds[i]]).toEqual([step, 'd']);
      }
  });

  test('numbers carry the origin of the part they are from, also through arithmetic and text', () => {
    expect(
      marks(render("{{ n }}{{ 1 }}{{ n + 1 }}{{ '3' | int }}{{ '%d' % n }}{{ n | string }}", { n: 5 })),
    ).toBe('dtdtdd');
    expect(marks(render('{{ s | length }}{{ l | length }}{{ "ab" | length }}', { s: 'abc', l: [1] }))).toBe(
      'ddt',
    );
  });

  test('messages, tools and documents are labelled by role and index', () => {
    const template = compileChatTemplate(
      '{% for m in messages %}{{ m.content }}{{ m.extra.deep[0] }}{% endfor %}{{ tools[0].name }}{{ documents[1].text }}{{ v }}{{ bos_token }}',
    );
    const messages = ['system', 'developer', 'user', 'assistant', 'tool', 'ipython', 'stranger'].map(
      (role) => ({ role, content: 'x', extra: { deep: ['y'] } }),
    );
    const { spans } = template.render(messages, {
      tools: [{ name: 'f' }],
      documents: [{}, { text: 'd' }],
      variables: { v: 'v' },
      specialTokens: { bos_token: '<s>' },
    });
    expect(spans.map(({ label }) => `${label.kind}${label.index ?? ''}`)).toEqual([
      'system0',
      'developer1',
      'user2',
      'assistant3',
      'tool4',
      'tool5',
      'other6',
      'tool-definition0',
      'document1',
      'variable',
      'template',
    ]);
  });

  test('a role of the closed list is a role, any other is what its message is', () => {
    const { spans } = compileChatTemplate('{% for m in messages %}{{ m.role }},{% endfor %}').render([
      { role: 'user' },
      { role: 'user<|x|>' },
    ]);
    expect(spans.map((s) => s.label.kind)).toEqual(['role', 'template', 'other', 'template']);
  });
});

describe('generation', () => {
  test('marks what was made inside, also through macros and set blocks', () => {
    const { text, spans } = render(
      '{% macro a(x) %}[{{ x }}]{% endmacro %}p{% generation %}q{{ a(v) }}{% endgeneration %}{% set s %}{% generation %}r{% endgeneration %}{% endset %}{{ s | upper }}z',
      { v: 'w' },
    );
    expect(
      spans
        .filter((s) => s.generated)
        .map((s) => text.slice(s.start, s.end))
        .join(''),
    ).toBe('q[w]R');
  });
});

describe('limits: a hostile template ends with a clear error', () => {
  const hostile: [string, string, object?][] = [
    ['endless recursion', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    ['nested loops', '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}'],
    [
      'doubling',
      "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    ],
    ['repetition', "{{ 'a' * 1000000000 }}"],
    ['repeated lists', '{{ [1] * 1000000000 }}'],
    ['padding', "{{ 'a'.center(10000000000) }}"],
    ['formatted padding', "{{ '%1000000000d' % 1 }}"],
    ['brace padding', "{{ '{:>1000000000}'.format(1) }}"],
    ['zeros', "{{ 'a'.zfill(1000000000) }}"],
    ['indentation', "{{ 'a'|indent(1000000000, true) }}"],
    ['JSON indentation', '{{ [1]|tojson(indent=1000000000) }}'],
    ['powers', '{{ 9 ** (9 ** 9) }}'],
    ['range', '{{ range(10000000) }}'],
    ['recursive loop', '{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}'],
    [
      'nested data',
      '{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}',
    ],
    [
      'quadratic replace',
      "{% set ns = namespace(s='a' * 5000) %}{% for i in range(9) %}{% set ns.s = ns.s.replace('a', ns.s) %}{% endfor %}",
    ],
    ['deep brackets', `{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`],
    ['deep nots', `{{ ${'not '.repeat(50000)}1 }}`],
    ['long chains', `{{ 1${' + 1'.repeat(50000)} }}`],
    ['deep blocks', `${'{% if 1 %}'.repeat(5000)}${'{% endif %}'.repeat(5000)}`],
    ['batch', '{{ [1]|batch(1000000000, 0)|list }}'],
    ['slice', '{{ [1]|slice(1000000000)|list }}'],
  ];
  test.each(hostile)('%s', (_name, source) => {
    expect(() => render(source)).toThrow(ChatTemplateError);
  });

  test('the budgets are options, named in the error', () => {
    const template = compileChatTemplate('{% for x in range(100) %}{{ x }}{% endfor %}');
    expect(() => template.render([], { limits: { maxSteps: 50 } })).toThrow(
      /line 1: expected at most 50 steps \(limits.maxSteps\)/,
    );
    expect(() => template.render([], { limits: { maxLength: 20 } })).toThrow(/limits.maxLength/);
    expect(() => template.render([], { limits: { maxTime: 1 } as never })).toThrow(/unknown option maxTime/);
  });
});

describe('the sandbox', () => {
  test('nothing of the host is reachable', () => {
    for (const path of [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      '__class__',
      '__init__',
    ])
      for (const value of ['{}', "''", '[]', '1', 'none', 'messages', 'range', 'loop', 'namespace()', 'm'])
        expect(() => {
          const { text } = render(
            `{% macro m() %}{% endmacro %}{{ (${value}).${path} is defined }}{{ (${value})['${path}'] is defined }}`,
          );
          if (text.includes('True')) throw new Error(`${value}.${path}`);
        }).not.toThrow(/^\w+\./);
    expect(() => render("{{ ''.constructor('x') }}")).toThrow(ChatTemplateError);
    expect(() => render("{{ 'x' | constructor }}")).toThrow(/No filter named/);
    expect(() => render("{{ 'x' is constructor }}")).toThrow(/No test named/);
    expect(render('{{ toString is defined }}').text).toBe('False');
  });

  test('values named like properties of Object are plain data', () => {
    const value = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
    expect(
      render("{{ v['__proto__'] }}{{ v.constructor }}{{ v.toString }}{{ v|length }}", { v: value }).text,
    ).toBe('1233');
  });
});

describe('inputs', () => {
  test('Maps keep the order of integer-like keys, floats stay floats when they say so, bigints are exact', () => {
    const v = new Map<string, unknown>([
      ['2', new TemplateFloat(1)],
      ['1', 10n ** 20n],
    ]);
    expect(render('{{ v | tojson }}', { v }).text).toBe('{"2": 1.0, "1": 100000000000000000000}');
  });

  test('parseTemplateJson is JSON.parse but for floats, large ints and the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        const plain = (x: unknown): unknown =>
          x instanceof TemplateFloat
            ? x.value
            : typeof x === 'bigint'
              ? Number(x)
              : x instanceof Map
                ? plain(Object.fromEntries(x))
                : Array.isArray(x)
                  ? x.map(plain)
                  : typeof x === 'object' && x !== null
                    ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, plain(v)]))
                    : x;
        expect(JSON.stringify(plain(parseTemplateJson(text)))).toBe(text);
      }),
    );
    for (const bad of ['', '[1', '{"a" 1}', '[1 2]', '{1: 2}', 'nul', '1 2', '"\\x"', '[,]', '[1,]'])
      expect(() => parseTemplateJson(bad)).toThrow(SyntaxError);
  });

  test('what is no JSON is refused by its path, pictures are placeholders, undefined fields are absent', () => {
    expect(() => render('', { v: { f: () => 1 } })).toThrow(
      'variables.v[f]: expected JSON data, got function',
    );
    expect(
      render('{{ v.picture }}{{ v.gone is defined }}', { v: { picture: new Uint8Array(2), gone: undefined } })
        .text,
    ).toBe('<Uint8Array>False');
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => render('', { v: loop })).toThrow(/limits.maxDepth/);
  });

  test('unknown options and malformed messages throw', () => {
    const template = compileChatTemplate('');
    expect(() => template.render([], { tool: [] } as never)).toThrow(/unknown option tool;/);
    expect(() => template.render('x' as never)).toThrow('messages: expected an array, got string');
    expect(() => template.render([], { tools: {} as never })).toThrow('tools: expected an array, got object');
  });

  test('errors carry the line and the reason', () => {
    const reasonOf = (source: string) => {
      try {
        render(source);
      } catch (error) {
        const { reason, line, detail } = error as ChatTemplateError;
        return [reason, line, detail];
      }
      return undefined;
    };
    expect(reasonOf('\n{% nope %}')).toEqual(['syntax', 2, 'unknown tag nope']);
    expect(reasonOf('\n\n{{ raise_exception("no tools") }}')).toEqual(['raised', 3, 'no tools']);
    expect(reasonOf('a\n{{ x.y }}')).toEqual(['runtime', 2, "'x' is undefined"]);
  });
});
