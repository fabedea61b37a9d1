import { describe, expect, it } from 'vitest';
import { joinsPairs } from './compile-kernels.ts';
import { startMachine } from './machine.ts';

const width = async (options: Parameters<typeof startMachine>[0]): Promise<number> => {
  const machine = await startMachine({ threads: 1, ...options });
  machine.dispose();
  return machine.width;
};

describe('the width of vectors', () => {
  it('is 128 unless more is asked for', async () => {
    expect(await width({})).toBe(128);
    expect(await width({ width: 128, relaxed: false })).toBe(128);
  });

  it('is 256 on request where V8 joins pairs, and refused elsewhere', async () => {
    if (joinsPairs()) expect(await width({ width: 256 })).toBe(256);
    else
      await expect(width({ width: 256 })).rejects.toThrow(
        'width: expected 128 here, got 256, which takes Node 24',
      );
  });

  it('is refused without relaxed SIMD and of any other size', async () => {
    await expect(width({ width: 256, relaxed: false })).rejects.toThrow(
      'width: expected 128 without relaxed SIMD, got 256',
    );
    await expect(width({ width: 512 as 256 })).rejects.toThrow('width: expected 128 or 256, got 512');
  });
});
