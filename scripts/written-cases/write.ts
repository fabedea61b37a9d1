// Writes the tiny checkpoint of the tests with our writers into conformance/cases/models/written-*: a sharded Hugging Face directory in F16, and GGUF files. Then
// `python scripts/written-cases/reference.py` asks transformers for logits and greedy ids, and `node scripts/written-cases/llama-cpp.mjs` asks llama.cpp.
//
//     node --conditions=@ashlar/source --import tsx scripts/written-cases/write.ts
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GgufValue, openCheckpoint, writeGgufCheckpoint, writeHuggingFace } from '@ashlar/core';
import { nodeFileSink, nodeOutputFolder } from '@ashlar/core/node';
import { tinyConfig, tinyWeights } from '../../packages/core/src/weights/tiny-checkpoint.ts';

const cases = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'conformance', 'cases', 'models');
// llama.cpp's wrapper wants a vocabulary with the 256 bytes; ids are all that counts here.
const config = { ...tinyConfig, vocab_size: 272 };
const weights = tinyWeights(config.vocab_size);
const tokens = Array.from({ length: config.vocab_size }, (_, id) =>
  id >= 3 && id < 259 ? `<0x${(id - 3).toString(16).toUpperCase().padStart(2, '0')}>` : `<t${id}>`,
);
const vocabulary = new Map<string, GgufValue>([
  ['tokenizer.ggml.model', 'llama'],
  ['tokenizer.ggml.tokens', tokens],
  ['tokenizer.ggml.scores', new Float32Array(tokens.length)],
  ['tokenizer.ggml.token_type', Int32Array.from(tokens, (_, id) => (id >= 3 && id < 259 ? 6 : 1))],
]);

const directory = join(cases, 'written-safetensors');
console.log(
  await writeHuggingFace({ config, weights }, nodeOutputFolder(directory), {
    dtype: 'F16',
    maxShardBytes: 40_000,
  }),
);
const written = await openCheckpoint(directory);
for (const dtype of ['F16', 'Q8_0', 'Q4_0'] as const) {
  const folder = join(cases, `written-gguf-${dtype.toLowerCase().replace('_', '')}`);
  await mkdir(folder, { recursive: true });
  const sink = await nodeFileSink(join(folder, 'model.gguf'));
  await writeGgufCheckpoint(sink, written, { dtype, metadata: vocabulary });
  await sink.close();
  console.log(folder);
}
await written.close();
