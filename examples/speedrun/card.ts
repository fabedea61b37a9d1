// The report card: one self-contained page, written again after every stage, so that an interrupted run has one too.
import { escapeHtml, lineChart, page, type Series } from '@ashlar/core';
import { type LeaderboardRow, leaderboardPlot } from '@ashlar/rlhf';
import type { Scores, Share } from './evaluate.ts';

export interface Card {
  readonly setting: string;
  readonly facts: Record<string, string | number>;
  readonly scores: Record<string, Scores>;
  readonly curves: Record<string, readonly (readonly [number, number])[]>;
  readonly notes: { title: string; lines: string[] }[];
  readonly boards: { title: string; rows: readonly LeaderboardRow[] }[];
  scaling?: Series[];
}

const percent = ({ value, low, high }: Share): string =>
  `${(100 * value).toFixed(0)} % <small>(${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)})</small>`;

export function renderCard(card: Card): string {
  const stages = Object.entries(card.scores);
  const row = (label: string, of: (s: Scores) => Share): string =>
    `<tr><th>${label}</th>${stages.map(([, s]) => `<td>${percent(of(s))}</td>`).join('')}</tr>`;
  const table =
    stages.length === 0
      ? ''
      : `<h2>Right answers by rule, greedy, 95 % intervals</h2><table><tr><th></th>${stages.map(([name]) => `<th>${escapeHtml(name)}</th>`).join('')}</tr>` +
        row('who, what, where, want', (s) => s.knowable) +
        row('sums of two numbers', (s) => s.right.sum) +
        row('made up what nobody told', (s) => s.madeUp) +
        '</table>';
  const facts = `<table>${Object.entries(card.facts)
    .map(([k, v]) => `<tr><th>${escapeHtml(k)}</th><td>${escapeHtml(String(v))}</td></tr>`)
    .join('')}</table>`;
  const curves = Object.entries(card.curves).map(([label, points]) =>
    lineChart(label, [{ label: 'loss', points }]),
  );
  const notes = card.notes.map(
    ({ title, lines }) => `<h2>${escapeHtml(title)}</h2><pre>${escapeHtml(lines.join('\n'))}</pre>`,
  );
  const boards = card.boards.map(
    ({ title, rows }) => `<h2>${escapeHtml(title)}</h2>${leaderboardPlot(rows)}`,
  );
  const last = stages.at(-1);
  const examples =
    last === undefined
      ? ''
      : `<h2>Answers of the last stage</h2><pre>${last[1].examples.map((e) => escapeHtml(`${e.prompt} ${e.answer}   ${e.right ? '(right)' : '(wrong)'}`)).join('\n\n')}</pre>`;
  const scaling =
    card.scaling === undefined
      ? ''
      : `<h2>Scaling</h2>${lineChart('final loss over log10 training FLOPs', card.scaling)}`;
  return page(
    `Speedrun, ${card.setting}`,
    facts +
      table +
      boards.join('') +
      notes.join('') +
      `<h2>Training</h2>${curves.join('')}` +
      scaling +
      examples,
  );
}
