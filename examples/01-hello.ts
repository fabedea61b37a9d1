import { chooseBackend, generate, loadModel } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { loadTokenizer } from '@ashlar/tokenizer';

await chooseBackend('auto'); // simd here; webgpu, tensorflow, wasm, cpu where they are
const model = await loadModel('models/stories'); // or a .gguf, a URL, 'hf:HuggingFaceTB/SmolLM2-135M-Instruct'
const codec = await loadTokenizer(model.assets);
const options = { codec, sampler: sampler({ temperature: 0.7, topP: 0.95, seed: 7 }), maxNewTokens: 40 };

let text = 'Once upon a time';
for await (const step of generate(model, text, options)) text += step.text;
console.log(text);
// last line: Once upon a time there was a quiet rabbit named Clara. Clara had a purple ball and took it everywhere. One windy morning, she went for a walk to the village. There she lost
