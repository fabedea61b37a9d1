// `docs/compatibility.md` from the tables that the library itself reads, so that the page cannot promise what the code does not know. Stages of tokenizer.json are asked one by one:
// the list of names is that of Hugging Face `tokenizers`; a reader that answers "is not known" leaves its name out.
//   node --conditions=@ashlar/source --import tsx scripts/compatibility.ts [--write]   (without --write it prints the page)
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toolFormats } from '@ashlar/tools';
import { backendNames } from '../packages/core/src/backends/backend.ts';
import { families } from '../packages/core/src/models/families.ts';
import { integerKindOf, mayBeHalf } from '../packages/core/src/runtime/simd/packed-layout.ts';
import { kindOf } from '../packages/core/src/runtime/webgpu/weight-kind.ts';
import { configTables } from '../packages/core/src/weights/formats/gguf/config-tables.ts';
import { blockDtypes } from '../packages/core/src/weights/quantization/block-format.ts';
import type { WrittenDtype } from '../packages/core/src/weights/quantization/quantize.ts';
import { ggufPreTokenizerNames } from '../packages/tokenizer/src/formats/gguf-pre-tokenizers.ts';
import { modelFromJson } from '../packages/tokenizer/src/formats/model-from-json.ts';
import {
  decoderFromJson,
  normalizerFromJson,
  postProcessorFromJson,
  preTokenizerFromJson,
} from '../packages/tokenizer/src/formats/stages-from-json.ts';

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function familyRows(): Row[] {
  const byModelType = new Map<string, string[]>();
  for (const [architecture, entry] of Object.entries(configTables))
    if (entry !== undefined)
      byModelType.set(entry.modelType, [...(byModelType.get(entry.modelType) ?? []), architecture]);
  return families.map((family) => [
    family.name,
    family.encoder === true ? 'encoder' : 'decoder',
    code(family.modelTypes),
    code(family.modelTypes.flatMap((type) => byModelType.get(type) ?? [])),
  ]);
}

const plain = ['F32', 'F16', 'BF16', 'F64', 'F8_E4M3', 'F8_E5M2', 'I8', 'U8'] as const;
const written: Readonly<Record<WrittenDtype, true>> = {
  F32: true,
  F16: true,
  BF16: true,
  Q8_0: true,
  Q4_0: true,
};

function dtypeRows(): Row[] {
  return [...plain, ...blockDtypes].map((dtype) => {
    const integers = integerKindOf[dtype];
    const onSimd = integers !== undefined || ['F32', 'BF16'].includes(dtype) || mayBeHalf(dtype);
    return [
      `\`${dtype}\``,
      dtype in written ? 'read, written' : 'read',
      onSimd ? 'packed' : 'float32',
      kindOf(dtype, 256) === undefined ? 'float32' : 'packed',
    ];
  });
}

type Reader = (stage: never) => unknown;

/** Names that a reader of stages knows: every other error than "is not known" comes from fields that this question leaves out. */
function known(read: Reader, names: readonly string[]): string[] {
  return names.filter((type) => {
    try {
      read({ type } as never);
      return true;
    } catch (error) {
      return !/is not known|expected one of/.test((error as Error).message);
    }
  });
}

const stages: readonly (readonly [string, Reader, readonly string[]])[] = [
  [
    'normalizers',
    normalizerFromJson,
    [
      'BertNormalizer',
      'ByteLevel',
      'Lowercase',
      'NFC',
      'NFD',
      'NFKC',
      'NFKD',
      'Nmt',
      'Precompiled',
      'Prepend',
      'Replace',
      'Sequence',
      'Strip',
      'StripAccents',
    ],
  ],
  [
    'pre-tokenizers',
    preTokenizerFromJson,
    [
      'BertPreTokenizer',
      'ByteLevel',
      'CharDelimiterSplit',
      'Digits',
      'FixedLength',
      'Metaspace',
      'Punctuation',
      'Sequence',
      'Split',
      'UnicodeScripts',
      'Whitespace',
      'WhitespaceSplit',
    ],
  ],
  ['models', modelFromJson, ['BPE', 'Unigram', 'WordPiece', 'WordLevel']],
  [
    'post-processors',
    postProcessorFromJson,
    ['BertProcessing', 'ByteLevel', 'RobertaProcessing', 'Sequence', 'TemplateProcessing'],
  ],
  [
    'decoders',
    decoderFromJson,
    [
      'BPEDecoder',
      'ByteFallback',
      'ByteLevel',
      'CTC',
      'Fuse',
      'Metaspace',
      'Replace',
      'Sequence',
      'Strip',
      'WordPiece',
    ],
  ],
];

/** The page as Markdown. */
export function compatibilityPage(): string {
  const count = (kind: string): number => familyRows().filter((row) => row[1] === kind).length;
  const parts = [
    '# What Ashlar reads',
    'Made by `scripts/compatibility.ts` from the tables in the code; a test keeps it current. What each entry was checked against: `conformance/` and the golden cases.',
    '## Model families',
    `${count('decoder')} kinds of decoder and ${count('encoder')} of encoder, one entry of data each. \`model_type\` is that of config.json, the architecture that of a GGUF file; llama2.c's \`.bin\` is a Llama.`,
    table(['family', 'is', '`model_type`', 'GGUF architecture'], familyRows()),
    'Another architecture is an `UnknownArchitectureError` that lists these names. Keys of a configuration that would change the maths and are not implemented are refused by name.',
    '## Types of weights',
    'Every type is unpacked bit for bit as the reference does. "Packed": the executor multiplies with the stored bytes (or an exact rearrangement); "float32": they are unpacked on loading.',
    table(['type', 'files', 'simd', 'webgpu'], dtypeRows()),
    'The other backends and the composite path (training, hooks) work in float32 tensors. safetensors (one file or sharded), GGUF v1 to v3 (one file or split), llama2.c v0 to v2.',
    '## Tokenizers',
    table(
      ['stage of tokenizer.json', 'types'],
      stages.map(([name, read, names]) => [name, code(known(read, names))]),
    ),
    `Other files: tiktoken ranks (patterns of gpt2, r50k, p50k, cl100k, o200k), SentencePiece \`.model\`, Tekken, \`vocab.json\` + \`merges.txt\`, \`vocab.txt\`, llama2.c's \`tokenizer.bin\`, GGUF vocabularies. Written: tokenizer.json, tiktoken ranks, \`tokenizer.bin\`.`,
    `\`tokenizer.ggml.pre\` of GGUF files: ${code([...ggufPreTokenizerNames()].sort())}.`,
    '## Formats of tool calls',
    code([...toolFormats.keys()]),
    '## Backends',
    `${code(backendNames)}; in Node all but \`webgl\`, in pages all but \`tensorflow\`. The plan's fused executors run on \`simd\` and \`webgpu\`, the composite path on every one.`,
  ];
  return `${parts.join('\n\n')}\n`;
}

const page = fileURLToPath(new URL('../docs/compatibility.md', import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) writeFileSync(page, compatibilityPage());
  else process.stdout.write(compatibilityPage());
}
