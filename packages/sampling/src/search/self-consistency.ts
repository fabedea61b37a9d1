// Self-consistency (Wang et al. 2022, arXiv 2203.11171): the majority of the answers of several draws. It stops early
// when the vote is decided: surely, when the others cannot catch up; or with a confidence, by the posterior of leader
// against runner-up (Aggarwal et al. 2023, 2305.11860).
import { checkInteger, checkKnown, checkNumber } from '../check.ts';

/** One answer. */
export interface Vote {
  /** The normalised answer; undefined when the text had none, which is no vote. */
  readonly answer: string | undefined;
  /** The log-probability of the text; it breaks ties. Default 0. */
  readonly logprob?: number;
}

/** Options of {@link selfConsistency}. */
export interface SelfConsistencyOptions {
  /** The most draws, >= 1. */
  readonly n: number;
  /**
   * Stop when the leader is ahead of the runner-up with this posterior probability, 0.5 < confidence < 1. Default:
   * only when no number of further
   * votes can change the winner.
   */
  readonly confidence?: number;
  /** Ends the vote with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The outcome of a vote. */
export interface Consensus {
  /** The majority's answer; undefined when no draw had one. */
  readonly answer: string | undefined;
  /** Votes by answer, most first. */
  readonly tally: readonly { readonly answer: string; readonly votes: number; readonly logprob: number }[];
  /** How many draws were made. */
  readonly draws: number;
}

/**
 * The most frequent answer of up to n draws `generate(lane)`; ties go to the larger summed logprob, then to the
 * earlier answer.
 *
 * @throws RangeError for n < 1 or a confidence outside (0.5, 1).
 * @example
 * ```ts
 * import { selfConsistency } from '@ashlar/sampling';
 * const answers = ['4', '5', '4', '4', '4'];
 * const { answer, draws } = await selfConsistency((lane) => ({ answer: answers[lane] }), { n: 5 });
 * [answer, draws] // => ['4', 4]
 * ```
 */
export async function selfConsistency(
  generate: (lane: number, signal?: AbortSignal) => Vote | Promise<Vote>,
  options: SelfConsistencyOptions,
): Promise<Consensus> {
  checkKnown('selfConsistency', options, ['n', 'confidence', 'signal']);
  const n = checkInteger('n', options.n, 1);
  const confidence =
    options.confidence === undefined
      ? undefined
      : checkNumber('confidence', options.confidence, '0.5 < confidence < 1', (x) => x > 0.5 && x < 1);
  const sums = new Map<string, { votes: number; logprob: number }>();
  let tally: Consensus['tally'] = [];
  let draws = 0;
  while (draws < n) {
    options.signal?.throwIfAborted();
    const { answer, logprob = 0 } = await generate(draws++, options.signal);
    if (answer === undefined) continue;
    const sum = sums.get(answer) ?? { votes: 0, logprob: 0 };
    sums.set(answer, { votes: sum.votes + 1, logprob: sum.logprob + logprob });
    tally = [...sums]
      .map(([key, value]) => ({ answer: key, ...value }))
      .sort((a, b) => b.votes - a.votes || b.logprob - a.logprob);
    const lead = tally[0].votes;
    const second = tally[1]?.votes ?? 0;
    if (lead - second > n - draws) break;
    if (confidence !== undefined && aheadProbability(lead, second) >= confidence) break;
  }
  return { answer: tally[0]?.answer, tally, draws };
}

/** P(p > 1/2) for p ~ Beta(a + 1, b + 1), which is P(Binomial(a + b + 1, 1/2) <= a). */
export function aheadProbability(a: number, b: number): number {
  const n = a + b + 1;
  let term = 2 ** -n;
  let sum = term;
  for (let k = 1; k <= a; k++) {
    term *= (n - k + 1) / k;
    sum += term;
  }
  return Math.min(1, sum);
}
