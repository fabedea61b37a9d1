// A checkpoint written as GGUF and read back is the same model: the logits of both, for every family among the project's own cases and, where it is there,
// of the shared goldens. What a GGUF file cannot say is refused.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseBackend, loadModel, memorySink, openCheckpoint, writeGgufCheckpoint } from '@ashlar/core';
import { beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = [join(root, 'conformance/cases/models'), join(root, '../shared/goldens/models')]
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter(
    (folder) => existsSync(join(folder, 'config.json')) && existsSync(join(folder, 'model.safetensors')),
  );

// What llama.cpp fixes in its code instead of reading it from the file, and what it does not run at all.
const refused: Readonly<Record<string, RegExp>> = {
  'cohere-qk-norm': /^attention_bias: expected false/,
  'gemma2-uncapped': /^query_pre_attn_scalar: expected 16/,
  'gemma3-linear': /^final_logit_softcapping: expected null/,
  'gpt-neox-sequential': /^hidden_act: expected "gelu"/,
  'gpt2-scales': /^activation_function: expected "gelu_new"/,
  'llama-dynamic': /^rope_type: expected default, linear/,
  'llama-yarn-options': /^rope mscale: expected none/,
  'opt-post-norm': /^model_type: expected one of/,
  'phi-qk-norm': /^tensors: expected those of phi2/,
  'qwen3-moe-mixed': /^norm_topk_prob: expected true/,
  'qwen3-yarn-window': /^rope attention_factor: expected none/,
  'smollm3-window': /^no_rope_layer_interval: expected 4/,
  gemma2: /^query_pre_attn_scalar: expected 32/,
  opt: /^model_type: expected one of/,
};

beforeAll(async () => {
  await chooseBackend('cpu');
});

it.each(folders.map((folder) => [folder.split('/').at(-1)!, folder]))(
  '%s: the written file is the same model, or the setting that it cannot say is named',
  async (name, folder) => {
    const checkpoint = await openCheckpoint(folder);
    const sink = memorySink();
    const writing = writeGgufCheckpoint(sink, checkpoint, { dtype: 'F32' }).finally(() => checkpoint.close());
    if (refused[name] !== undefined) return void (await expect(writing).rejects.toThrow(refused[name]));
    await writing;
    using original = await loadModel(folder);
    using written = await loadModel(new File([sink.bytes()], 'model.gguf'));
    const ids = [3, 7, 5, 11, 2, 9, 4, 8, 6, 10, 12, 1];
    const logits = async (model: typeof original) => {
      const sequence = model.newSequence();
      const [row] = await model.step([{ sequence, ids }]);
      sequence.dispose();
      return row;
    };
    const [a, b] = [await logits(original), await logits(written)];
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(1e-4);
  },
);
