// Parity with Python's Jinja2 3.1.6 in transformers' set-up on the fixture that scripts/chat-template-fixtures.py wrote:
// products of values with filters, tests, operators and methods, and whole templates. null means that Python raises, 0
// that it prints a memory address.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ChatMessage, compileChatTemplate } from './chat-template.ts';
import { ChatTemplateError } from './template-error.ts';

type Answer = string | null | 0;
interface Fixture {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly now: string;
  readonly products: readonly {
    readonly rows: readonly string[];
    readonly columns: readonly string[];
    readonly form: string;
    readonly answers: readonly (readonly Answer[])[];
  }[];
  readonly templates: readonly (readonly [string, Answer])[];
}

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/jinja2.json', import.meta.url), 'utf8').replace(
    '"big":12345678901234567890',
    '"big":0',
  ),
) as Fixture;
const variables = { ...fixture.variables, big: 12345678901234567890n };

function ours(source: string): string | null {
  try {
    return compileChatTemplate(source).render([], { variables, now: new Date(fixture.now) }).text;
  } catch (error) {
    if (error instanceof ChatTemplateError) return null;
    throw error;
  }
}

// The host's pow may differ from C's in the last digit
function nearlyPower(source: string, got: string | null, expected: string | null): boolean {
  if (!source.includes('**') || got === null || expected === null) return false;
  return Math.abs(Number(got) / Number(expected) - 1) < 1e-14;
}

function differences(cases: Iterable<readonly [string, Answer]>): string[] {
  const wrong: string[] = [];
  for (const [source, expected] of cases) {
    if (expected === 0) continue;
    const got = ours(source);
    if (got !== expected && !nearlyPower(source, got, expected))
      wrong.push(
        `${JSON.stringify(source)}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`,
      );
  }
  return wrong;
}

for (const product of fixture.products)
  test(`answers as Jinja2: ${product.form} for ${product.rows.length} x ${product.columns.length}`, () => {
    const cases = product.rows.flatMap((row, i) =>
      product.columns.map(
        (column, j) =>
          [
            product.form.replace('ROW', () => row).replace('COLUMN', () => column),
            product.answers[i][j],
          ] as const,
      ),
    );
    expect(differences(cases)).toEqual([]);
  });

test(`answers as Jinja2: ${fixture.templates.length} expressions and templates`, () => {
  expect(differences(fixture.templates)).toEqual([]);
});

// Programs drawn by scripts/chat-template-fuzz.py (which makes as many more as one likes, for scripts/chat-template-fuzz.ts)
const [head, ...lines] = readFileSync(new URL('fixtures/random.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');

test(`answers as Jinja2: ${lines.length} random programs`, () => {
  const drawn = JSON.parse(head) as {
    readonly variables: { readonly messages: ChatMessage[]; readonly tools: unknown[] };
    readonly now: string;
  };
  const { messages, tools, ...others } = drawn.variables;
  const wrong = lines.flatMap((line) => {
    const [source, expected] = JSON.parse(line) as [string, string | null];
    let got: string | null = null;
    try {
      const given = { tools, variables: others, now: new Date(drawn.now) };
      got = compileChatTemplate(source).render(messages, given).text;
    } catch (error) {
      if (!(error instanceof ChatTemplateError)) throw error;
    }
    return got === expected ? [] : [{ source, expected, got }];
  });
  expect(lines.length).toBeGreaterThan(200);
  expect(wrong).toEqual([]);
});
