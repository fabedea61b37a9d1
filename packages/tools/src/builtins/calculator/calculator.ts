// The calculator as a tool.
import { type AnyTool, type Tool, type ToolResult, toolResult } from '../../tool.ts';
import { evaluate } from './evaluate.ts';
import { toDecimal } from './rational.ts';

/**
 * calculate(expression): its exact decimal value, or one rounded to `digits` places and marked with "about".
 *
 * @throws SyntaxError, RangeError for what is no expression or has no value.
 *
 * @example
 * ```ts
 * import { calculate } from '@ashlar/tools/calculator';
 * calculate('0.1 + 0.2') // => '0.3'
 * calculate('2^100') // => '1267650600228229401496703205376'
 * calculate('1/3') // => 'about 0.333333333333'
 * ```
 */
export function calculate(expression: string, digits = 12): string {
  const { value, exact } = evaluate(expression);
  if (!exact) {
    const shown = toDecimal(value, 60).text;
    const rounded = Number(shown);
    const text =
      Number.isInteger(rounded) && Math.abs(rounded) < 1e15
        ? String(rounded)
        : String(Number(rounded.toPrecision(digits)));
    return `about ${text}`;
  }
  const decimal = toDecimal(value, 30);
  if (decimal.exact) return decimal.text;
  return `about ${toDecimal(value, digits).text}`;
}

/** The calculator tool: exact rationals, total, bounded; touches nothing. */
export function calculator(): AnyTool {
  const tool: Tool<{ readonly expression: string }> = {
    name: 'calculator',
    description: 'Computes an arithmetic expression exactly, for example 12 * (3 + 4) / 5 or sqrt(2).',
    input: {
      type: 'object',
      properties: { expression: { type: 'string', description: 'the expression', maxLength: 2000 } },
      required: ['expression'],
      additionalProperties: false,
    },
    effects: 'none',
    idempotent: true,
    result: { trust: 'developer' },
    run: ({ expression }): ToolResult => toolResult(calculate(expression)),
  };
  return tool;
}
