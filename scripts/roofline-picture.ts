// docs/guides/pictures/roofline.svg from the bench: `pnpm bench inference --json > lines.jsonl`, then
// `node --import tsx scripts/roofline-picture.ts lines.jsonl`. Both axes are logarithmic: products a second over products per byte of weights read, one thread,
// CPU time.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Line {
  readonly metric: string;
  readonly ours: number;
  readonly peer: string;
  readonly peerValue: number | null;
}

const file = process.argv[2];
if (file === undefined) throw new TypeError('roofline-picture: expected the JSON lines of `bench inference`');
const lines = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line) as Line);
const find = (metric: string, peer = ''): Line => {
  const found = lines.find((line) => line.metric === metric && line.peer.includes(peer));
  if (found === undefined) throw new RangeError(`${file}: expected a line "${metric}"`);
  return found;
};

// SmolLM2-135M: multiply-adds a token with and without the head, and bytes of the packed weights.
const [layers, head] = [106.2e6, 28.3e6];
const layerBytes = (layers * 20) / 32; // Q4_1
const headBytes = (head * 34) / 32; // Q8_0, as the file has it
const bandwidth = find('weights read while decoding, Q4_1, one thread').peerValue as number; // GB/s
const peak = find('blocked product in cache, Q4_1, one thread').ours; // GMAC/s
const points = [
  { name: 'one sequence', rate: find('decode, Q4_1, one thread').ours, tokens: 1, products: layers + head },
  {
    name: '16 sequences',
    rate: find('16 sequences at once, Q4_1, one thread').ours,
    tokens: 16,
    products: layers + head,
  },
  // A prompt goes through in passes of 256 tokens and only the last one meets the head.
  {
    name: 'prompt of 512',
    rate: find('prefill of 512, Q4_1, one thread').ours,
    tokens: 256,
    products: layers,
  },
].map(({ name, rate, tokens, products }) => ({
  name,
  intensity: (tokens * products) / (layerBytes + (products > layers ? headBytes : 0)),
  gmacs: (rate * products) / 1e9,
}));
const api = find('decode, Q4_1, one thread', 'node-llama-cpp').peerValue;
const prefill = find('prefill of 512, Q4_1, one thread', 'node-llama-cpp').peerValue;
const theirs = [
  ...(api === null
    ? []
    : [{ name: 'node-llama-cpp', intensity: points[0].intensity, gmacs: (api * (layers + head)) / 1e9 }]),
  ...(prefill === null
    ? []
    : [{ name: 'node-llama-cpp', intensity: points[2].intensity, gmacs: (prefill * layers) / 1e9 }]),
];

const [left, right, top, bottom] = [70, 620, 30, 330];
const [xMin, xMax, yMin, yMax] = [1, 1000, 1, 200];
const x = (v: number) => left + ((right - left) * Math.log(v / xMin)) / Math.log(xMax / xMin);
const y = (v: number) => bottom - ((bottom - top) * Math.log(v / yMin)) / Math.log(yMax / yMin);
const ridge = peak / bandwidth;
const grid = [
  ...[1, 10, 100, 1000].map(
    (v) =>
      `<line x1="${x(v)}" y1="${top}" x2="${x(v)}" y2="${bottom}" class="g"/><text x="${x(v)}" y="${bottom + 18}" text-anchor="middle">${v}</text>`,
  ),
  ...[1, 10, 100].map(
    (v) =>
      `<line x1="${left}" y1="${y(v)}" x2="${right}" y2="${y(v)}" class="g"/><text x="${left - 8}" y="${y(v) + 4}" text-anchor="end">${v}</text>`,
  ),
];
const dot = (kind: string, p: { name: string; intensity: number; gmacs: number }, below: boolean) =>
  `<circle cx="${x(p.intensity)}" cy="${y(p.gmacs)}" r="5" class="${kind}"/><text x="${x(p.intensity)}" y="${y(p.gmacs) + (below ? 20 : -10)}" text-anchor="middle">${p.name} ${p.gmacs.toFixed(1)}</text>`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 390" font-family="sans-serif" font-size="12">
<style>text{fill:#333}.g{stroke:#ddd}.roof{fill:none;stroke:#888;stroke-width:2}.ours{fill:#0a7d5a}.theirs{fill:#b5651d}</style>
<rect width="680" height="390" fill="#fff"/>
${grid.join('\n')}
<polyline class="roof" points="${x(xMin)},${y(bandwidth * xMin)} ${x(ridge)},${y(peak)} ${x(xMax)},${y(peak)}"/>
<text x="${x(1.15)}" y="${y(bandwidth) - 26}">memory, ${bandwidth.toFixed(1)} GB/s</text>
<text x="${right}" y="${y(peak) - 8}" text-anchor="end">blocked product in cache, ${peak.toFixed(0)} GMAC/s</text>
${points.map((p) => dot('ours', p, false)).join('\n')}
${theirs.map((p) => dot('theirs', p, true)).join('\n')}
<text x="${(left + right) / 2}" y="${bottom + 42}" text-anchor="middle">products per byte of weights read</text>
<text x="18" y="${(top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 18 ${(top + bottom) / 2})">products a second, 1e9, one thread</text>
</svg>
`;
writeFileSync(
  join(dirname(fileURLToPath(import.meta.url)), '..', 'docs', 'guides', 'pictures', 'roofline.svg'),
  svg,
);
