// Kind `tokenizers`: ids, type ids, offsets and decodings of published and reference tokenizers.
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadTokenizer, offsetsInCodePoints, readGgufMetadata, type Tokenizer } from '@ashlar/tokenizer';
import { type CaseGroup, type GroupResult, type Kind, readCases, readJson } from '../case.ts';

interface Meta {
  readonly checkpoint?: string;
  readonly pattern?: string;
  readonly specialTokens?: Record<string, number>;
}

interface Case {
  readonly text: string;
  readonly pair?: string;
  readonly ids: readonly number[];
  readonly typeIds?: readonly number[];
  readonly offsets?: readonly (readonly [number, number])[];
  readonly addSpecialTokens?: boolean;
  readonly allowedSpecial?: 'all' | 'none';
  readonly decoded?: string | null;
  readonly decodedSkippingSpecial?: string | null;
}

async function run(group: CaseGroup): Promise<GroupResult> {
  const { tokenizer, isReference } = await load(group);
  const cases = await readCases<Case>(group);
  const failures: string[] = [];
  for (const [i, item] of cases.entries()) {
    const wrong = check(tokenizer, item, isReference);
    if (wrong !== undefined) failures.push(`case ${i} ${JSON.stringify(item.text.slice(0, 60))}: ${wrong}`);
  }
  return { passed: cases.length - failures.length, failures };
}

function check(tokenizer: Tokenizer, item: Case, isReference: boolean): string | undefined {
  const options = {
    addSpecialTokens: item.addSpecialTokens ?? true,
    allowedSpecial: item.allowedSpecial ?? (isReference ? 'all' : 'none'),
    ...(item.pair === undefined ? {} : { pair: item.pair }),
  } as const;
  const detailed = tokenizer.encodeDetailed(item.text, options);
  const differs = (name: string, want: unknown, got: unknown) => {
    const [a, b] = [JSON.stringify(want), JSON.stringify(got)];
    return a === b ? undefined : `${name}: expected ${a.slice(0, 300)}, got ${b.slice(0, 300)}`;
  };
  const decoded = item.decoded === undefined ? item.text : item.decoded;
  return (
    differs('ids', item.ids, tokenizer.encode(item.text, options)) ??
    differs('detailed ids', item.ids, detailed.ids) ??
    (item.typeIds && differs('type ids', item.typeIds, detailed.typeIds)) ??
    (item.offsets && differs('offsets', item.offsets, offsetsInCodePoints(item.text, detailed.offsets))) ??
    (decoded === null ? undefined : differs('decoded', decoded, tokenizer.decode(item.ids))) ??
    (item.decodedSkippingSpecial == null
      ? undefined
      : differs(
          'decoded skipping special',
          item.decodedSkippingSpecial,
          tokenizer.decode(item.ids, { skipSpecialTokens: true }),
        ))
  );
}

async function load(group: CaseGroup): Promise<{ tokenizer: Tokenizer; isReference: boolean }> {
  const meta = (await readJson<Meta>(group, 'meta.json')) ?? {};
  const at = meta.checkpoint === undefined ? group.path : join(group.path, meta.checkpoint);
  const isFile = meta.checkpoint !== undefined && /\.\w+$/.test(meta.checkpoint);
  const gguf = isFile ? at : join(at, 'vocab.gguf');
  if (/\.gguf$/.test(gguf) && existsSync(gguf)) {
    return {
      tokenizer: await loadTokenizer({ format: 'gguf', file: absent, metadata: await metadataOf(gguf) }),
      isReference: false,
    };
  }
  const file = async (name: string): Promise<Uint8Array | undefined> => {
    if (name === 'meta.json' && meta.pattern !== undefined)
      return new TextEncoder().encode(JSON.stringify(meta));
    const path = isFile && at.endsWith(name) ? at : join(at, name);
    return existsSync(path) ? readFile(path) : undefined;
  };
  const format = (await file('tokenizer.bin')) !== undefined ? 'llama2c' : 'huggingface';
  return {
    tokenizer: await loadTokenizer({ format, file }),
    isReference: existsSync(join(at, 'tokenizer.json')),
  };
}

const absent = async (): Promise<undefined> => undefined;

/** The key-values at the beginning of a GGUF file: as much of it as they need is read. */
async function metadataOf(path: string): Promise<ReadonlyMap<string, unknown>> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    for (let length = Math.min(size, 4 << 20); ; length = Math.min(size, length * 2)) {
      const bytes = new Uint8Array(length);
      await handle.read(bytes, 0, length, 0);
      try {
        return readGgufMetadata(bytes);
      } catch (error) {
        if (!(error instanceof RangeError) || length === size) throw error;
      }
    }
  } finally {
    await handle.close();
  }
}

export const kind: Kind = { run };
