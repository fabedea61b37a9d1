// logits -> id.
export { type ApplyOptions, applySteps } from './apply-steps.ts';
export { type Chain, createChain, describeChain } from './chain.ts';
export { EmptySupportError, InvalidLogitsError } from './errors.ts';
export type { ExplainedStep, Explanation } from './explain.ts';
export type { RankedLogprob, TokenLogprob } from './logprobs.ts';
export { type OrderPreset, orderPresets, type StepName } from './order.ts';
export { philox4x32 } from './philox.ts';
export type { Draw, Processor, ProcessorState, StepContext } from './processor.ts';
export { type AdaptivePOptions, adaptiveP } from './processors/adaptive-p.ts';
export { type AllowedIdsOptions, allowedIds } from './processors/allowed-ids.ts';
export { breakerIds } from './processors/breaker-ids.ts';
export { type ConstraintStepOptions, constraintStep } from './processors/constraint-step.ts';
export { dropInvalid } from './processors/drop-invalid.ts';
export { type DryOptions, dry } from './processors/dry.ts';
export { type DynamicTemperatureOptions, dynamicTemperature } from './processors/dynamic-temperature.ts';
export { type EncoderRepetitionOptions, encoderRepetition } from './processors/encoder-repetition.ts';
export { type EpsilonCutoffOptions, epsilonCutoff } from './processors/epsilon-cutoff.ts';
export { type EtaCutoffOptions, etaCutoff } from './processors/eta-cutoff.ts';
export {
  type ExponentialDecayLengthOptions,
  exponentialDecayLength,
} from './processors/exponential-decay-length.ts';
export { type ForcedIdsOptions, forcedIds } from './processors/forced-ids.ts';
export { type GuidanceOptions, guidance } from './processors/guidance.ts';
export { type LogitBiasOptions, logitBias } from './processors/logit-bias.ts';
export { type MinNewTokensOptions, minNewTokens } from './processors/min-new-tokens.ts';
export { type MinPOptions, minP } from './processors/min-p.ts';
export { type MirostatOptions, mirostat } from './processors/mirostat.ts';
export { type NoRepeatNgramOptions, noRepeatNgram } from './processors/no-repeat-ngram.ts';
export { pLess } from './processors/p-less.ts';
export { type PenaltiesOptions, type PenaltyScope, penalties } from './processors/penalties.ts';
export { renormalize } from './processors/renormalize.ts';
export {
  type BadWordsOptions,
  badWords,
  type SequenceBiasOptions,
  sequenceBias,
} from './processors/sequence-bias.ts';
export { type SuppressIdsOptions, suppressIds } from './processors/suppress-ids.ts';
export { type TemperatureOptions, temperature } from './processors/temperature.ts';
export { type TopHOptions, topH } from './processors/top-h.ts';
export { type TopKOptions, topK } from './processors/top-k.ts';
export { type TopNSigmaOptions, topNSigma } from './processors/top-n-sigma.ts';
export { type TopPOptions, topP } from './processors/top-p.ts';
export { type TypicalPOptions, typicalP } from './processors/typical-p.ts';
export { type XtcOptions, xtc } from './processors/xtc.ts';
export { createRandom, type Random, randomSeed, type UniformSource } from './random.ts';
export { type RandomStream, randomStream } from './random-stream.ts';
export {
  createRow,
  idAt,
  keepMasked,
  type Logits,
  loadRow,
  maskLogits,
  type Row,
  setValue,
  slotOf,
} from './row.ts';
export {
  type Candidates,
  type Sampled,
  type Sampler,
  type SamplerOptions,
  type SavedSampler,
  sampler,
} from './sampler.ts';
export { processorsOf, type StepOptions } from './sampler-options.ts';
export { categorical } from './samplers/categorical.ts';
export { greedy } from './samplers/greedy.ts';
export { gumbel } from './samplers/gumbel.ts';
export type { BeamOptions, Hypothesis } from './search/beam-group.ts';
export { beamSearch } from './search/beam-search.ts';
export { type BestOfN, type BestOfNOptions, bestOfN } from './search/best-of-n.ts';
export {
  type CachedModel,
  type CachedSequence,
  type CachedSequenceModel,
  cachedModel,
} from './search/cached-model.ts';
export { type DiverseBeamOptions, diverseBeamSearch } from './search/diverse-beam-search.ts';
export {
  type Consensus,
  type SelfConsistencyOptions,
  selfConsistency,
  type Vote,
} from './search/self-consistency.ts';
export type { SequenceModel } from './search/sequence-model.ts';
export {
  type DrawnText,
  type StochasticBeamOptions,
  stochasticBeamSearch,
} from './search/stochastic-beam-search.ts';
export { type DraftModelOptions, draftModel } from './speculation/draft-model.ts';
export { type PromptLookupOptions, promptLookup } from './speculation/prompt-lookup.ts';
export type { Proposal, Proposer } from './speculation/proposer.ts';
export {
  type SpeculativeGenerateOptions,
  type SpeculativeToken,
  speculativeGenerate,
} from './speculation/speculative-generate.ts';
export {
  expectedAcceptance,
  type SpeculativeResult,
  type SpeculativeRow,
  speculativeStep,
} from './speculation/speculative-step.ts';
export { type Speculator, type SpeculatorOptions, speculator } from './speculation/speculator.ts';
export { type SuffixLookupOptions, suffixLookup } from './speculation/suffix-lookup.ts';
export { drawFrom, drawResidual, keepsDraft } from './speculation/verify-draft.ts';
export { type Loop, type RepetitionLoopOptions, repetitionLoop } from './stopping/repetition-loop.ts';
export type { TokenConstraint } from './token-constraint.ts';
export { createHistory, type TokenHistory } from './token-history.ts';
export type { TopLogits } from './top-plan.ts';
