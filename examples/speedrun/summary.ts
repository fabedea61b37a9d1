// A run's card as Markdown: `node --conditions=@ashlar/source --import tsx examples/speedrun/summary.ts RUN [README.md]`. With a file, what stands there between the two marks is replaced.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Card, Purpose } from './card.ts';
import type { Measured, Scores } from './evaluate.ts';
import { settings } from './settings.ts';

export const marks = ['<!-- run -->', '<!-- end of run -->'] as const;

const percent = ({ value, low, high }: Measured): string =>
  `${(100 * value).toFixed(0)} % (${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)})`;
const score = ({ value, low, high }: Measured): string =>
  `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
const table = (rows: readonly (readonly string[])[]): string =>
  rows
    .flatMap((row, i) => [`| ${row.join(' | ')} |`, ...(i === 0 ? [`|${' --- |'.repeat(row.length)}`] : [])])
    .join('\n');

/** Whether two intervals, or the interval of a difference, tell before and after apart. */
export function told({ before, after, difference }: Purpose): string {
  if (difference !== undefined) {
    const apart = difference.low > 0 || difference.high < 0;
    return `difference ${score(difference)}${apart ? '' : ', not significant'}`;
  }
  if (typeof after === 'number') return '';
  const [low, high] = typeof before === 'number' ? [before, before] : [before.low, before.high];
  return after.low > high || after.high < low ? '' : 'not told apart';
}

/** The run as Markdown. */
export function summaryOf(card: Card): string {
  const setting = settings[card.setting as keyof typeof settings];
  const seconds = Object.values(card.seconds).reduce(
    (sum, s) => ({ wall: sum.wall + s.wall, cpu: sum.cpu + s.cpu }),
    { wall: 0, cpu: 0 },
  );
  const stages = Object.entries(card.scores);
  const line = (label: string, of: (s: Scores) => Measured, print: (m: Measured) => string) => [
    label,
    ...stages.map(([, s]) => print(of(s))),
  ];
  const isShare = (m: Measured | number): m is Measured => typeof m !== 'number' && m.low >= 0 && m.high <= 1;
  const cell = (purpose: Purpose, m: Measured | number): string =>
    typeof m === 'number'
      ? m.toPrecision(3)
      : purpose.measure.includes('score') || !isShare(m)
        ? score(m)
        : percent(m);
  const boards = card.boards.map(
    ({ title, rows }) =>
      `- ${title}: ${rows.map((r) => `${r.rank}. ${r.model} ${r.rating.toFixed(0)}`).join(', ')}`,
  );
  return [
    `Setting \`${card.setting}\` (${setting.numLayers} layers, ${setting.hiddenSize} wide, vocabulary ${card.facts['vocabulary']}), seed ${card.facts['seed']}, ${card.facts['backend']}; judged by ${setting.evaluation} ${card.facts['questions']} questions of all kinds and ${setting.sums} sums; 95 % intervals. The stages took ${(seconds.wall / 60).toFixed(1)} minutes by the clock, ${(seconds.cpu / 60).toFixed(1)} of processor time.`,
    table([
      ['', ...stages.map(([name]) => name)],
      line('who, what, where, want, next (greedy)', (s) => s.knowable, percent),
      line('sums (greedy)', (s) => s.right.sum, percent),
      line('made up what nobody told (greedy)', (s) => s.madeUp, percent),
      line('made up what nobody told (drawn)', (s) => s.madeUpDrawn, percent),
      line("rule's score of a drawn answer", (s) => s.drawn, score),
    ]),
    table([
      ['stage', 'what it is for', 'before', 'after', ''],
      ...card.purposes.map((p) => [p.stage, p.measure, cell(p, p.before), cell(p, p.after), told(p)]),
    ]),
    ...(boards.length === 0 ? [] : [boards.join('\n')]),
  ].join('\n\n');
}

/** `text` with what stands between the marks replaced. */
export function withSummary(text: string, summary: string): string {
  const [from, to] = [text.indexOf(marks[0]), text.indexOf(marks[1])];
  if (from < 0 || to < from) throw new RangeError(`README: expected ${marks.join(' and ')}, got none`);
  return `${text.slice(0, from)}${marks[0]}\n\n${summary}\n\n${text.slice(to)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [run, readme] = process.argv.slice(2);
  if (run === undefined || run.startsWith('-'))
    throw new RangeError(`RUN: expected the folder of a run, got ${run ?? 'none'}`);
  const summary = summaryOf(JSON.parse(await readFile(join(run, 'card.json'), 'utf8')));
  if (readme === undefined) console.log(summary);
  else await writeFile(readme, withSummary(await readFile(readme, 'utf8'), summary));
}
