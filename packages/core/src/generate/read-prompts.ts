// Options and prompts of `generate`, `generateBatch` and the scheduler: checked, encoded, and what ends a sequence.
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
  check(options, prompts.length);
  const { maxNewTokens = Number.POSITIVE_INFINITY, codec, logprobs } = options;
  const stopIds = new Set(options.stopIds ?? [...(codec?.eosTokenIds ?? []), ...model.eosTokenIds]);
  const longest = model.lastPosition ?? model.maxPositions;
  const encoded = prompts.map((prompt) => encodePrompt(prompt, codec));
  for (const ids of encoded) {
    if (ids.length === 0) throw new RangeError('prompt: expected at least one id, got none');
    if (ids.length > longest) {
      throw new RangeError(`prompt: expected at most ${longest} ids, got ${ids.length}`);
    }
  }
  const end = Number.isFinite(maxNewTokens) ? longest : model.maxPositions;
  return { encoded, limits: { maxNewTokens, end, stopIds, codec, logprobs } };
}

/** Guesses that a sequence of `length` ids, `next` more of them in this pass, may still use. */
export function guessRoom({ maxNewTokens, end }: Limits, made: number, length: number, next: number): number {
  return Math.max(0, Math.min(maxNewTokens - made, end - length) - next);
}

function check<S extends Sequence>(options: GenerateOptions<S>, prompts: number): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`generate: expected options ${known.join(', ')}, got ${key}`);
  }
  const { maxNewTokens, logprobs, stop, codec, sequence } = options;
  for (const [name, value] of Object.entries({ maxNewTokens, logprobs })) {
    if (
      value !== undefined &&
      value !== Number.POSITIVE_INFINITY &&
      !(Number.isInteger(value) && value >= 0)
    ) {
      throw new RangeError(`${name}: expected an integer >= 0, got ${value}`);
    }
  }
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
  if (prompt.length > 0 && typeof prompt[0] !== 'number') {
    if (codec?.encodeChat === undefined) {
      throw new TypeError('prompt: expected a codec with encodeChat for messages, got none');
    }
    return codec.encodeChat(prompt as readonly ChatMessage[]);
  }
  return prompt as ArrayLike<number>;
}
