import { describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../backends/errors.ts';
import { checkRoom } from './load-simd-model.ts';

const gib = 2 ** 30;

describe('the room of a model on simd', () => {
  it('is checked before anything is read: a model beyond 4 GiB names its need and the room', () => {
    const load = () =>
      checkRoom(
        { maximumBytes: 4 * gib, liveBytes: gib / 2 },
        { weights: 4 * gib, buffers: gib / 4, page: 2 ** 20 },
      );
    expect(load).toThrow(OutOfMemoryError);
    expect(load).toThrow(
      /at most 3\.50 GiB .* need 4\.25 GiB: weights 4\.00 GiB, buffers 256 MiB, .* 1\.00 MiB/,
    );
  });

  it('lets a model in that just fits', () => {
    expect(() =>
      checkRoom(
        { maximumBytes: 4 * gib, liveBytes: gib },
        { weights: 2 * gib, buffers: gib / 2, page: gib / 2 },
      ),
    ).not.toThrow();
  });
});
