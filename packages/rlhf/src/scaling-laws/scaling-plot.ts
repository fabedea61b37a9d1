// A sweep in two pictures: loss over size, a curve a budget, with the fitted minima; and loss over compute, a curve a size, with the law's compute-optimal frontier.

import { lineChart, type Series } from '@ashlar/core';
import { checkOptions } from '../check-options.ts';
import type { IsoFlopFit } from './iso-flop.ts';
import type { ScalingLaw } from './parametric-fit.ts';
import { computeOptimal } from './plan.ts';

interface Run {
  readonly parameters: number;
  readonly compute: number;
  readonly loss: number;
}

const short = (x: number): string => x.toExponential(1).replace('e+', 'e');
const distinct = (values: readonly number[]): number[] => [...new Set(values)].sort((p, q) => p - q);

/** The pictures as SVG: `isoFlop` and `frontier`. The law's curve and the minima are drawn where given. */
export function scalingPlots(
  runs: readonly Run[],
  fits: { readonly law?: ScalingLaw; readonly isoFlop?: IsoFlopFit } = {},
): { readonly isoFlop: string; readonly frontier: string } {
  checkOptions(fits, ['law', 'isoFlop'], 'scalingPlots');
  const curves = (
    of: (run: Run) => number,
    x: (run: Run) => number,
    label: (v: number) => string,
  ): Series[] =>
    distinct(runs.map(of)).map((value) => ({
      label: label(value),
      points: runs
        .filter((run) => of(run) === value)
        .map((run) => [Math.log10(x(run)), run.loss] as const)
        .sort((p, q) => p[0] - q[0]),
    }));
  const bySize = curves(
    (run) => run.compute,
    (run) => run.parameters,
    (c) => `${short(c)} FLOPs`,
  );
  const byCompute = curves(
    (run) => run.parameters,
    (run) => run.compute,
    (n) => `${short(n)} parameters`,
  );
  const { law, isoFlop } = fits;
  if (isoFlop !== undefined)
    bySize.push({
      label: 'minima',
      points: isoFlop.optima.map((o) => [Math.log10(o.parameters), o.loss] as const),
    });
  if (law !== undefined) {
    const logs = runs.map((run) => Math.log10(run.compute));
    const [low, high] = [Math.min(...logs), Math.max(...logs)];
    const frontier = Array.from({ length: 21 }, (_, i) => low + ((high - low) * i) / 20);
    byCompute.push({
      label: 'compute-optimal',
      points: frontier.map((c) => [c, computeOptimal(law, 10 ** c).loss] as const),
    });
  }
  return {
    isoFlop: lineChart('Loss over log10 parameters', bySize, 'nats a token'),
    frontier: lineChart('Loss over log10 training FLOPs', byCompute, 'nats a token'),
  };
}
