// A run as one self-contained page: curves of loss, gradient norm, learning rate and speed as SVG, no script and no network.
import type { LogEntry } from './train.ts';

/** A curve of a chart. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [number, number])[];
}

const colours = ['#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df', '#57606a'];

/** Lines over a common x axis as an SVG with axes and legend; points that are not finite are left out. */
export function lineChart(title: string, series: readonly Series[], yLabel = ''): string {
  const [width, height, left, bottom, top] = [640, 260, 64, 30, 26];
  const clean = series.map((s) => ({
    ...s,
    points: s.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const all = clean.flatMap((s) => s.points);
  const range = (values: number[]): [number, number] => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return values.length === 0 ? [0, 1] : low === high ? [low - 0.5, high + 0.5] : [low, high];
  };
  const [x0, x1] = range(all.map((p) => p[0]));
  const [y0, y1] = range(all.map((p) => p[1]));
  const px = (x: number): string => (left + ((x - x0) / (x1 - x0)) * (width - left - 12)).toFixed(1);
  const py = (y: number): string =>
    (height - bottom - ((y - y0) / (y1 - y0)) * (height - bottom - top)).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const grid = ticks
    .map((t) => {
      const y = y0 + t * (y1 - y0);
      const x = x0 + t * (x1 - x0);
      return (
        `<line x1="${left}" x2="${width - 12}" y1="${py(y)}" y2="${py(y)}" stroke="#8884"/>` +
        `<text x="${left - 6}" y="${Number(py(y)) + 4}" text-anchor="end">${short(y)}</text>` +
        `<text x="${px(x)}" y="${height - 10}" text-anchor="middle">${short(x)}</text>`
      );
    })
    .join('');
  const lines = clean
    .map((s, i) => {
      const path = s.points.map(([x, y], k) => `${k === 0 ? 'M' : 'L'}${px(x)} ${py(y)}`).join('');
      return `<path d="${path}" fill="none" stroke="${colours[i % colours.length]}" stroke-width="1.6"/>`;
    })
    .join('');
  const legend = clean
    .map(
      (s, i) =>
        `<tspan fill="${colours[i % colours.length]}" dx="${i === 0 ? 0 : 14}">${escapeHtml(s.label)}</tspan>`,
    )
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui" font-size="11" fill="currentColor" role="img" aria-label="${escapeHtml(title)}"><text x="${left}" y="15" font-weight="600">${escapeHtml(title)}${yLabel === '' ? '' : ` (${escapeHtml(yLabel)})`}  <tspan font-weight="400">${legend}</tspan></text>${grid}${lines}</svg>`;
}

/** A page of curves for one or several runs, by name; `facts` are shown in a table above them. */
export function trainingReport(
  title: string,
  runs: Readonly<Record<string, readonly LogEntry[]>>,
  facts: Readonly<Record<string, string | number>> = {},
): string {
  const curve = (what: (e: LogEntry) => number): Series[] =>
    Object.entries(runs).map(([label, entries]) => ({
      label,
      points: entries.map((e) => [e.step, what(e)] as const),
    }));
  const evaluations = new Set(
    Object.values(runs).flatMap((entries) => entries.flatMap((e) => Object.keys(e.evaluation ?? {}))),
  );
  const charts = [
    lineChart(
      'loss',
      curve((e) => e.loss),
      'nats a token',
    ),
    ...[...evaluations].map((name) =>
      lineChart(
        name,
        curve((e) => e.evaluation?.[name] ?? Number.NaN),
      ),
    ),
    lineChart(
      'gradient norm',
      curve((e) => e.gradNorm),
      'before clipping',
    ),
    lineChart(
      'learning rate',
      curve((e) => e.learningRate),
    ),
    lineChart(
      'speed',
      curve((e) => e.tokensPerSecond),
      'tokens a second',
    ),
  ];
  const table = Object.entries(facts)
    .map(([k, v]) => `<tr><th>${escapeHtml(k)}</th><td>${escapeHtml(String(v))}</td></tr>`)
    .join('');
  return page(title, `<table>${table}</table>${charts.join('')}`);
}

/** A self-contained HTML page around a body that is already HTML. */
export function page(title: string, body: string): string {
  const style =
    ':root{color-scheme:light dark}body{font:15px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}svg{width:100%;height:auto;margin:.6rem 0}th{text-align:left;padding-right:1rem;font-weight:500}td,th{padding:.15rem .8rem .15rem 0;vertical-align:top}pre{white-space:pre-wrap;background:#8881;padding:.6rem;border-radius:6px}';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style><h1>${escapeHtml(title)}</h1>${body}</html>\n`;
}

/** Text as HTML text. */
export const escapeHtml = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]!,
  );

function short(x: number): string {
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-2 || size >= 1e5)) return x.toExponential(1);
  return Number(x.toPrecision(3)).toString();
}
