// Kind `sampling`: one processor (or a short chain) on one row. Transformers' cases give logits and are compared by
// id; llama.cpp's give probabilities and the remaining ones as a multiset; its `chain` cases have the law p(i) = i /
// sum over ids 0..V-1, whose kept sets are computed here with integers.
import {
  adaptiveP,
  allowedIds,
  applySteps,
  badWords,
  dry,
  dynamicTemperature,
  encoderRepetition,
  epsilonCutoff,
  etaCutoff,
  exponentialDecayLength,
  forcedIds,
  guidance,
  logitBias,
  minNewTokens,
  minP,
  mirostat,
  noRepeatNgram,
  type Processor,
  penalties,
  pLess,
  renormalize,
  sampler,
  sequenceBias,
  suppressIds,
  temperature,
  topH,
  topK,
  topNSigma,
  topP,
  typicalP,
  xtc,
} from '@ashlar/sampling';
import { type CaseGroup, type GroupResult, type Kind, readCases } from '../case.ts';

interface Case {
  readonly processor: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly prompt?: readonly number[];
  readonly history?: readonly number[];
  readonly logits?: readonly (number | null)[];
  readonly probs?: readonly number[];
  readonly expected?: readonly (number | null)[];
  readonly expectedKind?: string;
  readonly tolerance?: number;
  readonly source?: string;
}

type Params = Readonly<Record<string, never>>;

// llama.cpp switches a sampler off by a value (k = 0, n = 0, p >= 1); here such a step is refused, so the adapter
// leaves it out.
const isOff: Readonly<Record<string, (p: Readonly<Record<string, number>>) => boolean>> = {
  topK: (p) => p['k'] <= 0,
  topNSigma: (p) => p['n'] <= 0,
  topP: (p) => p['p'] >= 1,
  typicalP: (p) => (p['mass'] ?? p['p']) >= 1,
  xtc: (p) => (p['p'] ?? p['probability']) <= 0 || (p['t'] ?? p['threshold']) > 0.5,
  minLength: (p) => p['minLength'] <= p['length'],
  forcedBos: (p) => p['length'] !== 1,
  forcedEos: (p) => p['maxLength'] - 1 !== p['length'],
  beginSuppressTokens: (p) => p['beginIndex'] !== undefined && p['beginIndex'] !== p['length'],
  penalties: (p) => p['penalty_last_n'] === 0,
  dry: (p) => p['multiplier'] === 0 || p['base'] < 1 || p['penalty_last_n'] === 0,
};

/** llama.cpp's window: a negative one is the whole context. */
const lastIds = (n: number | undefined): number | undefined => (n === undefined || n < 0 ? undefined : n);

// Transformers and llama.cpp name parameters differently; `ties` is true for transformers, which keeps what equals the
// k-th.
const processors: Readonly<Record<string, (p: Params, ties: boolean) => Processor>> = {
  // Both references hold T as a float32.
  temperature: (p) => temperature({ temperature: Math.fround(Math.max(0, p['temperature'] ?? p['temp'])) }),
  dynamicTemperature: (p) =>
    dynamicTemperature({
      temperature: p['temp'] ?? p['temperature'],
      range: p['delta'] ?? p['range'],
      exponent: p['exponent'],
    }),
  topK: (p, keepTies) => topK({ k: p['k'], keepTies }),
  topP: (p) => topP({ p: p['p'], minKeep: p['minKeep'] }),
  minP: (p) => minP({ p: p['p'], minKeep: p['minKeep'] }),
  typicalP: (p, keepTies) => typicalP({ p: p['mass'] ?? p['p'], minKeep: p['minKeep'], keepTies }),
  epsilonCutoff: (p) => epsilonCutoff({ epsilon: p['epsilon'], minKeep: p['minKeep'] }),
  etaCutoff: (p) => etaCutoff({ epsilon: p['epsilon'], minKeep: p['minKeep'] }),
  topH: (p) => topH({ topH: p['topH'] }),
  topNSigma: (p) => topNSigma({ n: p['n'] }),
  pLess: () => pLess(),
  xtc: (p) => xtc({ probability: p['p'] ?? p['probability'], threshold: p['t'] ?? p['threshold'] }),
  mirostat: ({ version, tau, eta, m }) => mirostat({ version, tau, eta, m }),
  repetitionPenalty: (p) => penalties({ repetition: p['penalty'] }),
  encoderRepetitionPenalty: (p) => encoderRepetition({ penalty: p['penalty'], of: p['encoderIds'] }),
  encoderNoRepeatNgram: (p) => noRepeatNgram({ size: p['size'], of: p['encoderIds'] ?? 'prompt' }),
  penalties: (p) =>
    penalties({
      repetition: p['repeat_penalty'],
      frequency: p['alpha_frequency'],
      presence: p['alpha_presence'],
      lastN: lastIds(p['penalty_last_n']),
    }),
  dry: (p) =>
    dry({
      multiplier: p['multiplier'],
      base: p['base'],
      allowedLength: p['allowed_length'],
      lastN: lastIds(p['penalty_last_n']),
      breakers: p['seq_breakers'],
    }),
  noRepeatNgram: (p) => noRepeatNgram({ size: p['size'] }),
  badWords: (p) => badWords({ sequences: p['sequences'] }),
  sequenceBias: (p) => sequenceBias({ biases: p['biases'] }),
  logitBias: (p) => logitBias({ bias: p['bias'] }),
  suppressTokens: (p) => suppressIds({ ids: p['ids'] }),
  beginSuppressTokens: (p) => suppressIds({ ids: p['ids'], atBegin: p['beginIndex'] === undefined }),
  forcedTokens: (p) => forcedIds({ ids: p['ids'] }),
  // Transformers count positions of the whole sequence; ours count what is generated. `generated` and `length` are those
  // of the case.
  forcedBos: (p) => forcedIds({ ids: [[p['generated'], p['bos']]] }),
  forcedEos: (p) => forcedIds({ ids: [[p['generated'], p['eos']]] }),
  minLength: (p) =>
    minNewTokens({
      count: Number(p['minLength']) - Number(p['length']) + Number(p['generated']),
      eosTokenIds: p['eos'],
    }),
  allowedTokens: (p) => allowedIds({ ids: p['ids'] }),
  guidance: (p) =>
    guidance({ scale: p['scale'], unconditional: () => Float32Array.from(p['unconditional']) }),
  logitNormalization: () => renormalize(),
  adaptiveP: (p) => adaptiveP({ target: p['target'], decay: p['decay'] }),
  minNewTokens: (p) => minNewTokens({ count: p['minNewTokens'], eosTokenIds: p['eos'] }),
  exponentialDecayLength: (p) =>
    exponentialDecayLength({ start: p['start'], factor: p['factor'], eosTokenIds: p['eos'] }),
};

export const kind: Kind = {
  async run(group: CaseGroup): Promise<GroupResult> {
    const failures: string[] = [];
    let passed = 0;
    for (const [index, item] of (await readCases<Case>(group)).entries()) {
      const problem = attempt(item);
      if (problem === undefined) passed++;
      else
        failures.push(
          `case ${index + 1}, ${item.processor} ${JSON.stringify(item.params).slice(0, 100)}: ${problem}`,
        );
    }
    return { passed, failures };
  },
};

function attempt(item: Case): string | undefined {
  try {
    return item.processor === 'chain' ? checkChain(item) : checkOne(item);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkOne(item: Case): string | undefined {
  const make = processors[item.processor];
  if (make === undefined) return 'unknown processor';
  const promptLength = (item.params['promptLength'] as number | undefined) ?? item.prompt?.length ?? 0;
  const ids = [...(item.prompt ?? []), ...(item.history ?? [])];
  const params = { ...item.params, length: ids.length, generated: ids.length - promptLength };
  const off = isOff[item.processor]?.(params as Readonly<Record<string, number>>) ?? false;
  const steps = off ? [] : [make(params as unknown as Params, item.source === 'transformers')];
  const logits =
    item.logits === undefined
      ? Float32Array.from(item.probs ?? [], Math.log)
      : Float32Array.from(item.logits, (l) => l ?? -Infinity);
  const result = applySteps(steps, logits, {
    prompt: ids.slice(0, promptLength),
    generated: ids.slice(promptLength),
    random: { uniform: () => 0.5 },
  });
  const tolerance = item.tolerance ?? 1e-5;
  const expected = item.expected ?? [];
  const kindOf = item.expectedKind ?? (item.logits === undefined ? 'probs' : 'logits');
  if (kindOf === 'logits') return compareLogits(result, expected, tolerance);
  const want = expected.map((p) => p ?? 0);
  // Some of llama.cpp's samplers leave the probabilities as they were before the cut: such lists do not add up to 1.
  const law = softmax(result);
  const normalised = Math.abs(want.reduce((a, b) => a + b, 0) - 1) <= tolerance * want.length;
  const got = normalised ? law : softmax(logits).map((p, id) => (law[id] > 0 ? p : 0));
  return compareMultisets([...got], want, tolerance);
}

function compareLogits(
  result: Float32Array,
  expected: readonly (number | null)[],
  tolerance: number,
): string | undefined {
  if (result.length !== expected.length) return `${result.length} logits, expected ${expected.length}`;
  for (let id = 0; id < result.length; id++) {
    const want = expected[id] ?? -Infinity;
    if (result[id] !== want && !(Math.abs(result[id] - want) <= tolerance))
      return `id ${id}: expected ${want}, got ${result[id]}`;
  }
  return undefined;
}

function compareMultisets(result: number[], expected: number[], tolerance: number): string | undefined {
  const descending = (list: number[]): number[] => list.filter((p) => p > 0).sort((a, b) => b - a);
  const [got, want] = [descending(result), descending(expected)];
  if (got.length > expected.length) return `${got.length} left, expected at most ${expected.length}`;
  for (let i = 0; i < Math.max(got.length, want.length); i++)
    if (!(Math.abs((got[i] ?? 0) - (want[i] ?? 0)) <= tolerance))
      return `expected ${want.join(' ')}, got ${got.join(' ')}`;
  return undefined;
}

function softmax(logits: Float32Array): Float64Array {
  const max = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float64Array.from(logits, (l) => Math.exp(l - max));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

/**
 * Letters k, p, m: top-k, top-p, min-p in this order on logits ln(id); id 0 has probability 0 and is left out of the
 * comparison.
 */
function checkChain(item: Case): string | undefined {
  const p = item.params as Readonly<Record<string, number>>;
  const letters = [...String(item.params['samplers'])];
  const size = p['n_vocab'];
  const steps = letters.map((letter) => {
    if (letter === 'k') return topK({ k: p['top_k'] });
    if (letter === 'p') return topP({ p: p['top_p'] });
    if (letter === 'm') return minP({ p: p['min_p'] });
    throw new Error(`unknown sampler ${letter}`);
  });
  let least = 1; // the kept ids are least .. size - 1
  for (const letter of letters) {
    if (letter === 'k') least = Math.max(least, size - p['top_k']);
    if (letter === 'm')
      least = Math.min(size - 1, Math.max(least, Math.ceil(p['min_p'] * (size - 1) - 1e-6)));
    if (letter === 'p') {
      const need = (p['top_p'] * ((size - least) * (size - 1 + least))) / 2;
      let id = size - 1;
      for (let sum = id; sum < need - 1e-6 && id > least; ) sum += --id;
      least = id;
    }
  }
  const law = sampler({ processors: steps }).law(Float32Array.from({ length: size }, (_, i) => Math.log(i)));
  let total = 0;
  for (let id = least; id < size; id++) total += id;
  for (let id = 1; id < size; id++) {
    const want = id < least ? 0 : id / total;
    if (Math.abs(law[id] - want) > 1e-6 || law[id] > 0 !== want > 0)
      return `id ${id}: expected ${want}, got ${law[id]}; kept should be ${least}..${size - 1}`;
  }
  return undefined;
}
