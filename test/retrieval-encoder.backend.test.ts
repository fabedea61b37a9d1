// Retrieval with core's encoder: the tool's exact search over a real text encoder gives the order of the cosines of its vectors, and cites.
import '@tensorflow/tfjs-backend-cpu';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { embed, loadModel } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';
import { createIndex, type Embed, retrievalTool } from '@ashlar/tools/retrieval';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

const place = fileURLToPath(new URL('../../shared/goldens/embeddings/bert-mean', import.meta.url));

describe.skipIf(!existsSync(place))('retrieval by core’s encoder', () => {
  it('ranks by the cosines of the encoder’s vectors, alone and fused with words', async () => {
    await tf.setBackend('cpu');
    using model = await loadModel(place);
    const tokenizer = await loadTokenizer(model.assets);
    const vectorsOf: Embed = async (texts) =>
      embed(
        model,
        texts.map((text) => tokenizer.encode(text)),
        { pooling: 'mean', normalize: true },
      );
    const texts = ['The stone wall.', 'A loaf of bread.', 'Blocks without mortar.', 'the stone bread wall'];
    const index = createIndex({ embed: vectorsOf });
    await index.add(texts.map((text, i) => ({ id: `doc${i}`, text })));
    const query = 'the stone wall';
    const [asked, ...vectors] = await vectorsOf([query, ...texts]);
    const cosine = (i: number): number => asked!.reduce((sum, x, j) => sum + x * vectors[i]![j]!, 0);
    const order = [0, 1, 2, 3].sort((a, b) => cosine(b) - cosine(a)).map((i) => `doc${i}`);
    const found = await index.query(query, { by: 'vectors' });
    expect(found.map((p) => p.source)).toEqual(order);
    const both = await index.query(query, { by: 'both', limit: 2 });
    expect(both.map((p) => p.source)).toContain('doc0');
    const context = { signal: new AbortController().signal, callId: 'c', idempotencyKey: 'k', progress() {} };
    const answer = await retrievalTool(index).run({ query }, context);
    expect(answer).toMatchObject({ text: expect.stringMatching(/^\[1\] doc\d \(doc\d, 0-\d+\)\n/) });
  });
});
