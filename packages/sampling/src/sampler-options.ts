// The flat options of `sampler`, named as the field names them, and the steps they stand for. Every option either acts
// or throws: there is no value that is accepted and ignored.
import { checkKnown } from './check.ts';
import { type OrderPreset, orderPresets, type StepName } from './order.ts';
import type { Processor } from './processor.ts';
import { type AdaptivePOptions, adaptiveP } from './processors/adaptive-p.ts';
import { allowedIds } from './processors/allowed-ids.ts';
import { constraintStep } from './processors/constraint-step.ts';
import { dropInvalid } from './processors/drop-invalid.ts';
import { type DryOptions, dry } from './processors/dry.ts';
import { dynamicTemperature } from './processors/dynamic-temperature.ts';
import { encoderRepetition } from './processors/encoder-repetition.ts';
import { epsilonCutoff } from './processors/epsilon-cutoff.ts';
import { etaCutoff } from './processors/eta-cutoff.ts';
import { exponentialDecayLength } from './processors/exponential-decay-length.ts';
import { forcedIds } from './processors/forced-ids.ts';
import { type GuidanceOptions, guidance } from './processors/guidance.ts';
import { logitBias } from './processors/logit-bias.ts';
import { minNewTokens } from './processors/min-new-tokens.ts';
import { minP } from './processors/min-p.ts';
import { type MirostatOptions, mirostat } from './processors/mirostat.ts';
import { noRepeatNgram } from './processors/no-repeat-ngram.ts';
import { pLess } from './processors/p-less.ts';
import { penalties } from './processors/penalties.ts';
import { badWords, sequenceBias } from './processors/sequence-bias.ts';
import { suppressIds } from './processors/suppress-ids.ts';
import { temperature } from './processors/temperature.ts';
import { topH } from './processors/top-h.ts';
import { topK } from './processors/top-k.ts';
import { topNSigma } from './processors/top-n-sigma.ts';
import { topP } from './processors/top-p.ts';
import { typicalP } from './processors/typical-p.ts';
import { type XtcOptions, xtc } from './processors/xtc.ts';
import type { TokenConstraint } from './token-constraint.ts';

/** The steps of a sampler as flat options; what is not given is off. */
export interface StepOptions {
  /** Divide logits by this; 0 keeps only the most likely token. */
  readonly temperature?: number;
  /** Let the temperature move with the entropy by -+ range, to the power `exponent` (default 1). */
  readonly dynamicTemperature?: { readonly range: number; readonly exponent?: number };
  /** Keep the k most likely. */
  readonly topK?: number;
  /** Keep the fewest most likely tokens with this mass, 0 <= p <= 1. */
  readonly topP?: number;
  /** Keep what is at least this times as likely as the most likely. */
  readonly minP?: number;
  /** Keep the most typical tokens with this mass, 0 < p <= 1. */
  readonly typicalP?: number;
  /** Keep what has at least this probability. */
  readonly epsilonCutoff?: number;
  /** Keep what has at least min(eta, sqrt(eta) exp(-H)). */
  readonly etaCutoff?: number;
  /** Keep the prefix with this share of the entropy. */
  readonly topH?: number;
  /** Keep what is at least as likely as two draws are to agree; only `true` is accepted. */
  readonly pLess?: true;
  /** Keep logits within n standard deviations of the largest. */
  readonly topNSigma?: number;
  /** The truncating steps keep at least so many. */
  readonly minKeep?: number;
  /** Now and then remove the top choices. */
  readonly xtc?: XtcOptions;
  /** Hold the surprise at a target; comes last. */
  readonly mirostat?: MirostatOptions;
  /** Hold the probability of the drawn tokens at a target; comes last. */
  readonly adaptiveP?: AdaptivePOptions;
  /** Divide (positive) or multiply (negative) the logits of seen tokens. */
  readonly repetitionPenalty?: number;
  /** Subtract this for each occurrence. */
  readonly frequencyPenalty?: number;
  /** Subtract this from seen tokens. */
  readonly presencePenalty?: number;
  /** The penalties look at the last so many ids only. */
  readonly penaltyLastN?: number;
  /** Penalise the continuation of repetitions. */
  readonly dry?: DryOptions;
  /** Ban the second occurrence of any n-gram of this size. */
  readonly noRepeatNgram?: number;
  /** Make the prompt's ids likelier (above 1) or less likely (below 1). */
  readonly encoderRepetitionPenalty?: number;
  /** Ban any n-gram of this size that stands in the prompt. */
  readonly encoderNoRepeatNgram?: number;
  /** Sequences of ids that must not be written. */
  readonly badWords?: readonly (readonly number[])[];
  /** Sequences of ids with a bias on their last id. */
  readonly sequenceBias?: readonly (readonly [ids: readonly number[], bias: number])[];
  /** What is added to logits, by id. */
  readonly logitBias?: ReadonlyMap<number, number> | Readonly<Record<number, number>>;
  /** The only ids that may be drawn. */
  readonly allowedIds?: ArrayLike<number>;
  /** Ids that may not be drawn. */
  readonly suppressIds?: ArrayLike<number>;
  /** Ids that may not be drawn first. */
  readonly beginSuppressIds?: ArrayLike<number>;
  /** No end before so many new ids; needs `eosTokenIds`. */
  readonly minNewTokens?: number;
  /** Make the end likelier after `start` new ids; needs `eosTokenIds`. */
  readonly exponentialDecayLength?: { readonly start: number; readonly factor: number };
  /** The ids that end a text, for the two options above. */
  readonly eosTokenIds?: ArrayLike<number>;
  /** Pairs of a generated position and the id that must stand there. */
  readonly forcedIds?: readonly (readonly [position: number, id: number])[];
  /**
   * Which ids may follow: a constraint of `@ashlar/sampling/constraints` at its beginning (the sampler works on its own
   * copy), or a step of your own.
   */
  readonly constraint?: TokenConstraint | Processor;
  /** Classifier-free guidance. */
  readonly guidance?: GuidanceOptions;
  /** Drop NaN logits instead of throwing; only `true` is accepted. */
  readonly dropInvalid?: true;
  /** The order of the steps: a library's, or a list that names every given step. Default `'hf'`. */
  readonly order?: OrderPreset | readonly StepName[];
}

type Make = (o: StepOptions, ties: boolean, preset: OrderPreset | undefined) => Processor | undefined;

/** How each step is made of the options; undefined when it was not asked for. */
const makers: Readonly<Record<StepName, Make>> = {
  constraint: (o) =>
    o.constraint && 'mask' in o.constraint ? constraintStep({ constraint: o.constraint }) : o.constraint,
  dropInvalid: (o) => (flag('dropInvalid', o.dropInvalid) ? dropInvalid() : undefined),
  guidance: (o) => o.guidance && guidance(o.guidance),
  logitBias: (o) => o.logitBias && logitBias({ bias: o.logitBias }),
  sequenceBias: (o) => o.sequenceBias && sequenceBias({ biases: o.sequenceBias }),
  penalties: (o, _ties, preset) => {
    if (
      o.repetitionPenalty === undefined &&
      o.frequencyPenalty === undefined &&
      o.presencePenalty === undefined
    )
      return undefined;
    return penalties({
      repetition: o.repetitionPenalty,
      frequency: o.frequencyPenalty,
      presence: o.presencePenalty,
      // llama.cpp looks at 64 ids unless told otherwise; the others at all of them.
      lastN: o.penaltyLastN ?? (preset === 'llamacpp' ? 64 : undefined),
      frequencyScope: preset === 'vllm' ? 'output' : 'all',
    });
  },
  dry: (o) => o.dry && dry(o.dry),
  noRepeatNgram: (o) =>
    o.noRepeatNgram === undefined ? undefined : noRepeatNgram({ size: o.noRepeatNgram }),
  encoderRepetition: (o) =>
    o.encoderRepetitionPenalty === undefined
      ? undefined
      : encoderRepetition({ penalty: o.encoderRepetitionPenalty }),
  encoderNoRepeatNgram: (o) =>
    o.encoderNoRepeatNgram === undefined
      ? undefined
      : noRepeatNgram({ size: o.encoderNoRepeatNgram, of: 'prompt' }),
  badWords: (o) => o.badWords && badWords({ sequences: o.badWords }),
  minNewTokens: (o) =>
    o.minNewTokens === undefined
      ? undefined
      : minNewTokens({ count: o.minNewTokens, eosTokenIds: o.eosTokenIds ?? [] }),
  allowedIds: (o) => o.allowedIds && allowedIds({ ids: o.allowedIds }),
  suppressIds: (o) => o.suppressIds && suppressIds({ ids: o.suppressIds }),
  beginSuppressIds: (o) => o.beginSuppressIds && suppressIds({ ids: o.beginSuppressIds, atBegin: true }),
  forcedIds: (o) => o.forcedIds && forcedIds({ ids: o.forcedIds }),
  exponentialDecayLength: (o) =>
    o.exponentialDecayLength &&
    exponentialDecayLength({ ...o.exponentialDecayLength, eosTokenIds: o.eosTokenIds ?? [] }),
  temperature: (o) => {
    if (o.dynamicTemperature)
      return dynamicTemperature({ ...o.dynamicTemperature, temperature: o.temperature ?? 1 });
    return o.temperature === undefined ? undefined : temperature({ temperature: o.temperature });
  },
  topNSigma: (o) => (o.topNSigma === undefined ? undefined : topNSigma({ n: o.topNSigma })),
  topH: (o) => (o.topH === undefined ? undefined : topH({ topH: o.topH })),
  topK: (o, keepTies) =>
    o.topK === undefined
      ? undefined
      : topK({ k: Math.max(o.topK, o.topK >= 1 ? (o.minKeep ?? 1) : o.topK), keepTies }),
  topP: (o) => (o.topP === undefined ? undefined : topP({ p: o.topP, minKeep: o.minKeep })),
  minP: (o) => (o.minP === undefined ? undefined : minP({ p: o.minP, minKeep: o.minKeep })),
  typicalP: (o, keepTies) =>
    o.typicalP === undefined ? undefined : typicalP({ p: o.typicalP, keepTies, minKeep: o.minKeep }),
  epsilonCutoff: (o) =>
    o.epsilonCutoff === undefined
      ? undefined
      : epsilonCutoff({ epsilon: o.epsilonCutoff, minKeep: o.minKeep }),
  etaCutoff: (o) =>
    o.etaCutoff === undefined ? undefined : etaCutoff({ epsilon: o.etaCutoff, minKeep: o.minKeep }),
  pLess: (o) => (flag('pLess', o.pLess) ? pLess() : undefined),
  xtc: (o) => o.xtc && xtc({ minKeep: o.minKeep, ...o.xtc }),
  mirostat: (o) => o.mirostat && mirostat(o.mirostat),
  adaptiveP: (o) => o.adaptiveP && adaptiveP(o.adaptiveP),
};

/** Options that only modify a step: each needs one of the steps named. */
const modifiers: readonly (readonly [keyof StepOptions, readonly StepName[]])[] = [
  ['penaltyLastN', ['penalties']],
  ['eosTokenIds', ['minNewTokens', 'exponentialDecayLength']],
  ['minKeep', ['topK', 'topP', 'minP', 'typicalP', 'epsilonCutoff', 'etaCutoff', 'xtc']],
];

/** The names of all step options. */
export const stepOptionNames: readonly string[] = [
  ...Object.keys(makers).filter((name) => name !== 'penalties' && name !== 'encoderRepetition'),
  ...[
    'dynamicTemperature',
    'repetitionPenalty',
    'frequencyPenalty',
    'presencePenalty',
    'encoderRepetitionPenalty',
  ],
  ...['order', ...modifiers.map(([name]) => name)],
];

/**
 * The processors that the options ask for, in order.
 *
 * @throws TypeError for an unknown option, a modifier without its step, or a step that the explicit order leaves
 *   out; RangeError for values.
 * @example
 * ```ts
 * import { processorsOf } from '@ashlar/sampling';
 * const steps = processorsOf({ temperature: 0.7, topK: 40, order: 'llamacpp' });
 * steps.map((step) => step.name) // => ['topK', 'temperature']
 * ```
 */
export function processorsOf(options: StepOptions): Processor[] {
  checkKnown('sampler', options, stepOptionNames);
  const order = options.order ?? 'hf';
  const preset = typeof order === 'string' ? order : undefined;
  if (preset !== undefined && !Object.hasOwn(orderPresets, preset))
    throw new TypeError(
      `order: expected one of ${Object.keys(orderPresets).join(', ')} or a list, got ${preset}`,
    );
  const names = typeof order === 'string' ? orderPresets[order] : order;
  const made = new Map<StepName, Processor>();
  for (const name of Object.keys(makers) as StepName[]) {
    const step = makers[name](options, preset === 'hf' || preset === 'vllm', preset);
    if (step !== undefined) made.set(name, step);
  }
  for (const name of names)
    if (!Object.hasOwn(makers, name)) throw new TypeError(`order: unknown step ${name}`);
  if (new Set(names).size < names.length) throw new TypeError('order: expected each step once');
  for (const name of made.keys())
    if (!names.includes(name)) throw new TypeError(`order: ${name} is asked for but not in the list`);
  for (const [modifier, steps] of modifiers)
    if (options[modifier] !== undefined && !steps.some((step) => made.has(step)))
      throw new TypeError(`${modifier}: has no effect without one of ${steps.join(', ')}`);
  return names.flatMap((name) => made.get(name) ?? []);
}

function flag(name: string, value: true | undefined): boolean {
  if (value !== undefined && value !== true)
    throw new TypeError(`${name}: expected true, got ${String(value)}`);
  return value === true;
}
