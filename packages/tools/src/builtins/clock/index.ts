// The clock as a tool: the time now, in a time zone. The clock itself is injected, so that a replay sees the time it saw.
import { checkOptions } from '../../check-options.ts';
import { type AnyTool, type Tool, toolResult } from '../../tool.ts';

/** The clock tool. `now` gives milliseconds since 1970. */
export function clock(options: { readonly now?: () => number; readonly timeZone?: string } = {}): AnyTool {
  checkOptions(options, ['now', 'timeZone'], 'clock');
  const { now = Date.now, timeZone = 'UTC' } = options;
  const tool: Tool<{ readonly timeZone?: string }> = {
    name: 'clock',
    description: 'Tells the date and time now.',
    input: {
      type: 'object',
      properties: {
        timeZone: { type: 'string', description: 'IANA name such as Europe/Oslo', maxLength: 64 },
      },
      additionalProperties: false,
    },
    effects: 'none',
    idempotent: true,
    result: { trust: 'developer' },
    run(input) {
      const zone = input.timeZone ?? timeZone;
      let format: Intl.DateTimeFormat;
      try {
        format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long', timeZone: zone });
      } catch {
        return toolResult(`There is no time zone ${JSON.stringify(zone.slice(0, 64))}.`, { isError: true });
      }
      const date = new Date(now());
      return toolResult(`${format.format(date)} (${date.toISOString()})`);
    },
  };
  return tool;
}
