// Processors in order, then one draw. The order is the largest source of disagreement between libraries, so a chain is
// an explicit list: presets only write such a list (order.ts), and `describe` prints the one in force.
import { EmptySupportError } from './errors.ts';
import type { Draw, Processor, StepContext } from './processor.ts';
import type { Row } from './row.ts';

/** The steps of one decision: processors in order, and the draw at the end. */
export interface Chain {
  /** Applied in this order. */
  readonly processors: readonly Processor[];
  /** Picks the token of what is left. */
  readonly draw: Draw;
  /**
   * The order in which the steps are run: a top-k before the temperature that it follows gives the same law, on k
   * tokens instead of V.
   */
  readonly schedule: readonly Processor[];
}

/**
 * A checked chain.
 *
 * @throws TypeError when a processor that makes its own law (mirostat, adaptive-p) is not the last.
 */
export function createChain(processors: readonly Processor[], draw: Draw): Chain {
  const early = processors.slice(0, -1).find((processor) => processor.last === true);
  if (early !== undefined) throw new TypeError(`chain: ${early.name} must be the last step before the draw`);
  return { processors, draw, schedule: scheduleOf(processors) };
}

function scheduleOf(processors: readonly Processor[]): Processor[] {
  const list = [...processors];
  for (let i = 1; i < list.length; i++)
    if (list[i].rankOnly && list[i - 1].monotone) [list[i - 1], list[i]] = [list[i], list[i - 1]];
  return list;
}

/**
 * Runs the processors on the row, in place; the first `from` of the schedule have run.
 *
 * @throws EmptySupportError naming the step after which no candidate was left.
 */
export function runChain(chain: Chain, row: Row, context: StepContext, from = 0): void {
  for (const processor of from === 0 ? chain.schedule : chain.schedule.slice(from)) {
    processor.process(row, context);
    if (row.n === 0) throw new EmptySupportError(processor.name);
  }
}

/** A copy whose stateful processors have their own memory. */
export function cloneChain(chain: Chain): Chain {
  if (chain.processors.every((p) => p.state === undefined)) return chain;
  return createChain(
    chain.processors.map((p) => p.state?.clone() ?? p),
    chain.draw,
  );
}

/**
 * One line a step: `topK(k=40)`; options that are off or undefined are left out, long lists are shortened.
 */
export function describeChain(chain: Chain): string {
  const steps = chain.processors.map(({ name, options }) => {
    const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== false);
    return `${name}(${given.map(([key, value]) => `${key}=${short(value)}`).join(', ')})`;
  });
  return [...steps, chain.draw.name].join(' -> ');
}

function short(value: unknown): string {
  const text = ArrayBuffer.isView(value)
    ? JSON.stringify(Array.from(value as Int32Array))
    : JSON.stringify(value);
  return text !== undefined && text.length > 40 ? `${text.slice(0, 37)}...` : String(text);
}
