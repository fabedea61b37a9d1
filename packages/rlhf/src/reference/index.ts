// `@ashlar/rlhf/reference`: the float64 twins of the losses, plain numbers in and out, without tensors. They are the oracle of the tests, readable beside
// the papers, and good for checking another implementation.
export {
  crossEntropyReference,
  distillationReference,
  entropyReference,
  tokenLogProbsReference,
} from './language.ts';
export { numericGradient } from './numeric-gradient.ts';
export {
  aggregateReference,
  grpoReference,
  gspoReference,
  klNumber,
  ppoValueReference,
  reinforceReference,
  surrogateNumber,
} from './policy.ts';
export type { PairNumbers, ReferenceParams } from './preference.ts';
export { cpoReference, dpoReference, ktoReference, orpoReference, simpoReference } from './preference.ts';
export {
  allPairsReference,
  bestOfReference,
  bradleyTerryReference,
  davidsonReference,
  plackettLuceReference,
} from './reward.ts';
