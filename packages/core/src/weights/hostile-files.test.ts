// Mutations of real files. A reader either throws a CheckpointError or reads tensors that lie within the file; it never asks for more bytes than the file
// has, never throws anything else, and closes what it opened. 12,000 mutations of files of our own writers and, when they are there, of the goldens.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from './bytes/byte-source.ts';
import { checkRange } from './bytes/byte-source.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { type GgufValue, writeGguf } from './formats/gguf/write-gguf.ts';
import { writeGgufCheckpoint } from './formats/gguf/write-gguf-checkpoint.ts';
import { tinyLlama2c } from './formats/llama2c/tiny-llama2c.ts';
import { tensorByteLength } from './formats/tensor-size.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { dequantize } from './quantization/dequantize.ts';
import { tinyCheckpoint, tinyConfig, tinyWeights } from './tiny-checkpoint.ts';
import { memorySink } from './write/byte-sink.ts';

type Files = ReadonlyMap<string, Uint8Array>;

/** Opens, reads everything and checks the books. Returns what the outcome was. */
async function survive(files: Files): Promise<'read' | 'refused'> {
  let open = 0;
  const source = (name: string, bytes: Uint8Array): ByteSource => {
    open++;
    const self = {
      name,
      size: bytes.byteLength,
      read: async (offset: number, length: number) => {
        checkRange(self, offset, length);
        return bytes.slice(offset, offset + length);
      },
      close: async () => {
        open--;
      },
    };
    return self;
  };
  const total = [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
  const folder = {
    name: 'mutated',
    list: async () => [...files.keys()],
    open: async (name: string) => {
      const bytes = files.get(name);
      return bytes && source(name, bytes);
    },
  };
  let checkpoint: Checkpoint;
  try {
    checkpoint = await openCheckpoint(folder);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    expect(error.message).toMatch(/: expected .*, got /s);
    expect(open).toBe(0);
    return 'refused';
  }
  // What has been opened can be read: all claims are checked by then.
  let sum = 0;
  for (const [name, entry] of checkpoint.weights.tensors) {
    const tensor = await checkpoint.weights.read(name);
    expect(tensor.bytes.byteLength).toBe(entry.byteLength);
    expect(tensorByteLength('', '', tensor.dtype, tensor.shape)).toBe(entry.byteLength);
    sum += tensor.bytes.byteLength;
    dequantize(tensor);
  }
  expect(sum).toBeLessThanOrEqual(total * 4); // F16 norms of gemma may become F32
  await checkpoint.close();
  expect(open).toBe(0);
  return 'read';
}

const lies = [
  0n,
  1n,
  2n,
  7n,
  255n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 32n,
  2n ** 40n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** Positions are drawn towards the header, which is where the claims are. */
const at = fc.oneof(fc.nat(64), fc.nat(4096), fc.nat(1 << 20));
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(at, fc.nat(255)).map(
      ([p, v]): Mutation =>
        (b) =>
          set(b, p, Uint8Array.of(v)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(at, fc.nat(7)).map(
      ([p, bit]): Mutation =>
        (b) =>
          set(b, p, Uint8Array.of((b[p % b.length] ?? 0) ^ (1 << bit))),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(at, fc.constantFrom(...lies), fc.constantFrom(4, 8)).map(
      ([p, lie, width]): Mutation =>
        (b) =>
          set(b, p, number(lie, width)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(1 << 20).map(
      (n): Mutation =>
        (b) =>
          b.slice(0, n % (b.length + 1)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 64 }).map(
      (tail): Mutation =>
        (b) =>
          join(b, tail),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(at, fc.nat(64)).map(
      ([p, n]): Mutation =>
        (b) =>
          join(b.slice(0, p % b.length), b.slice((p % b.length) + n)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(at, at, fc.nat(128)).map(
      ([p, q, n]): Mutation =>
        (b) =>
          set(b, p, b.slice(q % b.length, (q % b.length) + n)),
    ),
  },
);
const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });

function set(bytes: Uint8Array, position: number, part: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const copy = bytes.slice();
  const start = position % bytes.length;
  copy.set(part.subarray(0, bytes.length - start), start);
  return copy;
}

function number(value: bigint, width: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes.subarray(0, width);
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

const one = (name: string, bytes: Uint8Array): Files => new Map([[name, bytes]]);

async function tinyGguf(
  dtype: 'F32' | 'Q8_0' | 'Q4_0',
  config: Record<string, unknown> = tinyConfig,
): Promise<Files> {
  const sink = memorySink();
  const metadata = new Map<string, GgufValue>([
    ['tokenizer.ggml.model', 'llama'],
    ['tokenizer.ggml.tokens', ['<unk>', '<s>', '</s>', 'stone', '\u2581wall']],
    ['tokenizer.ggml.scores', new Float32Array(5)],
    ['tokenizer.ggml.token_type', Int32Array.of(2, 3, 3, 1, 1)],
    ['tokenizer.ggml.add_bos_token', true],
  ] as const);
  await writeGgufCheckpoint(sink, { config, weights: tinyWeights() }, { dtype, metadata });
  return one('model.gguf', sink.bytes());
}

async function splitGguf(): Promise<Files> {
  const parts: [string, Uint8Array][] = [];
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  for (const n of [0, 1]) {
    const sink = memorySink();
    const metadata = new Map<string, string | number>([
      ['split.no', n],
      ['split.count', 2],
      ['split.tensors.count', 2],
      ['general.architecture', 'none'],
    ]);
    await writeGguf(sink, metadata, [
      { name: `tensor${n}`, dtype: 'F32', shape: [2, 2], byteLength: 16, read: async () => bytes },
    ]);
    parts.push([`a-0000${n + 1}-of-00002.gguf`, sink.bytes()]);
  }
  return new Map(parts);
}

async function sharded(): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  const { writeHuggingFace } = await import('./write/write-hugging-face.ts');
  const folder = {
    create: async (file: string) => {
      const sink = memorySink();
      return { ...sink, close: async () => void files.set(file, sink.bytes()) };
    },
  };
  await writeHuggingFace({ config: tinyConfig, weights: tinyWeights() }, folder, {
    maxShardBytes: 20000,
    dtype: 'F16',
  });
  return files;
}

const shared = fileURLToPath(new URL('../../../../../shared/goldens/models/', import.meta.url));
const golden = (path: string): [string, number, () => Promise<Files>][] =>
  existsSync(shared + path)
    ? [[`golden ${path}`, 150, async () => one(path.replace(/.*\//, ''), readFileSync(shared + path))]]
    : [];

const subjects: [string, number, () => Promise<Files>][] = [
  ['safetensors', 2500, tinyCheckpoint],
  ['sharded safetensors', 1000, sharded],
  ['GGUF F32', 2000, () => tinyGguf('F32')],
  ['GGUF Q8_0', 1500, () => tinyGguf('Q8_0')],
  [
    'GGUF Q4_0 of a gemma',
    1500,
    () => tinyGguf('Q4_0', { ...tinyConfig, model_type: 'gemma', hidden_act: 'gelu_pytorch_tanh' }),
  ],
  ['split GGUF', 1000, splitGguf],
  ['llama2.c v0', 800, async () => one('model.bin', await tinyLlama2c(0))],
  ['llama2.c v1', 800, async () => one('model.bin', await tinyLlama2c(1))],
  ['llama2.c v2', 900, async () => one('model.bin', await tinyLlama2c(2))],
  ...golden('gguf-llama-q4km/model.gguf'),
  ...golden('gguf-qwen3-q41/model.gguf'),
  ...golden('gguf-gemma2-f16/model.gguf'),
  ...golden('stories260K-llama2c/model.bin'),
];

describe('hostile files', () => {
  it.each(subjects)('%s: %i mutations are read within bounds or refused', async (_, runs, make) => {
    const files = await make();
    expect(await survive(files)).toBe('read');
    const outcomes = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat(files.size - 1), mutations, async (which, changes) => {
        const name = [...files.keys()][which];
        const mutated = changes.reduce<Uint8Array>(
          (bytes, change) => change(bytes),
          new Uint8Array(files.get(name)!),
        );
        outcomes[await survive(new Map([...files, [name, mutated]]))]++;
      }),
      { numRuns: runs },
    );
    expect(outcomes.refused).toBeGreaterThan(runs / 20);
  });

  // The header's JSON with one value replaced, which random bytes seldom reach.
  it('safetensors: every value of the header can lie', async () => {
    const files = await tinyCheckpoint();
    const bytes = files.get('model.safetensors')!;
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      Record<string, unknown>
    >;
    const names = Object.keys(header);
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        -1,
        0,
        0.5,
        1e308,
        2 ** 53,
        2 ** 53 - 1,
        2 ** 31,
        null,
        true,
        '',
        'F32',
        'Q4_0',
        'toString',
        [],
        {},
        [1, 2, 3],
        [-4, 4],
        [0, 1e300],
        [[0], [4]],
      ),
      fc.array(fc.constantFrom<unknown>(0, 1, 32, 1024, 2 ** 26, 2 ** 31, 2 ** 52, '8', null), {
        maxLength: 10,
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.constantFrom('dtype', 'shape', 'data_offsets', 'other', ''),
        value,
        async (name, key, lie) => {
          const changed = { ...header, [name]: key === '' ? lie : { ...header[name], [key]: lie } };
          const json = new TextEncoder().encode(JSON.stringify(changed));
          const mutated = join(join(number(BigInt(json.byteLength), 8), json), bytes.subarray(8 + length));
          await survive(new Map([...files, ['model.safetensors', mutated]]));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('GGUF: empty tensors with 2^40 rows are read at once', async () => {
    const empty = (name: string, shape: number[]) =>
      ({ name, dtype: 'F32', shape, byteLength: 0, read: async () => new Uint8Array(0) }) as const;
    for (const [architecture, name] of [
      ['llama', 'blk.0.attn_q.weight'],
      ['gpt2', 'blk.0.ffn_up.weight'],
      ['gemma', 'blk.0.attn_norm.weight'],
      ['mixtral', 'blk.0.ffn_up_exps.weight'],
    ]) {
      const sink = memorySink();
      const keys = {
        block_count: 1,
        embedding_length: 8,
        'attention.head_count': 2,
        expert_count: architecture === 'mixtral' ? 2 : 0,
        expert_used_count: 1,
      };
      const arch = architecture.replace('mixtral', 'llama');
      const metadata = new Map<string, string | number>([
        ['general.architecture', arch],
        ...Object.entries(keys).map(([key, value]) => [`${arch}.${key}`, value] as const),
      ]);
      await writeGguf(sink, metadata, [empty(name, [2 ** 40, 0])]);
      await survive(one('model.gguf', sink.bytes()));
    }
  });
});
