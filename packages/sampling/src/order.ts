// Orders of steps. Temperature before or after the truncation changes what top-p, min-p, typical, epsilon and eta keep
// (top-k and top-n-sigma do not care), and libraries differ: Hugging Face and vLLM put it first, llama.cpp last. Steps
// that a library does not have stand beside their nearest relative.

/** The steps that flat options stand for. */
export type StepName =
  | 'constraint'
  | 'dropInvalid'
  | 'guidance'
  | 'logitBias'
  | 'sequenceBias'
  | 'encoderRepetition'
  | 'penalties'
  | 'dry'
  | 'noRepeatNgram'
  | 'encoderNoRepeatNgram'
  | 'badWords'
  | 'minNewTokens'
  | 'allowedIds'
  | 'suppressIds'
  | 'beginSuppressIds'
  | 'forcedIds'
  | 'exponentialDecayLength'
  | 'temperature'
  | 'topNSigma'
  | 'topH'
  | 'topK'
  | 'topP'
  | 'minP'
  | 'typicalP'
  | 'epsilonCutoff'
  | 'etaCutoff'
  | 'pLess'
  | 'xtc'
  | 'mirostat'
  | 'adaptiveP';

/** The order of a library. */
export type OrderPreset = 'hf' | 'llamacpp' | 'vllm';

/** Each preset's order; `describe` prints the part that is in force. */
export const orderPresets: Readonly<Record<OrderPreset, readonly StepName[]>> = {
  hf: [
    'guidance',
    'sequenceBias',
    'logitBias',
    'encoderRepetition',
    'penalties',
    'dry',
    'noRepeatNgram',
    'encoderNoRepeatNgram',
    'badWords',
    'minNewTokens',
    'allowedIds',
    'constraint',
    'forcedIds',
    'dropInvalid',
    'exponentialDecayLength',
    'suppressIds',
    'beginSuppressIds',
    'temperature',
    'topH',
    'topNSigma',
    'topK',
    'topP',
    'minP',
    'typicalP',
    'epsilonCutoff',
    'etaCutoff',
    'pLess',
    'xtc',
    'mirostat',
    'adaptiveP',
  ],
  llamacpp: [
    'constraint',
    'dropInvalid',
    'guidance',
    'allowedIds',
    'logitBias',
    'sequenceBias',
    'suppressIds',
    'beginSuppressIds',
    'badWords',
    'minNewTokens',
    'forcedIds',
    'exponentialDecayLength',
    'encoderRepetition',
    'penalties',
    'dry',
    'noRepeatNgram',
    'encoderNoRepeatNgram',
    'topNSigma',
    'topH',
    'topK',
    'typicalP',
    'topP',
    'minP',
    'epsilonCutoff',
    'etaCutoff',
    'pLess',
    'xtc',
    'temperature',
    'mirostat',
    'adaptiveP',
  ],
  vllm: [
    'constraint',
    'dropInvalid',
    'guidance',
    'allowedIds',
    'badWords',
    'sequenceBias',
    'minNewTokens',
    'logitBias',
    'suppressIds',
    'beginSuppressIds',
    'forcedIds',
    'exponentialDecayLength',
    'encoderRepetition',
    'penalties',
    'dry',
    'noRepeatNgram',
    'encoderNoRepeatNgram',
    'temperature',
    'topNSigma',
    'topH',
    'minP',
    'topK',
    'topP',
    'typicalP',
    'epsilonCutoff',
    'etaCutoff',
    'pLess',
    'xtc',
    'mirostat',
    'adaptiveP',
  ],
};
