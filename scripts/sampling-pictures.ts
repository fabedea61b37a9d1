// Draws docs/guides/pictures/sampling-*.svg: what each strategy does to real next-token distributions of GPT-2 (124M),
// from ../shared/data/sampling (numbers of poloclub/transformer-explainer, MIT) with the labels of GPT-2's vocabulary.
// Run: node --conditions=@ashlar/source --import tsx scripts/sampling-pictures.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type SamplerOptions, sampler } from '@ashlar/sampling';

const shared = new URL('../../shared/data/', import.meta.url);
const pictures = new URL('../docs/guides/pictures/', import.meta.url);
const unzip = (path: string): string => gunzipSync(readFileSync(new URL(path, shared))).toString('utf8');

const words = new Map(
  Object.entries(JSON.parse(unzip('tokenizers/gpt2_vocab.json.gz')) as Record<string, number>).map(
    ([word, id]) => [id, word],
  ),
);
const label = (id: number): string => (words.get(id) ?? String(id)).replaceAll('Ġ', '·').replaceAll('Ċ', '↵');

interface Example {
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly logits: Float32Array;
}
const examples = [0, 1, 2].map((n): Example => {
  const raw = JSON.parse(unzip(`sampling/gpt2_logits_ex${n}.json.gz`)) as {
    prompt: string;
    ids: number[];
    logits_f32_base64: string;
  };
  const bytes = Buffer.from(raw.logits_f32_base64, 'base64');
  return {
    prompt: raw.prompt,
    ids: raw.ids,
    logits: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
  };
});

interface Panel {
  readonly title: string;
  readonly example: Example;
  readonly options: SamplerOptions;
}

const bars = 14;
const width = 232;
const rowHeight = 11;
const height = bars * rowHeight + 42;
const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const cut = (x: number): string => String(Math.round(x * 10) / 10);

/** One panel: the outline is the model's probability, the bar what is drawn from, on one linear scale. */
function draw({ title, example, options }: Panel, x: number, y: number): string {
  const raw = sampler().law(example.logits);
  const s = sampler(options);
  for (const id of example.ids) s.accept(id);
  const law = s.law(example.logits);
  const kept = law.reduce((n, p) => n + (p > 0 ? 1 : 0), 0);
  const mass = raw.reduce((sum, p, id) => sum + (law[id] > 0 ? p : 0), 0);
  const order = Array.from(raw.keys())
    .sort((a, b) => raw[b] - raw[a])
    .slice(0, bars);
  const scale = 130 / Math.max(0.3, ...order.map((id) => Math.max(raw[id], law[id])));
  const keptText =
    kept === law.length
      ? 'all tokens'
      : `${kept} token${kept === 1 ? '' : 's'}, ${(100 * mass).toFixed(1)} % of the mass`;
  const lines = order.map((id, i) => {
    const top = cut(y + 34 + i * rowHeight);
    const grey = law[id] > 0 ? '#222' : '#aaa';
    const bar =
      law[id] > 0
        ? `<rect x="${x + 84}" y="${top}" width="${cut(Math.max(0.4, law[id] * scale))}" height="8" fill="#2b7a78"/>`
        : '';
    return `<text x="${x + 80}" y="${cut(y + 41 + i * rowHeight)}" text-anchor="end" fill="${grey}">${xml(label(id))}</text>${bar}<rect x="${x + 84}" y="${top}" width="${cut(Math.max(0.4, raw[id] * scale))}" height="8" fill="none" stroke="#999" stroke-width=".7"/>`;
  });
  return `<text x="${x + 6}" y="${y + 14}" font-weight="bold">${xml(title)}</text><text x="${x + 6}" y="${y + 26}" fill="#666">${keptText}</text>${lines.join('')}`;
}

function picture(name: string, columns: number, panels: readonly Panel[]): void {
  const rows = Math.ceil(panels.length / columns);
  const body = panels
    .map((panel, i) => draw(panel, (i % columns) * width, Math.floor(i / columns) * height))
    .join('\n');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * width} ${rows * height}" font-family="sans-serif" font-size="9"><rect width="100%" height="100%" fill="#fff"/>\n${body}\n</svg>\n`;
  writeFileSync(new URL(`sampling-${name}.svg`, pictures), svg);
  console.log(`sampling-${name}.svg: ${svg.length} bytes`);
}

const [visual, , ship] = examples;
const panel = (title: string, options: SamplerOptions, example = ship): Panel => ({
  title,
  options,
  example,
});

picture('temperature', 3, [
  panel('temperature 0.5', { temperature: 0.5 }),
  panel('temperature 1 (the model)', { temperature: 1 }),
  panel('temperature 1.6', { temperature: 1.6 }),
  panel('temperature 0', { temperature: 0 }),
  panel('dynamic: 0.5 to 1.5', { dynamicTemperature: { range: 0.5 } }),
  panel('dynamic, a surer model', { dynamicTemperature: { range: 0.5 } }, visual),
]);
picture('truncation', 3, [
  panel('top-k 5', { topK: 5, order: 'llamacpp' }),
  panel('top-p 0.7', { topP: 0.7 }),
  panel('min-p 0.1', { minP: 0.1 }),
  panel('typical 0.5', { typicalP: 0.5 }),
  panel('epsilon 0.01', { epsilonCutoff: 0.01 }),
  panel('eta 0.01', { etaCutoff: 0.01 }),
  panel('top-n-sigma 2', { topNSigma: 2 }),
  panel('top-H 0.4', { topH: 0.4 }),
  panel('p-less', { pLess: true }),
]);
picture('steering', 3, [
  panel('xtc, threshold 0.025, when its coin falls', { xtc: { probability: 1, threshold: 0.025 } }),
  panel('mirostat 2, tau 3', { mirostat: { tau: 3 } }),
  panel('adaptive-p, target 0.1, after top-k 14', { topK: 14, adaptiveP: { target: 0.1 } }),
]);
picture('order', 3, [
  panel('temperature 1.6, then top-p 0.7 (hf)', { temperature: 1.6, topP: 0.7, order: 'hf' }),
  panel('top-p 0.7, then temperature 1.6 (llamacpp)', { temperature: 1.6, topP: 0.7, order: 'llamacpp' }),
  panel('the usual chain', { topK: 40, topP: 0.95, minP: 0.05, temperature: 0.8, order: 'llamacpp' }),
]);
