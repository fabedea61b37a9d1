// The road for ids alone: chosen when the stages are a known combination, undefined otherwise. Same ids as pipeline.ts.
import type { AddedTokens, AllowedSpecial } from '../added-tokens.ts';
import { BpeModel, byteToken } from '../models/bpe.ts';
import { ScoreBpeModel } from '../models/score-bpe.ts';
import { TiktokenModel } from '../models/tiktoken.ts';
import type { StageConfig } from '../normalizers/normalizer.ts';
import type { Stages } from '../pipeline.ts';
import type { Scanner } from '../scanners/character-classes.ts';
import { gpt2Scanner } from '../scanners/gpt2-scanner.ts';
import { GPT2_PATTERN, knownScanner } from '../scanners/known-scanners.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { ByteLevelPath } from './byte-level-path.ts';
import { byteLevelTable } from './byte-level-table.ts';
import { BytePairEngine } from './byte-pair-engine.ts';
import { HardBoundaries } from './hard-boundaries.ts';
import { PiecePath } from './piece-path.ts';
import { TokenTable } from './token-table.ts';
import { visibleSpacesOf } from './visible-spaces.ts';
import { WordPath } from './word-path.ts';

/** Encodes, counts and decodes without offsets. */
export interface FastPath {
  /** A scanner cuts, and never joins a letter with a following space or a newline with a following letter. */
  readonly hasKnownSplit: boolean;
  encode(text: string, allowed: AllowedSpecial): number[];
  /** Stops soon after `limit`. */
  count(text: string, allowed: AllowedSpecial, limit: number): number;
  /** The text of the bytes of ids joined; `added` gives those of added tokens. */
  decode?(ids: ArrayLike<number>, added: (id: number) => Uint8Array | undefined): string;
}

/** The fast path of a tokenizer, or undefined when its stages have none. */
export function compileFastPath(stages: Stages, added: AddedTokens): FastPath | undefined {
  return byteLevelPath(stages, added) ?? characterPath(stages, added) ?? wordPath(stages, added);
}

function byteLevelPath(stages: Stages, added: AddedTokens): FastPath | undefined {
  const { model, normalizer, preTokenizer } = stages;
  if (preTokenizer?.cut === undefined) return undefined;
  const engine = byteLevelEngine(stages, added);
  if (engine === undefined) return undefined;
  const cut = byteLevelCut(preTokenizer.config);
  const isNfc = normalizer !== undefined && isOnlyNfc(normalizer.config);
  if (cut !== undefined && (normalizer === undefined || isNfc))
    return new ByteLevelPath({ ...cut, isNfc, added, engine });
  if (!asksForOrigin(preTokenizer.config) && (model instanceof TiktokenModel || model instanceof BpeModel)) {
    return new PiecePath({ added, engine, ...(normalizer && { normalizer }), cut: preTokenizer.cut });
  }
  return undefined;
}

/** Everything else but BPE that drops merges by itself and stages that ask where a piece stands in the text. */
function wordPath(stages: Stages, added: AddedTokens): FastPath | undefined {
  if (stages.model instanceof BpeModel && stages.model.options.dropout) return undefined;
  if (stages.preTokenizer !== undefined && asksForOrigin(stages.preTokenizer.config)) return undefined;
  return new WordPath(stages, added);
}

function byteLevelEngine({ model }: Stages, added: AddedTokens): BytePairEngine | undefined {
  if (model instanceof TiktokenModel) return model.engine;
  if (!(model instanceof BpeModel)) return undefined;
  const o = model.options;
  if (o.unkToken != null || o.continuingSubwordPrefix || o.endOfWordSuffix || o.byteFallback || o.dropout)
    return undefined;
  const table = byteLevelTable(o.vocabulary, (id) => added.get(id));
  return table && new BytePairEngine({ table, pairs: o.merges, wholePieces: o.ignoreMerges ?? false });
}

/** Vocabularies on characters with a token for every byte: SentencePiece BPE in its own form or in tokenizer.json's. */
function characterPath(stages: Stages, added: AddedTokens): FastPath | undefined {
  const { model, normalizer, preTokenizer } = stages;
  if (
    preTokenizer !== undefined &&
    preTokenizer.config.type !== 'Metaspace' &&
    preTokenizer.config.type !== 'Split'
  )
    return undefined;
  if (preTokenizer !== undefined && normalizer !== undefined && asksForOrigin(preTokenizer.config))
    return undefined;
  const engine =
    model instanceof ScoreBpeModel
      ? scoreEngine(model)
      : model instanceof BpeModel
        ? fallbackEngine(model)
        : undefined;
  if (engine === undefined) return undefined;
  return new PiecePath({
    added,
    engine: engine.engine,
    boundaries: engine.boundaries,
    ...(normalizer && { normalizer }),
    ...(preTokenizer === undefined
      ? { spaces: normalizer && visibleSpacesOf(normalizer.config) }
      : { cut: (piece) => preTokenizer.split(piece) }),
  });
}

interface CharacterEngine {
  readonly engine: BytePairEngine;
  readonly boundaries: HardBoundaries;
}

function scoreEngine(model: ScoreBpeModel): CharacterEngine | undefined {
  const { pieces, freezeUserDefined } = model.options;
  if (freezeUserDefined && pieces.some((p) => p.kind === 'user-defined')) return undefined;
  const byteFallback = byteIds((token) => pieces.findIndex((p) => p.kind === 'byte' && p.text === token));
  if (byteFallback === undefined) return undefined;
  const merging = pieces.map((p, id) => (model.rankOf[id] >= 0 ? p.text : undefined));
  const table = TokenTable.from(merging.map((text) => (text === undefined ? undefined : encodeUtf8(text))));
  return {
    engine: new BytePairEngine({ table, rankOf: model.rankOf, wholePieces: false, byteFallback }),
    boundaries: new HardBoundaries(merging.filter((text) => text !== undefined)),
  };
}

function fallbackEngine(model: BpeModel): CharacterEngine | undefined {
  const {
    vocabulary,
    merges,
    byteFallback: falls,
    continuingSubwordPrefix,
    endOfWordSuffix,
    dropout,
    ignoreMerges,
  } = model.options;
  if (!falls || continuingSubwordPrefix || endOfWordSuffix || dropout || ignoreMerges) return undefined;
  const byteFallback = byteIds((token) => vocabulary.id(token) ?? -1);
  if (byteFallback === undefined) return undefined;
  const bytes = new Set(byteFallback);
  const texts: (string | undefined)[] = [];
  for (let id = 0; id < vocabulary.limit; id++) texts.push(bytes.has(id) ? undefined : vocabulary.token(id));
  const table = TokenTable.from(texts.map((text) => (text === undefined ? undefined : encodeUtf8(text))));
  const boundaries = new HardBoundaries(merges.entries().map((rule) => vocabulary.token(rule.id) ?? ''));
  return {
    engine: new BytePairEngine({ table, pairs: merges, wholePieces: false, byteFallback }),
    boundaries,
  };
}

/** Whether a piece begins the text is asked by Metaspace's scheme 'first' and told by alignments, which the fast paths do without. */
const asksForOrigin = (config: StageConfig): boolean =>
  JSON.stringify(config).includes('"prepend_scheme":"first"');

/** The token of every byte, or undefined when one is missing. */
function byteIds(find: (token: string) => number): Int32Array | undefined {
  const ids = Int32Array.from({ length: 256 }, (_, byte) => find(byteToken(byte)));
  return ids.includes(-1) ? undefined : ids;
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
  if (first.type === 'Digits' && first.individual_digits === true && last.use_regex) {
    return { scanner: gpt2Scanner(true), prefixSpace };
  }
  if (first.type !== 'Split' || first.behavior !== 'Isolated' || first.invert === true || last.use_regex)
    return undefined;
  const scanner = knownScanner((first.pattern as { Regex?: string }).Regex ?? '');
  return scanner && { scanner, prefixSpace };
}
