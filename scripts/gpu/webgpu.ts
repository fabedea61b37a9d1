// The entry of the bundle that goes to a GPU machine (bundle-webgpu.mjs): conformance of the goldens that are given, or the bench of the webgpu executor.
//   node webgpu.mjs conformance GOLDENS/models [...]
//   node webgpu.mjs bench [--json] [--peak-gbs N] [--peak-tflops N]
import { parseArgs } from 'node:util';

const [command, ...rest] = process.argv.slice(2);
if (command === 'conformance') {
  process.argv = [...process.argv.slice(0, 2), ...rest, '--backend', 'webgpu'];
  await import('../../conformance/run.ts');
} else if (command === 'bench') {
  const { values } = parseArgs({
    args: rest,
    options: { json: { type: 'boolean' }, 'peak-gbs': { type: 'string' }, 'peak-tflops': { type: 'string' } },
  });
  const { run } = await import('../../bench/webgpu.bench.ts');
  await run((line) => {
    const { metric, ours, unit, peer, peerValue } = line;
    const share =
      peerValue === null
        ? ''
        : `, ${peer} ${peerValue.toPrecision(4)} ${unit}, ratio ${(ours / peerValue).toFixed(3)}`;
    console.log(values.json ? JSON.stringify(line) : `${metric}: ${ours.toPrecision(4)} ${unit}${share}`);
  }, values);
  process.exit(0);
} else {
  console.error('webgpu: expected conformance DIR... or bench');
  process.exit(2);
}
