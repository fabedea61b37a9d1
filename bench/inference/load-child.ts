// `load-child.ts ours|theirs FILE`: loads one model in a process of its own and prints what that took, as JSON: seconds, and the process's peak RSS in MB, both
// after one token.
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
console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
