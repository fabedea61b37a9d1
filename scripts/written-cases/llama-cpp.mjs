// Loads GGUF files in llama.cpp and compares its greedy ids with those of a golden case: `node scripts/written-cases/llama-cpp.mjs CASE_DIRECTORY ...`.
// Needs `npm install --no-save node-llama-cpp` (prebuilt llama.cpp); not part of CI. The file must have a vocabulary with the 256 bytes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getLlama } from 'node-llama-cpp';

function readCases(path) {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString());
  const tensor = (name) => {
    if (!(name in header)) return undefined;
    const [begin, end] = header[name].data_offsets.map((offset) => 8 + length + offset);
    const bytes = Uint8Array.from(file.subarray(begin, end));
    return Array.from(new (header[name].dtype === 'F32' ? Float32Array : Int32Array)(bytes.buffer));
  };
  const list = [];
  for (let n = 0; `${n}.ids` in header; n++)
    list.push({
      ids: tensor(`${n}.ids`),
      greedy: tensor(`${n}.greedy`).slice(0, 8),
      gap: tensor(`${n}.gap`),
    });
  return list;
}

const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', progressLogs: false });
for (const directory of process.argv.slice(2)) {
  const model = await llama.loadModel({ modelPath: join(directory, 'model.gguf'), gpuLayers: 0 });
  const context = await model.createContext({ contextSize: 128, batchSize: 128, threads: 1 });
  const sequence = context.getSequence();
  let equal = 0;
  let compared = 0;
  for (const { ids, greedy, gap } of readCases(join(directory, 'cases.safetensors'))) {
    await sequence.clearHistory();
    let input = ids;
    for (const [step, expected] of greedy.entries()) {
      if (gap !== undefined && gap[step] < 0.02) break; // too close to call
      const asked = { generateNext: { token: true, options: { temperature: 0 } } };
      const output = await sequence.controlledEvaluate([...input.slice(0, -1), [input.at(-1), asked]]);
      compared++;
      if (output.at(-1).next.token === expected) equal++;
      input = [expected];
    }
  }
  console.log(`${directory}: loaded, ${equal} of ${compared} greedy ids equal`);
  await context.dispose();
  await model.dispose();
}
process.exit(0);
