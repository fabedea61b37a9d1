// The special tokens of a GGUF vocabulary as llama.cpp finds them (llama-vocab.cpp): ids of tokenizer.ggml.*_token_id, the ones that a kind of vocabulary has without
// them, and ends of turn, of message and of generation by their text.
import type { ScorePiece } from '../models/score-bpe.ts';

type Metadata = ReadonlyMap<string, unknown>;

/** The ids that a vocabulary names. */
export interface GgufSpecialIds {
  readonly bos?: number;
  readonly eos?: number;
  readonly eot?: number;
  readonly eom?: number;
  readonly unk?: number;
  readonly sep?: number;
  readonly pad?: number;
  readonly cls?: number;
  readonly mask?: number;
}

/** The ids, what ends a generation (the end of text first), and the texts that templates call by name. */
export interface GgufSpecialTokens {
  readonly ids: GgufSpecialIds;
  readonly ends: readonly number[];
  readonly named: Readonly<Record<string, string>>;
}

/** Keys of ids behind `tokenizer.ggml.`; the later spelling is the right one, llama.cpp writes the first. */
const KEYS: Readonly<Record<keyof GgufSpecialIds, readonly string[]>> = {
  bos: ['bos'],
  eos: ['eos'],
  eot: ['eot'],
  eom: ['eom'],
  unk: ['unknown'],
  sep: ['seperator', 'separator'],
  pad: ['padding'],
  cls: ['cls'],
  mask: ['mask'],
};

/** What counts where a file has no key. llama.cpp's 11 for both ends of byte-level BPE is Falcon's and some comma elsewhere: not taken over. */
const DEFAULTS: Readonly<Record<string, GgufSpecialIds>> = {
  llama: { bos: 1, eos: 2, unk: 0 },
  bert: { bos: 101, unk: 100, sep: 102, pad: 0, mask: 103 },
  t5: { eos: 1, unk: 2, pad: 0 },
};

const ENDS_OF_TURN = [
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '<\uff5cend\u2581of\u2581sentence\uff5c>',
  '<end_of_utterance>',
];
/** Padding, repository and file of code models, which llama.cpp takes for ends as well. */
const CODE_ENDS: readonly (readonly [keys: readonly string[], texts: readonly string[]])[] = [
  [['fim_pad'], ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]']],
  [['fim_rep'], ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>']],
  [['fim_sep'], ['<|file_sep|>']],
];
const ENDS = [
  ...ENDS_OF_TURN,
  ...['<|eom_id|>', '<|return|>', '<|call|>', '<|flush|>', '<|calls|>', '</s>', '[EOS]', '<eos>', '<turn|>'],
  ...['<|tool_response>', '[e~['],
];

/** Texts that are control tokens whatever their type says: llama.cpp corrects files that call them ordinary. */
export const controlTexts: ReadonlySet<string> = new Set([
  ...ENDS,
  ...CODE_ENDS.flatMap(([, texts]) => texts),
]);

/** Throws nothing: an id beyond the vocabulary counts as absent, as in llama.cpp. */
export function ggufSpecialTokens(
  metadata: Metadata,
  kind: string,
  pieces: readonly ScorePiece[],
): GgufSpecialTokens {
  const inside = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < pieces.length
      ? value
      : undefined;
  const given = (names: readonly string[]): number | undefined => {
    for (const name of names) {
      const id = inside(metadata.get(`tokenizer.ggml.${name}_token_id`));
      if (id !== undefined) return id;
    }
    return undefined;
  };
  const ids: { -readonly [K in keyof GgufSpecialIds]: GgufSpecialIds[K] } = {};
  for (const name of Object.keys(KEYS) as (keyof GgufSpecialIds)[]) {
    const id = given(KEYS[name]) ?? inside(DEFAULTS[kind]?.[name]);
    if (id !== undefined) ids[name] = id;
  }
  if (kind === 'bert') ids.cls ??= ids.bos;
  const byText = new Map<string, number>();
  for (const [id, { text }] of pieces.entries()) if (controlTexts.has(text)) byText.set(text, id);
  const first = (texts: readonly string[]): number | undefined => {
    const text = texts.find((t) => byText.has(t));
    return text === undefined ? undefined : byText.get(text);
  };
  ids.eot ??= first(ENDS_OF_TURN);
  ids.eom ??= byText.get('<|eom_id|>');
  const named: Record<string, string> = {};
  for (const name of Object.keys(KEYS) as (keyof GgufSpecialIds)[]) {
    const id = ids[name];
    if (id !== undefined) named[`${name}_token`] = pieces[id].text;
    else delete ids[name];
  }
  const code = CODE_ENDS.map(([keys, texts]) => given(keys) ?? first(texts));
  return { ids, ends: kind === 'bert' ? only([ids.eos]) : ends(ids, code, byText, pieces), named };
}

function ends(
  { eos, eot, eom }: GgufSpecialIds,
  code: readonly (number | undefined)[],
  byText: ReadonlyMap<string, number>,
  pieces: readonly ScorePiece[],
): number[] {
  const all = new Set(only([eos, eot, eom, ...ENDS.map((text) => byText.get(text)), ...code]));
  const has = (text: string): boolean => all.has(byText.get(text) ?? -1);
  const drop = (text: string): void => {
    const id = byText.get(text);
    if (id !== undefined) all.delete(id);
  };
  // Where a call or the whole answer has an end of its own, <|end|> ends a message within it.
  const calls = has('<|call|>') || has('<|calls|>');
  if (calls && (has('<|return|>') || has('<|flush|>'))) drop('<|end|>');
  const isPlamo = [...all].some((id) => pieces[id].text === '<|plamo:eos|>');
  if (has('<|tool_response>') || isPlamo) drop('</s>');
  return [...all];
}

const only = (ids: readonly (number | undefined)[]): number[] => [
  ...new Set(ids.filter((id): id is number => id !== undefined)),
];
