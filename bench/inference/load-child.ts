// `load-child.ts ours|theirs FILE`: loads one model in a process of its own and prints what that took, as JSON: seconds, and the process's peak RSS in MB, both
// after one token.
import { existsSync, readFileSync } from 'node:fs';
import { chooseBackend, loadModel } from '@ashlar/core';
import { openNodeLlama } from './node-llama.ts';

const [side, file] = process.argv.slice(2) as ['ours' | 'theirs', string];
let seconds: number;
if (side === 'ours') {
  await chooseBackend('simd');
  const start = performance.now();
  const model = await loadModel(file);
  seconds = (performance.now() - start) / 1000;
  using sequence = model.newSequence();
  await model.step([{ sequence, ids: [1000] }]);
} else {
  const llama = await openNodeLlama(file);
  if ('reason' in llama) throw new Error(llama.reason);
  seconds = llama.loadSeconds;
  await llama.decode(1);
}
console.log(JSON.stringify({ seconds, peak: peakMegabytes() }));
process.exit(0);

/** Linux: VmHWM, which begins anew with the program; `maxRSS` there keeps what the bench had grown to when it started this process. */
function peakMegabytes(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes)) / 1024;
}
