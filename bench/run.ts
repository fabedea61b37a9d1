// `pnpm bench NAME [--json]`: runs bench/NAME.bench.ts, ours and the peers alternately in one run, and prints medians and ratios. A bench of parts
// runs some of them with `--only PART,PART`, and `--texts DIR` gives it other texts.
import { existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchLine, Report } from './measure.ts';

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    texts: { type: 'string' },
    encodings: { type: 'string' },
    corpus: { type: 'string' },
    // Limits of the card, for shares of the roofline (webgpu).
    'peak-gbs': { type: 'string' },
    'peak-tflops': { type: 'string' },
  },
});
const known = readdirSync(here).flatMap((file) =>
  file.endsWith('.bench.ts') ? [file.replace('.bench.ts', '')] : [],
);
if (positionals.length === 0) {
  console.error(`bench: expected a name of ${known.join(', ')}`);
  process.exit(2);
}
if (!values.json)
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.versions.node}`);
const settings = {
  ...(values.only === undefined ? {} : { only: values.only.split(',') }),
  ...(values.encodings === undefined ? {} : { encodings: values.encodings.split(',') }),
  ...(values.texts === undefined ? {} : { texts: values.texts }),
  ...(values.corpus === undefined ? {} : { corpus: values.corpus }),
  'peak-gbs': values['peak-gbs'],
  'peak-tflops': values['peak-tflops'],
};
for (const name of positionals) {
  const file = join(here, `${name}.bench.ts`);
  if (!existsSync(file)) {
    console.error(`bench: expected a name of ${known.join(', ')}, got ${name}`);
    process.exit(2);
  }
  const { run } = (await import(pathToFileURL(file).href)) as {
    run(report: Report, options: object): Promise<void>;
  };
  await run((m) => {
    const ratio = m.peerValue === null ? null : m.lowerIsBetter ? m.peerValue / m.ours : m.ours / m.peerValue;
    const line: BenchLine = {
      bench: name,
      metric: m.metric,
      unit: m.unit,
      ours: m.ours,
      peer: m.peer,
      peerValue: m.peerValue,
      ratio,
      runs: m.runs ?? 5,
      ...(m.reason === undefined ? {} : { reason: m.reason }),
    };
    if (values.json) console.log(JSON.stringify(line));
    else console.log(text(line));
  }, settings);
}
process.exit(0);

function text(line: BenchLine): string {
  const side =
    line.peerValue === null
      ? `absent (${line.reason ?? 'no reason given'})`
      : `${short(line.peerValue)} ${line.unit}`;
  const ratio = line.ratio === null ? '' : `  ${line.ratio.toFixed(2)}x`;
  return `${line.metric}: ours ${short(line.ours)} ${line.unit}, ${line.peer} ${side}${ratio}`;
}

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
