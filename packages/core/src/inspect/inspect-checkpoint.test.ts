import { describe, expect, it } from 'vitest';
import { writeGgufCheckpoint } from '../weights/formats/gguf/write-gguf-checkpoint.ts';
import { openCheckpoint } from '../weights/open-checkpoint.ts';
import { tinyCheckpoint, tinyConfig, tinyWeights } from '../weights/tiny-checkpoint.ts';
import { memorySink } from '../weights/write/byte-sink.ts';
import { formatTable } from './format-table.ts';
import { inspectCheckpoint } from './inspect-checkpoint.ts';

const open = async () =>
  openCheckpoint([...(await tinyCheckpoint())].map(([name, bytes]) => new File([bytes], name)));

describe('inspectCheckpoint', () => {
  it('prints config, types, tensors and memory', async () => {
    const text = inspectCheckpoint(await open(), { contextTokens: 32 });
    expect(text).toContain('  architecture  llama\n');
    expect(text).toContain('  hidden_size              32\n');
    expect(text).toMatch(/F32 {2}21 tensors {2}.*32\.00 bits {2}100\.0 % {2}#{30}\n/);
    expect(text).toMatch(/model\.embed_tokens\.weight +F32 {2}\[40, 32\] +5\.00 KiB\n/);
    expect(text).toContain('... 9 more (--tensors lists all)');
    expect(text).toMatch(/cache of 32 tokens +8\.00 KiB/);
    expect(inspectCheckpoint(await open(), { allTensors: true })).toContain('lm_head.weight');
  });

  it('a hostile file writes no escape sequence to the terminal', async () => {
    const sink = memorySink();
    const metadata = new Map([
      ['general.name\u001b[31m', '\u001b]0;title\u0007\u202e'],
      ['list', 'x'],
    ]);
    await writeGgufCheckpoint(sink, { config: tinyConfig, weights: tinyWeights() }, { metadata });
    const checkpoint = await openCheckpoint(new File([sink.bytes()], 'a.gguf'));
    const text = inspectCheckpoint(checkpoint);
    expect(text).toContain('general.name?[31m');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    await expect(openCheckpoint(new File([new Uint8Array(4)], '\u001b[2J.gguf'))).rejects.toThrow(
      /got \?\[2J\.gguf/,
    );
  });

  it('an architecture without a family is said in place of the memory', async () => {
    const checkpoint = await open();
    const other = { ...checkpoint, config: { ...checkpoint.config, model_type: 'unheard' } };
    expect(inspectCheckpoint(other)).toMatch(/memory\n {2}not known {2}.*unheard/);
  });
});

describe('formatTable', () => {
  it('aligns text to the left and sizes to the right', () => {
    expect(
      formatTable([
        ['a', '1.00 KiB', 'x'],
        ['long', '10 B', ''],
      ]),
    ).toBe('  a     1.00 KiB  x\n  long      10 B');
  });
});
