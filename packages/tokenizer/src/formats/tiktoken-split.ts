// A tiktoken pattern as a pre-tokenizer: the pattern, then bytes in GPT-2's alphabet.
import type { StageConfig } from '../normalizers/normalizer.ts';
import { byteLevel } from '../pre-tokenizers/byte-level.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { compilePattern } from '../scanners/compile-pattern.ts';

/** The tokenizer.json form of cutting by a pattern; or, for the 'rust' dialect of expressions without a scanner, the stage itself. */
export function sequenceOf(pattern: string): StageConfig;
export function sequenceOf(pattern: string, flavor: 'rust'): PreTokenizer;
export function sequenceOf(pattern: string, flavor?: 'rust'): StageConfig | PreTokenizer {
  const config: StageConfig = {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
  if (flavor === undefined) return config;
  const find = compilePattern(pattern, flavor);
  const bytes = byteLevel({ addPrefixSpace: false, trimOffsets: true, useRegex: false });
  return {
    config,
    split: (piece) => piece.split(find, 'Isolated').flatMap((part) => bytes.split(part)),
    cut: (piece) => piece.split(find, 'Isolated'),
  };
}
