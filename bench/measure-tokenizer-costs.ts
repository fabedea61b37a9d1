// What a tokenizer costs before its first id, in fresh processes, and what training costs beside native `tokenizers`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countPieces, trainBpe } from '@ashlar/tokenizer';
import { median, peer, type Report } from './measure.ts';
import { rankFile } from './tokenizer-peers.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** Time from the rank file (ours) or the module with the vocabulary in it (theirs) to first ids, and growth of resident memory, after collection. */
export function measureLoad(report: Report, name: string): void {
  if (rankFile(name) === undefined) return;
  const ours = `
    const { readTiktoken } = await import('@ashlar/tokenizer');
    const { rankFile } = await import(${JSON.stringify(join(here, 'tokenizer-peers.ts'))});
    gc();
    const before = process.memoryUsage().rss, start = performance.now();
    globalThis.kept = readTiktoken(rankFile('${name}'), { pattern: '${name}' });
    kept.encode('hello');`;
  const theirs = `
    gc();
    const before = process.memoryUsage().rss, start = performance.now();
    globalThis.kept = await import('gpt-tokenizer/encoding/${name}');
    kept.encode('hello');`;
  const end = `
    const time = performance.now() - start;
    gc(); gc();
    console.log(JSON.stringify([time, (process.memoryUsage().rss - before) / 2 ** 20]));`;
  const once = (script: string): [number, number] =>
    JSON.parse(
      execFileSync(process.execPath, [...process.execArgv, '--input-type=module', '-e', script + end], {
        cwd: here,
        encoding: 'utf8',
      }),
    ) as [number, number];
  const mine: [number, number][] = [];
  const other: [number, number][] = [];
  for (let round = 0; round < 3; round++) {
    mine.push(once(ours));
    other.push(once(theirs));
  }
  const base = { peer: 'gpt-tokenizer', lowerIsBetter: true, runs: 3 };
  for (const [at, metric, unit] of [
    [0, 'ready after', 'ms'],
    [1, 'resident memory', 'MiB'],
  ] as const) {
    report({
      ...base,
      metric: `${name}: ${metric}`,
      unit,
      ours: median(mine.map((row) => row[at])),
      peerValue: median(other.map((row) => row[at])),
    });
  }
}

const PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Byte-level BPE to 30,000 tokens, counting included, in turn with native `tokenizers` held to one thread. */
export async function measureTraining(
  report: Report,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  const loaded = await peer('tokenizers');
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-bench-'));
  const script = (file: string): string => `
    import { createRequire } from 'node:module';
    const native = createRequire(${JSON.stringify(join(here, 'package.json'))})('tokenizers');
    const tokenizer = new native.Tokenizer(native.BPE.empty());
    tokenizer.setPreTokenizer(native.byteLevelPreTokenizer(false));
    const start = performance.now();
    tokenizer.train([${JSON.stringify(file)}]);
    console.log(performance.now() - start);`;
  for (const [kind, text] of Object.entries(texts)) {
    if (text.length < 200_000) continue;
    const file = join(folder, 'corpus.txt');
    writeFileSync(file, text);
    const megabytes = Buffer.byteLength(text) / 1e6;
    const mine: number[] = [];
    const theirs: number[] = [];
    const learn = async () =>
      trainBpe(await countPieces([text], { pattern: PATTERN }), { vocabSize: 30_000, minFrequency: 0 });
    await learn();
    for (let round = 0; round < 3; round++) {
      const start = performance.now();
      await learn();
      mine.push((performance.now() - start) / 1000 / megabytes);
      if ('reason' in loaded) continue;
      const time = execFileSync(process.execPath, ['--input-type=module', '-e', script(file)], {
        cwd: here,
        encoding: 'utf8',
        env: { ...process.env, RAYON_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' },
      });
      theirs.push(Number(time) / 1000 / megabytes);
    }
    report({
      metric: `train byte-level BPE to 30,000 tokens, ${kind}`,
      unit: 's/MB',
      ours: median(mine),
      peer: 'tokenizers (native, one thread)',
      peerValue: 'reason' in loaded ? null : median(theirs),
      lowerIsBetter: true,
      runs: 3,
      ...('reason' in loaded ? { reason: loaded.reason } : {}),
    });
  }
  rmSync(folder, { recursive: true });
}

/**
 * The same on a file of any size, line by line: CPU time and peak memory of a process each, compilation included; ours again in a process that has trained
 * three times before; and whether all merges that both have are equal. Up to 20 MB medians of five turns.
 */
export async function measureTrainingOn(report: Report, corpus: string): Promise<void> {
  const loaded = await peer('tokenizers');
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-bench-'));
  const file = resolve(corpus);
  const size = statSync(file).size;
  const measured = `
    const used = process.cpuUsage(start);
    console.log('\\n' + JSON.stringify([(used.user + used.system) / 1e6, process.resourceUsage().maxRSS / 1024]));`;
  const ours = (times: number): string => `
    import { writeFileSync } from 'node:fs';
    import { trainBpe } from '@ashlar/tokenizer';
    import { countFiles } from '@ashlar/tokenizer/node';
    const train = async () => {
      const counts = await countFiles([${JSON.stringify(file)}], { pattern: ${JSON.stringify(PATTERN)}, workers: 0 });
      return trainBpe(counts, { vocabSize: 30_000, minFrequency: 0 });
    };
    for (let i = 0; i < ${times}; i++) await train();
    const start = process.cpuUsage();
    const { merges } = await train();${measured}
    writeFileSync(${JSON.stringify(join(folder, 'ours.json'))}, JSON.stringify(merges));`;
  const theirs = `
    import { createRequire } from 'node:module';
    const native = createRequire(${JSON.stringify(join(here, 'package.json'))})('tokenizers');
    const tokenizer = new native.Tokenizer(native.BPE.empty());
    tokenizer.setPreTokenizer(native.byteLevelPreTokenizer(false));
    const start = process.cpuUsage();
    tokenizer.train([${JSON.stringify(file)}]);${measured}
    tokenizer.save(${JSON.stringify(join(folder, 'theirs.json'))});`;
  const once = (script: string): [number, number] => {
    const output = execFileSync(
      process.execPath,
      [...process.execArgv, '--input-type=module', '-e', script],
      {
        cwd: here,
        encoding: 'utf8',
        env: { ...process.env, RAYON_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    return JSON.parse(output.trim().split('\n').at(-1) as string) as [number, number];
  };
  const turns: Record<'first' | 'again' | 'theirs', [number, number][]> = {
    first: [],
    again: [],
    theirs: [],
  };
  const runs = size <= 20e6 ? 5 : 1;
  for (let i = 0; i < runs; i++) {
    turns.first.push(once(ours(0)));
    if (!('reason' in loaded)) turns.theirs.push(once(theirs));
    if (size <= 20e6) turns.again.push(once(ours(3)));
  }
  const other = turns.theirs.length > 0;
  const reason = 'reason' in loaded ? { reason: loaded.reason } : {};
  const name = `train byte-level BPE to 30,000 tokens on ${(size / 1e6).toFixed(1)} MB`;
  const middle = (of: [number, number][], at: number) => median(of.map((turn) => turn[at]));
  for (const [sort, at, metric, unit] of [
    ['first', 0, 'CPU time', 's'],
    ['first', 1, 'peak resident memory', 'MiB'],
    ['again', 0, 'CPU time where it has trained before', 's'],
  ] as const)
    if (turns[sort].length > 0)
      report({
        metric: `${name}: ${metric}`,
        unit,
        ours: middle(turns[sort], at),
        peer: 'tokenizers (native, one thread)',
        peerValue: other ? middle(turns.theirs, at) : null,
        lowerIsBetter: true,
        runs,
        ...reason,
      });
  if (other) {
    const read = (of: string) => JSON.parse(readFileSync(join(folder, of), 'utf8'));
    const [a, b] = [read('ours.json'), read('theirs.json').model.merges] as (string | string[])[][];
    const most = Math.min(a.length, b.length);
    const equal = a.findIndex((merge, i) => i >= most || String(merge) !== String(b[i]).replace(' ', ','));
    report({
      metric: `${name}: merges that are equal`,
      unit: 'merges',
      ours: equal < 0 ? most : equal,
      peer: 'of',
      peerValue: most,
      runs: 1,
    });
  }
  rmSync(folder, { recursive: true });
}
