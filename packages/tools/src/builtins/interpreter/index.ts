// The interpreter as a tool.
import { type AnyTool, type Tool, toolResult } from '../../tool.ts';
import { runJavascript, type SandboxLimits } from './run-javascript.ts';

export { runJavascript, type SandboxLimits, type SandboxResult } from './run-javascript.ts';

/** The JavaScript interpreter tool: computes, and can do nothing else. */
export function interpreter(limits: Omit<SandboxLimits, 'signal'> = {}): AnyTool {
  const tool: Tool<{ readonly code: string }> = {
    name: 'javascript',
    description:
      'Runs JavaScript (no network, files or timers) and answers the last value and what console.log printed.',
    input: {
      type: 'object',
      properties: { code: { type: 'string', description: 'the script' } },
      required: ['code'],
      additionalProperties: false,
    },
    effects: 'none',
    idempotent: true,
    result: { trust: 'model' },
    async run({ code }, { signal }) {
      const result = await runJavascript(code, { ...limits, signal });
      const parts = [
        result.output.trimEnd(),
        result.ok ? (result.value ?? '') : `[${result.error ?? 'error'}]`,
      ].filter((s) => s !== '');
      return toolResult(parts.join('\n') || '(no output)', { isError: !result.ok });
    },
  };
  return tool;
}
