import { describe, expect, it } from 'vitest';
import { dequantize, memorySink, openCheckpoint, writeGgufCheckpoint } from '../index.ts';
import { tinyCheckpoint, tinyConfig, tinyWeights } from './tiny-checkpoint.ts';

describe('openCheckpoint in a browser', () => {
  it('reads Files; a path says that it needs Node', async () => {
    const sink = memorySink();
    await writeGgufCheckpoint(sink, { config: tinyConfig, weights: tinyWeights() }, { dtype: 'F32' });
    const files = [...(await tinyCheckpoint())].map(([name, bytes]) => new File([bytes], name));
    for (const place of [files, new File([sink.bytes()], 'a.gguf')]) {
      const checkpoint = await openCheckpoint(place);
      const name = 'model.layers.1.self_attn.q_proj.weight';
      expect(dequantize(await checkpoint.weights.read(name))).toEqual(
        dequantize(await tinyWeights().read(name)),
      );
      await checkpoint.close();
    }
    await expect(openCheckpoint('some/path')).rejects.toThrow(
      /expected Node >= 20\.16 \(in a browser pass a File/,
    );
  });
});
