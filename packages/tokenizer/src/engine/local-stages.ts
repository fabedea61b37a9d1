// Whether a text may be cut at a single space between two printable ASCII characters before any stage has seen it: when no normaliser looks across such
// a place and the pre-tokenizer cuts there anyway, so that the parts, each with the space before it, become the tokens that the whole becomes.
import { AlignedText } from '../aligned-text.ts';
import type { Normalizer, StageConfig } from '../normalizers/normalizer.ts';
import type { Stages } from '../pipeline.ts';

export function areStagesLocal({ normalizer, preTokenizer }: Stages): boolean {
  if (preTokenizer === undefined) return false;
  const cutters = list(preTokenizer.config, 'pretokenizers');
  if (!cutters.every(isLocalSplit) || !cutters.some(cutsAtSpaces)) return false;
  if (normalizer === undefined) return true;
  return list(normalizer.config, 'normalizers').every(isLocalChange) && keepsPrintable(normalizer);
}

const list = (config: StageConfig, key: string): StageConfig[] =>
  config.type === 'Sequence' ? (config[key] as StageConfig[]).flatMap((inner) => list(inner, key)) : [config];

/** By characters or clusters of them; a space begins a cluster, and printable ASCII does not join it. */
const BY_CHARACTER: ReadonlySet<string> = new Set([
  ...['BertNormalizer', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt', 'Precompiled'],
]);

function isLocalChange(config: StageConfig): boolean {
  if (BY_CHARACTER.has(config.type)) return true;
  if (config.type === 'Strip') return config.strip_left === false;
  if (config.type !== 'Replace') return false;
  const { String: text, Regex: regex } = config.pattern as {
    readonly String?: string;
    readonly Regex?: string;
  };
  // Two or more spaces are never where a text is cut, nor is a literal without a space behind its beginning.
  if (regex !== undefined) return regex === ' {2,}';
  return text !== undefined && text !== '' && !text.includes(' ', 1);
}

function isLocalSplit(config: StageConfig): boolean {
  if (config.type === 'Punctuation') return config.behavior === 'Isolated' || config.behavior === 'Removed';
  return config.type === 'Digits' || cutsAtSpaces(config);
}

function cutsAtSpaces(config: StageConfig): boolean {
  if (config.type === 'Metaspace') return config.split === true && config.prepend_scheme !== 'first';
  return ['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit'].includes(config.type);
}

/** Neither a space nor a printable character may turn into something that another stage takes for the other kind. */
function keepsPrintable(normalizer: Normalizer): boolean {
  const shown = (text: string): string => {
    const part = AlignedText.from(text, false);
    normalizer.normalize(part);
    return part.value;
  };
  for (let c = 0x21; c < 0x7f; c++) {
    const char = String.fromCharCode(c);
    if (!/^[\x21-\x7e]$/.test(shown(char))) return false;
  }
  return shown('a a') === 'a a' || shown('a a') === 'A A';
}
