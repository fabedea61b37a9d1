// What may stand behind `<|python_tag|>`: a call as JSON, a built-in call (`brave_search.call(query="...")`), or code where one of the tools takes
// code. Nothing closes it but the end of the turn.
import type { Composition } from '@ashlar/sampling/constraints';
import { mainParameter, propertySchema, type ToolSignature } from '../formats/tool-signature.ts';
import { isObject } from '../json.ts';

/** Names under which code runs (Llama's and Functionary's prompts). */
const codeTools = ['python', 'code_interpreter', 'ipython'];

/** The language; `argumentsOf` gives a tool's arguments as JSON or in Python's keywords. */
export function tagLanguage(
  tools: readonly ToolSignature[],
  argumentsOf: (tool: ToolSignature, args: 'json' | 'python') => Composition,
): Composition {
  const ways: Composition[] = tools.flatMap((tool) => [
    {
      sequence: [
        '{"name":',
        { regex: ' ?' },
        JSON.stringify(tool.name),
        ',',
        { regex: ' ?' },
        '"parameters":',
        { regex: ' ?' },
        argumentsOf(tool, 'json'),
        '}',
      ],
    },
    { sequence: [`${tool.name}.call(`, argumentsOf(tool, 'python'), ')'] },
  ]);
  const code = tools.find((tool) => codeTools.includes(tool.name));
  if (code !== undefined && takesCodeAlone(code)) {
    const key = mainParameter(code.parameters);
    const notRead = ['^\\s*[{[]', '^\\s*[\\p{L}_][\\w.]*\\.call\\s*\\('].map((pattern) => ({
      not: { pattern },
    }));
    ways.push({
      strings: { allOf: [propertySchema(code.parameters, key), { type: 'string' }, ...notRead] },
      within: '[^\\n][\\s\\S]*',
    });
  }
  return { choice: ways };
}

/** Whether nothing but the code must be said. */
function takesCodeAlone({ parameters }: ToolSignature): boolean {
  const required =
    isObject(parameters) && Array.isArray(parameters['required']) ? parameters['required'] : [];
  return required.every((key) => key === mainParameter(parameters));
}
