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
// last line: Once upon a time there was a young mouse named Mark. Mark had a blue cup and took it everywhere. One warm afternoon, he went for a walk to the beach. Suddenly a strong wind blew the blue cup away
