// A model is two files: weights, and code that runs them. This loads the embedded one (a safetensors file in the Hugging Face layout), lets it dream a
// story, and shows that the same seed dreams the same dream.
import { chooseBackend, generate, loadModel } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { loadTokenizer } from '@ashlar/tokenizer';

const backend = await chooseBackend('auto');
const model = await loadModel(new URL('../models/stories', import.meta.url).pathname);
const tokenizer = await loadTokenizer(model.assets);
console.log(`${model.family} on ${backend.name}, vocabulary ${model.vocabSize}\n`);

async function dream(seed: number): Promise<string> {
  let text = '';
  const options = {
    codec: tokenizer,
    sampler: sampler({ temperature: 0.8, topP: 0.95, seed }),
    maxNewTokens: 48,
  };
  for await (const step of generate(model, 'Once upon a time', options)) text += step.text;
  return text;
}

const [first, second, again] = [await dream(1), await dream(2), await dream(1)];
console.log(`seed 1: Once upon a time${first}\n\nseed 2: Once upon a time${second}\n`);
model.dispose();
console.log(first === again && first !== second ? 'the same seed tells the same story' : 'seeds do not hold');
// last line: the same seed tells the same story
