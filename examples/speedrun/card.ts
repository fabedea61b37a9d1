// The report card: one self-contained page, written again after every stage.
import { escapeHtml, lineChart, page, type Series } from '@ashlar/core';
import { type LeaderboardRow, leaderboardPlot } from '@ashlar/rlhf';
import type { Measured, Scores } from './evaluate.ts';

/** What a stage is for, before and after it. */
export interface Purpose {
  readonly stage: string;
  readonly measure: string;
  readonly before: Measured | number;
  readonly after: Measured | number;
  /** Mean difference on the same questions. */
  readonly difference?: Measured;
}

export interface Card {
  readonly setting: string;
  readonly facts: Record<string, string | number>;
  readonly purposes: Purpose[];
  readonly scores: Record<string, Scores>;
  readonly curves: Record<string, readonly (readonly [number, number])[]>;
  readonly notes: { title: string; lines: string[] }[];
  readonly boards: { title: string; rows: readonly LeaderboardRow[] }[];
  seconds: Readonly<Record<string, { wall: number; cpu: number }>>;
  scaling?: Series[];
}

const percent = ({ value, low, high }: Measured): string =>
  `${(100 * value).toFixed(0)} % <small>(${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)})</small>`;
const decimal = (m: Measured | number): string =>
  typeof m === 'number'
    ? m.toFixed(3)
    : `${m.value.toFixed(3)} <small>(${m.low.toFixed(3)} to ${m.high.toFixed(3)})</small>`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table><tr>${head.map((h) => `<th>${escapeHtml(h)}</th>`).join('')}</tr>${rows
    .map(
      ([first, ...rest]) =>
        `<tr><th>${escapeHtml(first)}</th>${rest.map((c) => `<td>${c}</td>`).join('')}</tr>`,
    )
    .join('')}</table>`;

const section = (title: string, body: string): string =>
  body === '' ? '' : `<h2>${escapeHtml(title)}</h2>${body}`;

export function renderCard(card: Card): string {
  const stages = Object.entries(card.scores);
  const line = (label: string, of: (s: Scores) => string): string[] => [
    label,
    ...stages.map(([, s]) => of(s)),
  ];
  const scores =
    stages.length === 0
      ? ''
      : table(
          ['', ...stages.map(([name]) => name)],
          [
            line('who, what, where, want, next (greedy)', (s) => percent(s.knowable)),
            line('sums (greedy)', (s) => percent(s.right.sum)),
            line('made up what nobody told (greedy)', (s) => percent(s.madeUp)),
            line('made up what nobody told (drawn)', (s) => percent(s.madeUpDrawn)),
            line("rule's score of a drawn answer", (s) => decimal(s.drawn)),
          ],
        );
  const purposes =
    card.purposes.length === 0
      ? ''
      : table(
          ['stage', 'what it is for', 'before', 'after', 'difference'],
          card.purposes.map((p) => [
            p.stage,
            escapeHtml(p.measure),
            decimal(p.before),
            decimal(p.after),
            p.difference === undefined ? '' : decimal(p.difference),
          ]),
        );
  const seconds = Object.entries(card.seconds);
  const total = seconds.reduce((sum, [, s]) => ({ wall: sum.wall + s.wall, cpu: sum.cpu + s.cpu }), {
    wall: 0,
    cpu: 0,
  });
  const times =
    seconds.length === 0
      ? ''
      : table(
          ['stage', 'seconds', 'CPU seconds'],
          [...seconds, ['all', total] as const].map(([name, s]) => [
            name,
            s.wall.toFixed(0),
            s.cpu.toFixed(0),
          ]),
        );
  const facts = `<table>${Object.entries(card.facts)
    .map(([k, v]) => `<tr><th>${escapeHtml(k)}</th><td>${escapeHtml(String(v))}</td></tr>`)
    .join('')}</table>`;
  const curves = Object.entries(card.curves).map(([label, points]) =>
    lineChart(label, [{ label: 'loss', points }]),
  );
  const last = stages.at(-1);
  const answers =
    last === undefined
      ? ''
      : `<pre>${last[1].examples.map((e) => escapeHtml(`${e.prompt}\n  ${e.answer}   ${e.right ? '(right)' : '(wrong)'}`)).join('\n\n')}</pre>`;
  return page(
    `Speedrun, ${card.setting}`,
    facts +
      section('What each stage is for (95 % intervals)', purposes) +
      section('Answers judged by rule (95 % intervals)', scores) +
      card.boards.map(({ title, rows }) => section(title, leaderboardPlot(rows))).join('') +
      card.notes
        .map(({ title, lines }) => section(title, `<pre>${escapeHtml(lines.join('\n'))}</pre>`))
        .join('') +
      section('Training', curves.join('')) +
      (card.scaling === undefined
        ? ''
        : section('Scaling', lineChart('final loss over log10 training FLOPs', card.scaling))) +
      section('Answers of the last stage', answers) +
      section('Time', times),
  );
}
