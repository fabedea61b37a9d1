// logits -> id.
export { EmptySupportError, InvalidLogitsError } from './errors.ts';
export { philox4x32 } from './philox.ts';
export type { Draw, Processor, ProcessorState, StepContext } from './processor.ts';
export { type MinPOptions, minP } from './processors/min-p.ts';
export { type TemperatureOptions, temperature } from './processors/temperature.ts';
export { type TopKOptions, topK } from './processors/top-k.ts';
export { type TopPOptions, topP } from './processors/top-p.ts';
export { createRandom, type Random, randomSeed, type UniformSource } from './random.ts';
export { type RandomStream, randomStream } from './random-stream.ts';
export type { Logits, Row } from './row.ts';
export { type Sampled, type Sampler, sampler } from './sampler.ts';
export type { SamplerOptions } from './sampler-options.ts';
export type { TokenHistory } from './token-history.ts';
