// The run's tokenizer: byte-level BPE learned from the run's own text, digits one by one, with control tokens, a special word and a chat template; written as tokenizer.json like any other.
import { readTokenizerJson, type Tokenizer, trainTokenizer, writeTokenizerJson } from '@ashlar/tokenizer';

/** Control tokens in the order of their ids; |CALCULATOR| is the special word that is taught last. */
export const controlTokens = [
  '<|endoftext|>',
  '<|user|>',
  '<|assistant|>',
  '<|end|>',
  '|CALCULATOR|',
] as const;
/** Between documents, and padding. */
export const documentEnd = 0;
/** Behind every answer. */
export const answerEnd = 3;
export const calculatorWord = 4;

const chatTemplate =
  "{%- for message in messages -%}{%- if message['role'] == 'user' -%}{{ '<|user|>' + message['content'] }}{%- else -%}{{ '<|assistant|>' }}" +
  "{%- generation -%}{{ ' ' + message['content'] + '<|end|>' }}{%- endgeneration -%}{%- endif -%}{%- endfor -%}" +
  "{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}";

/** GPT-2's pieces, but every digit alone: numbers are then copied and added digit by digit. */
const pattern = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** tokenizer.json of the texts. */
export async function trainRunTokenizer(texts: Iterable<string>, vocabSize: number): Promise<object> {
  const specialTokens = [...controlTokens];
  return writeTokenizerJson(await trainTokenizer(texts, { kind: 'bpe', vocabSize, pattern, specialTokens }));
}

/** What stands beside tokenizer.json in `tokenizer_config.json`. */
export const tokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  eos_token: '<|end|>',
  pad_token: '<|endoftext|>',
  add_bos_token: false,
  add_eos_token: false,
  clean_up_tokenization_spaces: false,
  chat_template: chatTemplate,
};

/** The tokenizer of such a file. */
export const readRunTokenizer = (json: object): Tokenizer =>
  readTokenizerJson(json, { eosTokenIds: [answerEnd, documentEnd], padTokenId: documentEnd, chatTemplate });
