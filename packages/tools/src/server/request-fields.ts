// The fields that requests have in common, checked one by one. What we cannot do is refused by name; nothing is ignored in silence.
import type { SamplingSettings } from '../engines/engine.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { unsupported, wrong } from './request-error.ts';

type Numeric = Exclude<keyof SamplingSettings, 'logitBias'>;
const samplingFields: Readonly<Record<string, readonly [Numeric, number, number]>> = {
  temperature: ['temperature', 0, 2],
  top_p: ['topP', 0, 1],
  top_k: ['topK', 1, 1e6],
  min_p: ['minP', 0, 1],
  seed: ['seed', -(2 ** 53), 2 ** 53],
  frequency_penalty: ['frequencyPenalty', -2, 2],
  presence_penalty: ['presencePenalty', -2, 2],
  max_tokens: ['maxTokens', 1, 1e7],
  max_completion_tokens: ['maxTokens', 1, 1e7],
};
const whole: readonly Numeric[] = ['topK', 'seed', 'maxTokens'];
// Fields that change nothing in what is generated.
const harmless = new Set([
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
]);

/** Checks that a body has no field beyond those known. */
export function checkFields(body: JsonObject, known: readonly string[]): void {
  for (const key of Object.keys(body))
    if (!known.includes(key) && !(key in samplingFields) && !harmless.has(key) && body[key] !== null)
      throw unsupported(key);
}

/** Reads sampling settings out of a body; `accepted`: those that the model's engine takes. */
export function samplingOf(body: JsonObject, accepted: readonly string[] = []): SamplingSettings {
  const out: Record<string, number> = {};
  const take = (field: string, key: keyof SamplingSettings): void => {
    if (!accepted.includes(key)) throw unsupported(field, 'this model does not take it');
  };
  for (const [field, [key, low, high]] of Object.entries(samplingFields)) {
    const value = body[field];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || !(value >= low && value <= high))
      throw wrong(field, `a number from ${low} to ${high}`);
    if (whole.includes(key) && !Number.isInteger(value)) throw wrong(field, 'an integer');
    if (key !== 'maxTokens') take(field, key);
    out[key] = value;
  }
  const bias = biasOf(body['logit_bias']);
  if (bias === undefined) return out;
  take('logit_bias', 'logitBias');
  return { ...out, logitBias: bias };
}

function biasOf(given: Json | undefined): Readonly<Record<string, number>> | undefined {
  if (given === undefined || given === null) return undefined;
  const expected = 'token ids with numbers from -100 to 100';
  if (!isObject(given)) throw wrong('logit_bias', expected);
  const entries = Object.entries(given);
  for (const [id, value] of entries)
    if (!/^\d{1,9}$/.test(id) || typeof value !== 'number' || !(Math.abs(value) <= 100))
      throw wrong('logit_bias', expected);
  return entries.length === 0 ? undefined : (given as Readonly<Record<string, number>>);
}

/** Stop strings. */
export function stopOf(given: Json | undefined): readonly string[] {
  if (given === undefined || given === null) return [];
  const list = typeof given === 'string' ? [given] : given;
  if (!Array.isArray(list) || list.length > 16 || list.some((s) => typeof s !== 'string' || s === ''))
    throw wrong('stop', 'at most 16 non-empty strings');
  return list as string[];
}

/** A whole number in a range, with a default. */
export function countOf(body: JsonObject, field: string, low: number, high: number, absent: number): number {
  const value = body[field] ?? absent;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw wrong(field, `an integer from ${low} to ${high}`);
  return value;
}

/** A yes or no, with a default. */
export function flagOf(body: JsonObject, field: string, absent = false): boolean {
  const value = body[field] ?? absent;
  if (typeof value !== 'boolean') throw wrong(field, 'true or false');
  return value;
}

/** Whether the answer is streamed, and whether its usage is told at the end. */
export function streamOf(body: JsonObject): { readonly stream: boolean; readonly includeUsage: boolean } {
  const stream = flagOf(body, 'stream');
  const given = body['stream_options'] ?? null;
  if (given === null) return { stream, includeUsage: false };
  if (!stream || !isObject(given)) throw wrong('stream_options', 'an object, together with stream: true');
  for (const key of Object.keys(given))
    if (key !== 'include_usage' && given[key] !== false && given[key] !== null)
      throw unsupported(`stream_options.${key}`);
  return { stream, includeUsage: flagOf(given, 'include_usage') };
}
