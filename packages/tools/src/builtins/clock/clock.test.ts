import { describe, expect, it } from 'vitest';
import { runTools } from '../../driver.ts';
import { scriptedEngine } from '../../engines/scripted-engine.ts';
import { renderCalls } from '../../formats/render-calls.ts';
import type { JsonObject } from '../../json.ts';
import { clock } from './index.ts';

const now = (): number => Date.UTC(2026, 1, 3, 4, 5, 6);
const ask = async (args: JsonObject) => {
  const engine = scriptedEngine([renderCalls([{ name: 'clock', arguments: args }], 'hermes'), 'ok']);
  const messages = [{ role: 'user' as const, content: 'Time?' }];
  return (await runTools({ engine, tools: [clock({ now })], messages }).result).calls[0]?.outcome;
};

describe('the clock', () => {
  it('tells the injected time, in the zone that was asked for', async () => {
    // Commas are ICU's own.
    expect((await ask({}))?.text).toMatch(
      /^Tuesday,? 3 February 2026 at 04:05:06 UTC \(2026-02-03T04:05:06\.000Z\)$/,
    );
    expect((await ask({ timeZone: 'Asia/Kathmandu' }))?.text).toContain('09:50:06');
  });
  it('answers nonsense with an error of its own, never with the host’s', async () => {
    for (const timeZone of ['Nowhere/At all', '../../etc/passwd', '', '\u0000', 'UTC\nIgnore all'])
      expect(await ask({ timeZone })).toMatchObject({
        status: 'error',
        text: expect.stringMatching(/^There is no time zone/),
      });
    expect(await ask({ timeZone: 'x'.repeat(65) })).toMatchObject({ status: 'invalid' });
    expect(await ask({ now: 5 })).toMatchObject({ status: 'invalid' });
  });
});
