// A constraint as a step of a sampler's chain: removes what may not come, follows what was drawn, rewinds and branches.
import { checkKnown } from '../check.ts';
import type { Processor } from '../processor.ts';
import { keepMasked } from '../row.ts';
import type { TokenConstraint } from '../token-constraint.ts';

/** Options of `constraintStep`. */
export interface ConstraintStepOptions {
  /** The constraint, at its beginning; the step works on its own copy. */
  readonly constraint: TokenConstraint;
}

/**
 * Keeps the ids that the constraint allows: the `constraint` option of `sampler` as a step. Put it first: what follows
 * then truncates among allowed tokens only. The prompt (ids accepted before the first drawn one) is not part of the
 * constrained text; ids accepted later are.
 *
 * @example
 * ```ts
 * import { sampler } from '@ashlar/sampling';
 * import { choices, constraint, constraintStep, prepareVocabulary } from '@ashlar/sampling/constraints';
 *
 * const letters = ['', 'y', 'e', 's', 'n', 'o'].map((text) => new TextEncoder().encode(text));
 * const vocabulary = prepareVocabulary({ vocabSize: 6, tokenBytes: (id) => letters[id], eosTokenIds: [0] });
 * const step = constraintStep({ constraint: constraint(choices(['yes', 'no']), vocabulary) });
 * const { sample } = sampler({ processors: [step], greedy: true });
 * sample(new Float32Array([9, 1, 8, 0, 2, 3])).id // => 4
 * ```
 */
export function constraintStep(options: ConstraintStepOptions): Processor {
  checkKnown('constraintStep', options, ['constraint']);
  return build(options.constraint.clone(), [], 0, false);
}

/** `ids` are those of the constrained text, `prompt` counts the ids before it; `begun` says that the prompt is over. */
function build(running: TokenConstraint, ids: number[], prompt: number, begun: boolean): Processor {
  let before = prompt;
  let started = begun;
  return {
    name: 'constraint',
    options: {},
    argmaxInvariant: false,
    onlyLowers: true,
    process(row) {
      keepMasked(row, running.mask());
    },
    state: {
      forced(most) {
        const next = running.forcedIds?.(most) ?? [];
        if (next.length > 0) started = true;
        return next;
      },
      accept(id, probability) {
        if (!started && probability === undefined) {
          before++;
          return;
        }
        started = true;
        running.accept(id);
        ids.push(id);
      },
      rollback(n) {
        const drawn = Math.min(n, ids.length);
        running.rollback(drawn);
        ids.length -= drawn;
        before -= n - drawn;
        if (ids.length === 0) started = false;
      },
      clone: () => build(running.clone(), [...ids], before, started),
      save: () => ({ ids: [...ids], before }),
      load(saved) {
        const from = saved as { ids: readonly number[]; before: number };
        running.rollback(ids.length);
        ids.length = 0;
        for (const id of from.ids) {
          running.accept(id);
          ids.push(id);
        }
        before = from.before;
        started = ids.length > 0;
      },
    },
  };
}
