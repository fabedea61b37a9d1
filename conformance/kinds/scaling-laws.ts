// scaling-laws/<name>: runs.csv (parameters, tokens, loss) and expected.json with the fitted law, tolerances and the objective's value.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fitScalingLaw, type TrainingRun } from '@ashlar/rlhf';
import { type CaseGroup, type GroupResult, type Kind, readJson } from '../case.ts';

interface Expected {
  readonly E: number;
  readonly A: number;
  readonly B: number;
  readonly alpha: number;
  readonly beta: number;
  readonly huberSum: number;
  readonly tolerance: Readonly<Record<string, number>>;
}

export const kind: Kind = {
  async run(group: CaseGroup): Promise<GroupResult> {
    const [header, ...lines] = (await readFile(join(group.path, 'runs.csv'), 'utf8')).trim().split('\n');
    const columns = header.split(',').map((c) => c.trim());
    const runs = lines.map((line) => {
      const cells = line.split(',').map(Number);
      const cell = (name: string): number => cells[columns.indexOf(name)];
      return {
        parameters: cell('parameters'),
        tokens: cell('tokens'),
        loss: cell('loss'),
      } satisfies TrainingRun;
    });
    const expected = await readJson<Expected>(group, 'expected.json');
    if (expected === undefined) throw new RangeError('expected.json: expected a file, got none');
    const law = fitScalingLaw(runs);
    const values = (x: Omit<Expected, 'tolerance'>): Record<string, number> => ({
      E: x.E,
      A: x.A,
      B: x.B,
      alpha: x.alpha,
      beta: x.beta,
      logA: Math.log(x.A),
      logB: Math.log(x.B),
    });
    const [got, want] = [values(law), values(expected)];
    const wrong = Object.entries(expected.tolerance)
      .filter(([name, tolerance]) => !(Math.abs(got[name] - want[name]) <= tolerance))
      .map(([name]) => `${name}: expected ${want[name]}, got ${got[name]}`);
    if (!(law.huberSum <= expected.huberSum * (1 + 1e-6)))
      wrong.push(`huberSum: expected at most ${expected.huberSum}, got ${law.huberSum}`);
    return {
      passed: wrong.length === 0 ? 1 : 0,
      failures: wrong.length === 0 ? [] : [wrong.join('; ')],
      note: `huberSum / expected - 1 = ${(law.huberSum / expected.huberSum - 1).toExponential(1)}`,
    };
  },
};
