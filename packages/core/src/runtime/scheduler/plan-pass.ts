// Which ids go into the next pass. Every sequence that answers has one row; what is left of the budget goes to prompts, in equal shares within a priority.
// Pages are found for one request after the other in the order of `inOrder`: what is kept for later goes first, then paused sequences, then the last in order.
// Iteration-level scheduling: Yu et al. 2022, Orca; chunked prefill: Agrawal et al. 2024, Sarathi-Serve, arXiv:2403.02310.
import type { Sequence } from '../../generate/language-model.ts';
import { guessRoom } from '../../generate/read-prompts.ts';
import type { KvSequence } from '../../kv-cache/kv-cache.ts';
import type { PageRoom } from './page-room.ts';
import { commonPrefix, type PrefixStore } from './prefix-cache.ts';
import { type Request, remaining } from './request.ts';

/** A request's part of a pass. */
export interface PlannedLane<S extends Sequence> {
  readonly request: Request<S>;
  /** Ids to append; fewer than remain when a prompt is cut. */
  readonly rows: number;
  /** Guesses its speculator may make. */
  readonly guesses: number;
}

/** What a plan is made from. */
export interface PassContext<S extends Sequence> {
  readonly room: PageRoom<S>;
  readonly prefixes: PrefixStore | undefined;
  readonly maxSequences: number;
  readonly tokensPerPass: number;
  readonly patience: number;
  /** Passes so far. */
  readonly tick: number;
  newSequence(): S;
  /** Takes a request's pages away; it computes its ids again later. */
  preempt(request: Request<S>): void;
}

/** Ids in common that are worth a fork of their own. */
const shortestShared = 8;
/** Pieces of a prompt are not made smaller than this. */
const smallestPiece = 32;

/** The next pass over `requests`, which stand in their order; empty when nothing can go on. */
export function planPass<S extends Sequence>(
  requests: readonly Request<S>[],
  context: PassContext<S>,
): PlannedLane<S>[] {
  let taking = choose(requests, context);
  for (;;) {
    const { lanes, without } = tryPass(requests, taking, context);
    if (without.size === 0) return lanes;
    // What had no room leaves its rows to the others.
    taking = taking.filter((request) => !without.has(request));
  }
}

/** A pass over `taking`, or else who has no room in it. */
function tryPass<S extends Sequence>(
  requests: readonly Request<S>[],
  taking: readonly Request<S>[],
  context: PassContext<S>,
): { readonly lanes: PlannedLane<S>[]; readonly without: ReadonlySet<Request<S>> } {
  const shares = shareRows(taking, context);
  const lanes: PlannedLane<S>[] = [];
  const without = new Set<Request<S>>();
  let promised = 0;
  let blocked = false;
  for (const request of taking) {
    const share = shares.get(request) ?? 0;
    if (share === 0) continue;
    const need = () =>
      request.started
        ? promised + context.room.pagesFor(request.sequence, share)
        : needToBegin(requests, request, lanes, context.room);
    if ((blocked && !request.started) || !makeRoom(requests, request, need, context)) {
      // Nobody that could begin with less overtakes: the large ones would wait for ever.
      blocked ||= !request.started;
      without.add(request);
      continue;
    }
    request.sequence ??= context.newSequence();
    const guesses = affordGuesses(request, share, taking.length, promised, context);
    promised += pagesWithGuesses(request, share, guesses, context);
    lanes.push({ request, rows: share, guesses });
  }
  return { lanes, without };
}

/** Pages for all that a request has to read, and for what the others have to read plus a page for each: else they would push each other out at once. */
function needToBegin<S extends Sequence>(
  requests: readonly Request<S>[],
  request: Request<S>,
  lanes: readonly PlannedLane<S>[],
  room: PageRoom<S>,
): number {
  const toRead = (one: Request<S>) =>
    Math.min(room.pagesFor(one.sequence, remaining(one)), room.mostPages(one.ids.length));
  const own = toRead(request);
  const first = requests.find((other) => !other.buffer.full) === request;
  if (first) return own;
  const others = requests.filter(
    (other) =>
      other !== request &&
      other.sequence !== undefined &&
      !other.buffer.full &&
      (other.started || lanes.some((lane) => lane.request === other)),
  );
  return others.reduce((sum, other) => sum + toRead(other) + 1, own);
}

/** The requests that this pass is for, each on the longest prefix there is; those whose prompt another is just computing wait for it. */
function choose<S extends Sequence>(
  requests: readonly Request<S>[],
  { prefixes, maxSequences }: PassContext<S>,
): Request<S>[] {
  const taking: Request<S>[] = [];
  for (const request of requests) {
    if (request.ended || request.buffer.full) continue;
    if (taking.length === maxSequences) break;
    if (prefixes !== undefined && remaining(request) > 1) {
      takePrefix(request, requests, prefixes);
      const own = request.sequence?.length ?? 0;
      const reads = request.ids.length - 1;
      const ahead = taking.some(
        (other) =>
          remaining(other) > 1 && commonPrefix(other.ids, request.ids, reads) >= own + shortestShared,
      );
      if (ahead) continue;
    }
    taking.push(request);
  }
  return taking;
}

function takePrefix<S extends Sequence>(
  request: Request<S>,
  requests: readonly Request<S>[],
  prefixes: PrefixStore,
): void {
  const own = request.sequence?.length ?? 0;
  const live = requests.flatMap((other) =>
    other !== request && other.sequence !== undefined ? [other.sequence as unknown as KvSequence] : [],
  );
  const found = prefixes.match(request.ids, live, own + shortestShared);
  if (found === undefined) return;
  request.sequence?.dispose();
  request.sequence = found as unknown as S;
}

/** Rows for each: one where an answer goes on; the rest of the budget among prompts, higher levels first, least recently served first. */
function shareRows<S extends Sequence>(
  taking: readonly Request<S>[],
  { tokensPerPass, patience, tick }: PassContext<S>,
): Map<Request<S>, number> {
  const shares = new Map<Request<S>, number>();
  let left = tokensPerPass;
  const reading: Request<S>[] = [];
  for (const request of taking) {
    if (remaining(request) > 1) reading.push(request);
    else {
      shares.set(request, 1);
      left--;
    }
  }
  const level = ({ priority, submitted }: Request<S>) => priority + Math.floor((tick - submitted) / patience);
  const levels = [...new Set(reading.map(level))].sort((a, b) => b - a);
  for (const one of levels) {
    const group = reading.filter((request) => level(request) === one).sort((a, b) => a.served - b.served);
    group.forEach((request, i) => {
      const fair = Math.max(smallestPiece, Math.ceil(left / (group.length - i)));
      const rows = Math.min(remaining(request), fair, left);
      if (rows > 0) shares.set(request, rows);
      left -= rows;
    });
  }
  return shares;
}

/** Gives up kept prefixes and then sequences behind `request` in the order until `need` pages are free. */
function makeRoom<S extends Sequence>(
  requests: readonly Request<S>[],
  request: Request<S>,
  need: () => number,
  { room, prefixes, preempt }: PassContext<S>,
): boolean {
  while (need() > room.free) {
    if (prefixes?.evict()) continue;
    const holding = requests.filter((other) => other.sequence !== undefined && other !== request);
    const paused = holding.filter((other) => other.buffer.full);
    const behind = holding.filter((other) => requests.indexOf(other) > requests.indexOf(request));
    const victim = paused.at(-1) ?? behind.at(-1);
    if (victim === undefined) return false;
    preempt(victim);
  }
  return true;
}

/** Each guess costs a row for itself and for all before it, on a fork with pages of its own. */
const rowsOfGuesses = (guesses: number) => ((guesses + 1) * (guesses + 2)) / 2 - 1;

function pagesWithGuesses<S extends Sequence>(
  { sequence }: Request<S>,
  rows: number,
  guesses: number,
  { room }: PassContext<S>,
): number {
  if (guesses === 0) return room.pagesFor(sequence, rows);
  return (guesses + 1) * (room.pagesFor(sequence, rows + guesses) + 1);
}

/** As many guesses as rows and free pages allow; nobody is pushed out for a guess. */
function affordGuesses<S extends Sequence>(
  request: Request<S>,
  rows: number,
  lanes: number,
  promised: number,
  context: PassContext<S>,
): number {
  if (request.speculator === undefined || request.made === 0 || rows > 1 || remaining(request) > 1) return 0;
  const { tokensPerPass, room } = context;
  let guesses = guessRoom(request.limits, request.made, request.ids.length - 1, 1);
  guesses = Math.min(guesses, tokensPerPass);
  const fits = () =>
    rowsOfGuesses(guesses) <= tokensPerPass / lanes &&
    promised + pagesWithGuesses(request, rows, guesses, context) <= room.free;
  while (guesses > 0 && !fits()) guesses--;
  return guesses;
}
