// Mistral's tekken.json: byte-level ranks behind a block of control tokens, and the pattern.
import { TokenTable } from '../engine/token-table.ts';
import { Tokenizer } from '../tokenizer.ts';
import { decodeBase64 } from './base64.ts';
import { frame } from './frame.ts';
import { arrayField, asObject, numberField, stringField } from './json-value.ts';
import { tokenizerOfRanks } from './tiktoken.ts';

/** The names of the first control tokens where the file has none (versions v3 to v7). */
const CONTROL = [
  ...[
    '<unk>',
    '<s>',
    '</s>',
    '[INST]',
    '[/INST]',
    '[AVAILABLE_TOOLS]',
    '[/AVAILABLE_TOOLS]',
    '[TOOL_RESULTS]',
    '[/TOOL_RESULTS]',
  ],
  ...[
    '[TOOL_CALLS]',
    '[IMG]',
    '<pad>',
    '[IMG_BREAK]',
    '[IMG_END]',
    '[PREFIX]',
    '[MIDDLE]',
    '[SUFFIX]',
    '[SYSTEM_PROMPT]',
  ],
  ...['[/SYSTEM_PROMPT]', '[TOOL_CONTENT]'],
];

/** A tokenizer from a tekken.json. A text is framed by BOS. */
export function readTekken(source: string | object): Tokenizer {
  const o = asObject(typeof source === 'string' ? JSON.parse(source) : source, 'tekken.json');
  const config = asObject(o.config, 'config');
  const controls = numberField(config, 'default_num_special_tokens', 'config');
  const size = numberField(config, 'default_vocab_size', 'config');
  const tokens: Uint8Array[] = [];
  arrayField(o, 'vocab', 'tekken.json').forEach((item, i) => {
    const entry = asObject(item, `vocab[${i}]`);
    const id = numberField(entry, 'rank', `vocab[${i}]`) + controls;
    if (id < size) tokens[id] = decodeBase64(stringField(entry, 'token_bytes', `vocab[${i}]`));
  });
  const specials: Record<string, number> = {};
  const version = Number(/^v(\d+)/.exec(String(config.version ?? ''))?.[1] ?? 0);
  if (o.special_tokens == null && version > 7)
    throw new TypeError(`special_tokens: expected a list in a file of version v${version}`);
  if (o.special_tokens != null) {
    const named = arrayField(o, 'special_tokens', 'tekken.json');
    named.forEach((item, i) => {
      const entry = asObject(item, `special_tokens[${i}]`);
      specials[stringField(entry, 'token_str', `special_tokens[${i}]`)] = numberField(
        entry,
        'rank',
        `special_tokens[${i}]`,
      );
    });
  } else for (const [id, text] of CONTROL.slice(0, controls).entries()) specials[text] = id;
  const taken = new Set(Object.values(specials));
  for (let id = 0; id < controls; id++) if (!taken.has(id)) specials[`<SPECIAL_${id}>`] = id;
  const bos = specials['<s>'];
  const eos = specials['</s>'];
  const tokenizer = tokenizerOfRanks(
    TokenTable.from(Array.from(tokens)),
    stringField(config, 'pattern', 'config'),
    specials,
    {
      ...(bos !== undefined && { bosTokenId: bos }),
      ...(eos !== undefined && { eosTokenIds: [eos] }),
    },
  );
  if (bos === undefined) return tokenizer;
  const layout = [{ ids: [bos], tokens: ['<s>'], typeId: 0 }, { sequence: 0, typeId: 0 } as const];
  return new Tokenizer({ ...tokenizer.parts, postProcessor: frame(layout) });
}
