// A model that calls a calculator in the middle of a sentence: the call is read while it is written, the result is forced into the same sequence, and
// the sentence goes on. Without arguments a script plays the model; `--model PATH|hf:...` lets a real one do it (SmolLM2-135M can):
//   node --conditions=@ashlar/source --import tsx examples/05-tools.ts --model ../shared/data/models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
import { loadModel } from '@ashlar/core';
import { sampler } from '@ashlar/sampling';
import { loadTokenizer } from '@ashlar/tokenizer';
import {
  type ChatMessage,
  type Engine,
  inlineEngine,
  runTools,
  scriptedEngine,
  toTrainingRows,
} from '@ashlar/tools';
import { calculator } from '@ashlar/tools/calculator';
import { schemaConstraint } from '@ashlar/tools/grammar';
import { readFlags } from './read-flags.ts';

const values = readFlags(
  `node --conditions=@ashlar/source --import tsx examples/05-tools.ts
  --model PLACE     a folder, a file, a URL or hf:owner/name; default: a script that plays the model
  --question TEXT   what to ask; may be given several times`,
  {
    model: { type: 'string' },
    question: { type: 'string', multiple: true },
  },
);
const questions = values.question ?? ['What is 48 times 76?', 'What is 1000 divided by 16?'];

// The special words are taught by example, in the prompt; the training rows below teach them for good.
const messages = (question: string): ChatMessage[] => [
  {
    role: 'system',
    content:
      'You compute with |CALCULATOR| expression |. The result follows at once as |RESULT| number |, then go on with the sentence.',
  },
  { role: 'user', content: 'What is 17 times 23?' },
  {
    role: 'assistant',
    content: '17 times 23 is |CALCULATOR| 17 * 23 | |RESULT| 391 |, so the answer is 391.',
  },
  { role: 'user', content: 'What is 250 divided by 8?' },
  {
    role: 'assistant',
    content: '250 divided by 8 is |CALCULATOR| 250 / 8 | |RESULT| 31.25 |, so the answer is 31.25.',
  },
  { role: 'user', content: 'How much is 99 plus 45?' },
  {
    role: 'assistant',
    content: '99 plus 45 is |CALCULATOR| 99 + 45 | |RESULT| 144 |, so the answer is 144.',
  },
  { role: 'user', content: question },
];

async function localEngine(place: string): Promise<Engine> {
  const model = await loadModel(place);
  const codec = await loadTokenizer(model.assets);
  return inlineEngine({
    model,
    codec,
    format: 'special-words',
    maxNewTokens: 60,
    // Once |CALCULATOR| is written, only an argument that the tool's schema allows can follow.
    constraint: schemaConstraint,
    sampler: ({ temperature = 0, seed = 1 }) => sampler({ temperature, seed }),
  });
}
const script = [
  '48 times 76 is |CALCULATOR| 48 * 76 |',
  ', so the answer is 3648.',
  '1000 divided by 16 is |CALCULATOR| 1000 / 16 |',
  ', so the answer is 62.5.',
];
const engine =
  values.model === undefined
    ? scriptedEngine(script, { format: 'special-words' })
    : await localEngine(values.model);

let right = 0;
for (const question of questions) {
  const run = runTools({ engine, tools: [calculator()], messages: messages(question) });
  process.stdout.write(`${question}\n  `);
  for await (const event of run) {
    if (event.type === 'text') process.stdout.write(event.text);
    else if (event.type === 'call.ready')
      process.stdout.write(`{${event.call.name} ${JSON.stringify(event.call.arguments)}}`);
    else if (event.type === 'splice') process.stdout.write(`[${event.text}]`);
  }
  const { calls, text, journal } = await run.result;
  const answer = calls[0]?.outcome.text;
  if (answer !== undefined && text.includes(answer)) right++;
  const pieces = toTrainingRows(journal)[0]?.pieces ?? [];
  console.log(
    `\n  trained on: ${pieces.map((piece) => (piece.train === 1 ? JSON.stringify(piece.text) : '(forced)')).join(' ')}`,
  );
}
console.log(`${right} of ${questions.length} sentences went on with the calculator's result`);
// last line: 2 of 2 sentences went on with the calculator's result
