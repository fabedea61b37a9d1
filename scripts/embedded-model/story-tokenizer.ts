// The tokenizer of the embedded model: byte-level BPE learned from stories, large enough that every word of the story world is one token, so that a name or a place is copied in one step.
import { createRandom } from '@ashlar/sampling';
import { readTokenizerJson, type Tokenizer, trainTokenizer, writeTokenizerJson } from '@ashlar/tokenizer';
import { storyOf } from '../../examples/story-world/story-of.ts';

/** Control tokens; stories use the first one only, the rest are there for later work. */
const controlTokens = [
  ...['<|endoftext|>', '<|system|>', '<|user|>', '<|assistant|>', '<|end|>'],
  ...['|CALCULATOR|', '|BROWSER|', '|RESULT|'],
  ...['<|reserved_0|>', '<|reserved_1|>', '<|reserved_2|>', '<|reserved_3|>'],
];

/** tokenizer.json, learned from `stories` stories of seed 7. */
export async function trainStoryTokenizer(vocabSize = 2048, stories = 6000): Promise<object> {
  const random = createRandom(7);
  const texts = Array.from({ length: stories }, (_, i) => storyOf(random, i).text);
  const trained = await trainTokenizer(texts, { kind: 'bpe', vocabSize, specialTokens: controlTokens });
  const [end] = controlTokens;
  return {
    ...writeTokenizerJson(trained),
    // A text begins with END, as every story of the training does.
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: end, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: end, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
      ],
      special_tokens: { [end]: { id: end, ids: [0], tokens: [end] } },
    },
  };
}

/** tokenizer_config.json as transformers reads it. */
export const storyTokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: controlTokens[0],
  eos_token: controlTokens[0],
  pad_token: controlTokens[0],
  add_bos_token: true,
  add_eos_token: false,
  clean_up_tokenization_spaces: false,
  model_max_length: 512,
  added_tokens_decoder: Object.fromEntries(
    controlTokens.map((content, id) => [
      String(id),
      { content, lstrip: false, normalized: false, rstrip: false, single_word: false, special: true },
    ]),
  ),
};

export const readStoryTokenizer = (json: object): Tokenizer =>
  readTokenizerJson(json, { bosTokenId: 0, eosTokenIds: [0], padTokenId: 0 });
