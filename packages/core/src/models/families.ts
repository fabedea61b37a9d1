// The table of model families: everything that tells one architecture from another, as data. A new Llama-like family is one entry in one of
// the four lists.
import { encoders } from './families/encoders.ts';
import type { Family } from './families/family.ts';
import { gemmaLine } from './families/gemma-line.ts';
import { gptLine } from './families/gpt-line.ts';
import { llamaLine } from './families/llama-line.ts';

/** The families this library knows. */
export const families: readonly Family[] = [...llamaLine, ...gemmaLine, ...gptLine, ...encoders];

/** Names of all families, for messages and documentation. */
export const familyNames: readonly string[] = families.map((family) => family.name);

/** The family of a `model_type`, or undefined. */
export function findFamily(modelType: string): Family | undefined {
  return families.find((family) => family.modelTypes.includes(modelType));
}
