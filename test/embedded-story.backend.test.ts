import { chooseBackend, generate, loadModel } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';
import { expect, it } from 'vitest';
import { embeddedStory } from './browser/embedded-story.ts';

it.each(['cpu', 'wasm', 'simd'] as const)(
  'the embedded model tells the story that the page expects, on %s',
  async (name) => {
    await chooseBackend(name);
    using model = await loadModel('models/stories', { backend: name });
    const codec = await loadTokenizer(model.assets);
    let text = '';
    for await (const step of generate(model, 'Once upon a time', { codec, maxNewTokens: 12 }))
      text += step.text;
    expect(text).toBe(embeddedStory);
  },
);
