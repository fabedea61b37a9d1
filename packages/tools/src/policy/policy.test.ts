import { describe, expect, it } from 'vitest';
import type { AnyTool } from '../tool.ts';
import { decide, type Policy, type PolicyContext, type Seen } from './policy.ts';
import { allowTools, denyTools, egressRule, provenanceGate, standardPolicy, trifectaGate } from './rules.ts';

const tool = (effects: AnyTool['effects'], extra: Partial<AnyTool> = {}): AnyTool => ({
  name: 't',
  description: '',
  input: {},
  effects,
  run: () => '',
  ...extra,
});
const seen = (what: Partial<Seen> = {}): Seen => ({
  private: false,
  untrusted: false,
  label: { trust: 'user', source: 'user' },
  ...what,
});
const context = (given: Partial<PolicyContext>): PolicyContext => ({
  tool: tool('external'),
  seen: seen(),
  trustedText: '',
  userLinks: new Set(),
  shownLinks: new Set(),
  ...given,
});
const call = (args: Record<string, string | number>) => ({
  id: 'c',
  name: 't',
  arguments: args,
  repairs: [],
  index: 0,
});
const verdict = (
  rules: readonly Policy[],
  args: Record<string, string | number>,
  given: Partial<PolicyContext> = {},
): string => decide(rules, call(args), context(given)).decision;

describe('decide', () => {
  it('takes the strictest answer, in any order, and defaults by effects', () => {
    const rules: Policy[] = (['allow', 'ask', 'deny'] as const).map((decision) => () => ({
      decision,
      rule: decision,
      reason: '',
    }));
    expect(verdict(rules, {})).toBe('deny');
    expect(verdict([...rules].reverse(), {})).toBe('deny');
    expect(verdict([rules[0]!, rules[1]!], {})).toBe('ask');
    expect(
      ['none', 'read', 'write', 'external'].map((e) => verdict([], {}, { tool: tool(e as 'none') })),
    ).toEqual(['allow', 'allow', 'ask', 'ask']);
  });
  it('refuses when a rule fails', () => {
    expect(
      verdict(
        [
          () => {
            throw new Error('x');
          },
          allowTools('t'),
        ],
        {},
      ),
    ).toBe('deny');
  });
  it('refuses when a rule answers anything but a verdict, and no other rule changes that', () => {
    for (const answer of [
      Promise.resolve({ decision: 'allow' }),
      { verdict: 'allow' },
      { decision: 'alow' },
      { decision: 'rewrite' },
      'allow',
      true,
      null,
    ])
      for (const rules of [
        [() => answer as never],
        [() => answer as never, denyTools('t')],
        [allowTools('t'), () => answer as never],
      ])
        expect(verdict(rules, {}), JSON.stringify(answer)).toBe('deny');
  });
  it('knows tools by their own names only', () => {
    expect(verdict([denyTools('t')], {})).toBe('deny');
    expect(verdict([allowTools('T')], {})).toBe('ask');
  });
});

describe('the trifecta gate', () => {
  it('closes only on all three', () => {
    const rules = [allowTools('t'), trifectaGate('deny')];
    for (const priv of [false, true])
      for (const untrusted of [false, true])
        for (const effects of ['none', 'read', 'write', 'external'] as const)
          expect(verdict(rules, {}, { tool: tool(effects), seen: seen({ private: priv, untrusted }) })).toBe(
            priv && untrusted && effects === 'external' ? 'deny' : 'allow',
          );
  });
});

describe('the provenance gate', () => {
  it('lets through values that the user gave, and asks about others once untrusted text was read', () => {
    const rules = [allowTools('t'), provenanceGate({ free: ['body'] })];
    const given = { trustedText: 'Send 25 to Ann\u00a0Smith', seen: seen({ untrusted: true }) };
    expect(verdict(rules, { to: 'ann smith', amount: 25, body: 'anything' }, given)).toBe('allow');
    expect(verdict(rules, { to: 'mallory', amount: 25 }, given)).toBe('ask');
    expect(verdict(rules, { to: 'mallory' }, { ...given, seen: seen() })).toBe('allow');
    expect(verdict(rules, { to: 'mallory' }, { ...given, tool: tool('read') })).toBe('allow');
  });
});

describe('the egress rule', () => {
  const rules = [allowTools('t'), egressRule({ allowedOrigins: ['https://good.example'] })];
  const user = new Set(['https://typed.example/a?b=c']);
  const shown = new Set(['https://listed.example/x?y=z']);
  const to = (url: string, what: Partial<Seen> = {}): string =>
    verdict(rules, { url }, { userLinks: user, shownLinks: shown, seen: seen(what) });
  it('lets exact known links and allowed origins through', () => {
    expect(to('https://typed.example/a?b=c', { private: true, untrusted: true })).toBe('allow');
    expect(to('https://TYPED.example/a?b=c')).toBe('allow');
    expect(to('https://listed.example/x?y=z', { untrusted: true })).toBe('allow');
    expect(to('https://good.example/page?q=1')).toBe('allow');
  });
  it('refuses what the model wrote itself', () => {
    expect(to('https://typed.example/a?b=SECRET')).toBe('deny');
    expect(to('https://evil.example/')).toBe('deny');
    expect(to('https://good.example/page?q=SECRET', { untrusted: true })).toBe('deny');
    expect(to('https://good.example/page#SECRET', { untrusted: true })).toBe('deny');
    expect(to('https://user:SECRET@good.example/')).toBe('deny');
    expect(to('https://listed.example/x?y=z', { private: true })).toBe('deny');
    expect(to('https://good.example.evil.example/')).toBe('deny');
  });
  it('finds URLs inside other arguments of tools that reach out', () => {
    expect(verdict(rules, { body: 'see https://evil.example/?d=1 ok' }, { seen: seen() })).toBe('deny');
    expect(verdict(standardPolicy({ allow: ['t'] }), { body: 'no link' })).toBe('allow');
  });
});
