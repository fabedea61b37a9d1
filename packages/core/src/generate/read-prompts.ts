// Options and prompts of `generate`, `generateBatch` and the scheduler: checked, encoded, and what ends a sequence.
import { checkOptions } from '../check-options.ts';
import type { GenerateOptions, Prompt } from './generate.ts';
import type { LanguageModel, Sequence } from './language-model.ts';
import type { ChatMessage, TokenCodec } from './token-seams.ts';

/** When a sequence ends, and what its steps report. */
export interface Limits {
  readonly maxNewTokens: number;
  /** Length that no sequence goes beyond. */
  readonly end: number;
  readonly stopIds: ReadonlySet<number>;
  readonly codec: TokenCodec | undefined;
  readonly logprobs: number | undefined;
}

const known = [
  'maxNewTokens',
  'codec',
  'sampler',
  'speculator',
  'signal',
  'stopIds',
  'stop',
  'logprobs',
  'sequence',
];

/** Ids of the prompts and the limits of their answers. Throws where an option or a prompt cannot be used. */
export function readPrompts<S extends Sequence>(
  model: LanguageModel<S>,
  prompts: readonly Prompt[],
  options: GenerateOptions<S>,
): { readonly encoded: readonly ArrayLike<number>[]; readonly limits: Limits } {
  checkNames(options);
  if (typeof model?.step !== 'function')
    throw new TypeError(
      `model: expected a loaded one, as await loadModel(place) gives it, got ${kindOf(model)}`,
    );
  if (!Array.isArray(prompts)) throw new TypeError(`prompts: expected a list, got ${typeof prompts}`);
  check(options, prompts.length);
  const { maxNewTokens = Number.POSITIVE_INFINITY, codec, logprobs } = options;
  const stopIds = new Set(options.stopIds ?? [...(codec?.eosTokenIds ?? []), ...model.eosTokenIds]);
  const longest = model.lastPosition ?? model.maxPositions;
  const end = Number.isFinite(maxNewTokens) ? longest : model.maxPositions;
  const encoded = prompts.map((prompt) => encodePrompt(prompt, codec));
  for (const ids of encoded) {
    if (ids.length === 0) throw new RangeError('prompt: expected at least one id, got none');
    // Beyond the positions that the model was trained on only who says how far may go.
    if (ids.length > end) {
      const more = end < longest ? ' (with maxNewTokens also beyond what the model was trained on)' : '';
      throw new RangeError(`prompt: expected at most ${end} ids, got ${ids.length}${more}`);
    }
  }
  return { encoded, limits: { maxNewTokens, end, stopIds, codec, logprobs } };
}

/** Guesses that a sequence of `length` ids, `next` more of them in this pass, may still use. */
export function guessRoom({ maxNewTokens, end }: Limits, made: number, length: number, next: number): number {
  return Math.max(0, Math.min(maxNewTokens - made, end - length) - next);
}

/** What a wrong argument is, in a word: `a Promise`. */
const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `a ${value.constructor?.name ?? 'record'}` : typeof value;

const ofSamplers =
  /^(temperature|(top|min)[_A-Z]\w+|seed|do_sample|(repetition|frequency|presence)\w*|constraint)$/;

/** Throws for an option that `generate` does not take, and says where one of a sampler belongs. */
function checkNames(options: object): void {
  const stray = Object.keys(Object(options)).find((key) => ofSamplers.test(key));
  if (stray !== undefined)
    throw new TypeError(
      `generate: unknown option ${stray}, which is a sampler's: { sampler: sampler({ ... }) } of @ashlar/sampling`,
    );
  checkOptions(options, known, 'generate');
}

function check<S extends Sequence>(options: GenerateOptions<S>, prompts: number): void {
  const { maxNewTokens, logprobs, stop, codec, sampler, sequence } = options;
  for (const [name, value] of Object.entries({ maxNewTokens, logprobs })) {
    if (
      value !== undefined &&
      value !== Number.POSITIVE_INFINITY &&
      !(Number.isInteger(value) && value >= 0)
    ) {
      throw new RangeError(`${name}: expected an integer >= 0, got ${value}`);
    }
  }
  if (options.signal !== undefined && typeof options.signal?.throwIfAborted !== 'function')
    throw new TypeError(
      `signal: expected an AbortSignal, as controller.signal, got ${kindOf(options.signal)}`,
    );
  if (stop !== undefined && !Array.isArray(stop))
    throw new TypeError(`stop: expected a list of strings, got ${JSON.stringify(stop)}`);
  if (options.stopIds !== undefined && !Array.isArray(options.stopIds))
    throw new TypeError(`stopIds: expected a list of ids, got ${JSON.stringify(options.stopIds)}`);
  if (codec !== undefined && typeof codec?.encode !== 'function')
    throw new TypeError('codec: expected a tokenizer with encode and tokenBytes, as loadTokenizer makes one');
  if (sampler !== undefined && typeof sampler?.sample !== 'function')
    throw new TypeError('sampler: expected an object with sample(logits), as sampler({ ... }) makes one');
  if (stop !== undefined && stop.length > 0 && codec === undefined) {
    throw new TypeError('stop: expected a codec with stop strings, got none');
  }
  if (options.sampler !== undefined && options.speculator !== undefined) {
    throw new TypeError('sampler, speculator: expected one of the two, got both');
  }
  if (sequence !== undefined && prompts !== 1) {
    throw new TypeError(`sequence: expected with one prompt, got ${prompts}`);
  }
}

function encodePrompt(prompt: Prompt, codec: TokenCodec | undefined): ArrayLike<number> {
  if (typeof prompt === 'string') {
    if (codec === undefined) throw new TypeError('prompt: expected ids where there is no codec, got text');
    return codec.encode(prompt);
  }
  if (typeof prompt?.length !== 'number')
    throw new TypeError(`prompt: expected text, ids or a list of messages, got ${describe(prompt)}`);
  if (prompt.length > 0 && typeof prompt[0] !== 'number') {
    if (codec?.encodeChat === undefined) {
      throw new TypeError('prompt: expected a codec with encodeChat for messages, got none');
    }
    return codec.encodeChat(prompt as readonly ChatMessage[]);
  }
  return prompt as ArrayLike<number>;
}

const describe = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `an object with ${Object.keys(value).join(', ')}`
    : String(value);
