// The road for ids alone: chosen when the stages are a known combination, undefined otherwise. Same ids as pipeline.ts.
import type { AddedTokens, AllowedSpecial } from '../added-tokens.ts';
import { BpeModel } from '../models/bpe.ts';
import { TiktokenModel } from '../models/tiktoken.ts';
import type { StageConfig } from '../normalizers/normalizer.ts';
import type { Stages } from '../pipeline.ts';
import type { Scanner } from '../scanners/character-classes.ts';
import { gpt2Scanner } from '../scanners/gpt2-scanner.ts';
import { GPT2_PATTERN, knownScanner } from '../scanners/known-scanners.ts';
import { ByteLevelPath } from './byte-level-path.ts';
import { byteLevelTable } from './byte-level-table.ts';
import { BytePairEngine } from './byte-pair-engine.ts';

/** Encodes, counts and decodes without offsets. */
export interface FastPath {
  /** A scanner cuts, and never joins a letter with a following space or a newline with a following letter. */
  readonly hasKnownSplit: boolean;
  encode(text: string, allowed: AllowedSpecial): number[];
  /** Stops soon after `limit`. */
  count(text: string, allowed: AllowedSpecial, limit: number): number;
  /** The bytes of ids joined; `added` gives those of added tokens. */
  decode?(ids: ArrayLike<number>, added: (id: number) => Uint8Array | undefined): Uint8Array;
}

/** The fast path of a tokenizer, or undefined when its stages have none. */
export function compileFastPath(stages: Stages, added: AddedTokens): FastPath | undefined {
  const { model, normalizer, preTokenizer } = stages;
  const isNfc = normalizer !== undefined && isOnlyNfc(normalizer.config);
  if (normalizer !== undefined && !isNfc) return undefined;
  const cut = preTokenizer && byteLevelCut(preTokenizer.config);
  if (cut === undefined) return undefined;
  if (model instanceof TiktokenModel)
    return new ByteLevelPath({ ...cut, isNfc, added, engine: model.engine });
  if (!(model instanceof BpeModel)) return undefined;
  const o = model.options;
  if (o.unkToken != null || o.continuingSubwordPrefix || o.endOfWordSuffix || o.byteFallback || o.dropout)
    return undefined;
  const table = byteLevelTable(o.vocabulary, (id) => added.get(id)?.special === true);
  if (table === undefined) return undefined;
  const engine = new BytePairEngine({ table, pairs: o.merges, wholePieces: o.ignoreMerges ?? false });
  return new ByteLevelPath({ ...cut, isNfc, added, engine });
}

const isOnlyNfc = (config: StageConfig): boolean => {
  if (config.type !== 'Sequence') return config.type === 'NFC';
  const inner = config.normalizers as StageConfig[];
  return inner.length === 1 && isOnlyNfc(inner[0]);
};

/** How a byte-level pre-tokenizer cuts, if one scanner does it. */
function byteLevelCut(config: StageConfig): { scanner: Scanner; prefixSpace: boolean } | undefined {
  const parts = config.type === 'Sequence' ? (config.pretokenizers as StageConfig[]) : [config];
  const last = parts.at(-1);
  if (last?.type !== 'ByteLevel') return undefined;
  const prefixSpace = last.add_prefix_space === true;
  if (parts.length === 1 && last.use_regex) return { scanner: knownScanner(GPT2_PATTERN)!, prefixSpace };
  if (parts.length !== 2 || prefixSpace) return undefined;
  const [first] = parts;
  if (first.type === 'Digits' && first.individual_digits === true && last.use_regex)
    return { scanner: gpt2Scanner(true), prefixSpace };
  if (first.type !== 'Split' || first.behavior !== 'Isolated' || first.invert === true || last.use_regex)
    return undefined;
  const scanner = knownScanner((first.pattern as { Regex?: string }).Regex ?? '');
  return scanner && { scanner, prefixSpace };
}
