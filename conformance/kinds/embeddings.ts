// `embeddings`: an encoder checkpoint with its tokenizer; ids must be equal and each component of the vector within 5e-5.
import { embed, loadModel, type Pooling } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';
import { useBackend } from '../backends.ts';
import { type Kind, readCases, readJson } from '../case.ts';

interface EmbeddingCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly embedding: readonly number[];
}

interface Meta {
  readonly pooling: Pooling;
  readonly normalize: boolean;
}

const tolerance = 5e-5;

export const kind: Kind = {
  usesBackend: true,
  async run(group, { backend }) {
    await useBackend(backend);
    const { pooling, normalize } = (await readJson<Meta>(group, 'meta.json')) as Meta;
    const cases = await readCases<EmbeddingCase>(group);
    using model = await loadModel(group.path);
    const tokenizer = await loadTokenizer(model.assets);
    const vectors = await embed(
      model,
      cases.map((one) => one.ids),
      { pooling, normalize },
    );
    const failures: string[] = [];
    let worst = 0;
    for (const [n, { text, ids, embedding }] of cases.entries()) {
      const error = Math.max(...embedding.map((expected, i) => Math.abs(vectors[n][i] - expected)));
      if (!(error <= worst)) worst = error;
      const own = Array.from(tokenizer.encode(text));
      if (own.join() !== ids.join()) failures.push(`case ${n}: expected ids ${ids}, got ${own}`);
      else if (!(error <= tolerance))
        failures.push(`case ${n}: expected components within ${tolerance}, got ${error}`);
    }
    return { passed: cases.length - failures.length, failures, note: `max error ${worst.toExponential(1)}` };
  },
};
