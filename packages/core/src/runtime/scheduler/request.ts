// One request from submit to its last step: the ids it stands for, what draws from them, and the buffer that its consumer reads. Its sequence in the cache comes
// and goes: while it waits or has been pushed out there is none, and the ids are computed again.
import type { DrawnLane } from '../../generate/draw-step.ts';
import type { GenerateStep } from '../../generate/generate.ts';
import type { Sequence } from '../../generate/language-model.ts';
import type { Limits } from '../../generate/read-prompts.ts';
import type { TextStream } from '../../generate/stream-text.ts';
import type { TokenSampler, TokenSpeculator } from '../../generate/token-seams.ts';
import type { StepBuffer } from './step-buffer.ts';

/** A request that is not over. */
export interface Request<S extends Sequence> extends DrawnLane {
  /** Place in the order of submission (`number` is that in a batch, always 0). */
  readonly order: number;
  readonly priority: number;
  /** Passes there had been when it was submitted. */
  readonly submitted: number;
  /** The prompt, then what has been drawn. */
  readonly ids: number[];
  readonly promptIds: number;
  readonly sampler: TokenSampler;
  readonly speculator: TokenSpeculator | undefined;
  readonly text: TextStream | undefined;
  readonly limits: Limits;
  readonly buffer: StepBuffer<GenerateStep>;
  made: number;
  /** Absent while it waits for room. */
  sequence: S | undefined;
  /** Whether a pass has computed something for its present sequence. */
  started: boolean;
  /** Whether a pass has ever computed something for it. */
  begun: boolean;
  /** The last pass that it was part of. */
  served: number;
  /** True when nobody waits for it any more. */
  ended: boolean;
  /** Ids of the prompt that were there when it began. */
  cachedIds: number;
  /** Forgets the abort signal. */
  unlisten(): void;
}

/** Ids that are not in the cache yet; at least one. */
export const remaining = <S extends Sequence>({ ids, sequence }: Request<S>): number =>
  ids.length - (sequence?.length ?? 0);

/**
 * Who goes first: a priority is worth a head start of `patience` passes. The order of two requests never changes, so neither pushes the other out in turns,
 * and whoever waits is before everyone that is submitted late enough.
 */
export const inOrder =
  <S extends Sequence>(patience: number) =>
  (a: Request<S>, b: Request<S>): number =>
    a.submitted - a.priority * patience - (b.submitted - b.priority * patience) || a.order - b.order;
