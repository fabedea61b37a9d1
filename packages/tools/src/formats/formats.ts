// The formats by name.
import { deepseekR1, deepseekV31 } from './families/deepseek.ts';
import { gemma4 } from './families/gemma.ts';
import { harmony } from './families/harmony.ts';
import { hermes, smollm2, smollm3 } from './families/hermes.ts';
import { llama31, llamaPythonic } from './families/llama.ts';
import { functionaryV31, functionaryV32, granite, kimiK2, phi4 } from './families/marked-json.ts';
import { mistralNemo, mistralV11, mistralV13 } from './families/mistral.ts';
import { specialWords } from './families/special-words.ts';
import { glm45, minimaxM2, qwen3Coder, seedOss } from './families/xml-like.ts';
import type { ToolFormat } from './format.ts';

const all: readonly ToolFormat[] = [
  hermes,
  llama31,
  llamaPythonic,
  mistralNemo,
  mistralV11,
  mistralV13,
  deepseekR1,
  deepseekV31,
  harmony,
  qwen3Coder,
  glm45,
  kimiK2,
  minimaxM2,
  seedOss,
  gemma4,
  granite,
  functionaryV31,
  functionaryV32,
  smollm2,
  smollm3,
  phi4,
  specialWords,
];

/** Every format that is known by name. */
export const toolFormats: ReadonlyMap<string, ToolFormat> = new Map(
  all.map((format) => [format.name, format]),
);

/** The format called `name`. @throws RangeError that lists the names. */
export function formatOf(name: string): ToolFormat {
  const format = toolFormats.get(name);
  if (format === undefined)
    throw new RangeError(`format: expected one of ${[...toolFormats.keys()].join(', ')}, got ${name}`);
  return format;
}
