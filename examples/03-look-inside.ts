// Activations can be read and written. Part 1, the logit lens: what each layer would say next. Part 2, a patch: the first layer's attention is
// silenced, and the answer changes.
import { chooseBackend, loadModel } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';
import * as tf from '@tensorflow/tfjs-core';

await chooseBackend('auto');
const model = await loadModel(new URL('../models/stories', import.meta.url).pathname);
const tokenizer = await loadTokenizer(model.assets);
const prompt = 'Once upon a';
const ids = tokenizer.encode(prompt);

const say = async (logits: tf.Tensor): Promise<string> => {
  const last = tf.tidy(() =>
    tf.slice(tf.reshape(logits, [-1, model.vocabSize]), [ids.length - 1, 0], [1, model.vocabSize]),
  );
  const row = await last.data();
  last.dispose();
  return JSON.stringify(tokenizer.decode([row.indexOf(Math.max(...row))]));
};

const seen: tf.Tensor[] = [];
const hooks = { 'layers.*.residual.after': (t: tf.Tensor) => void seen.push(tf.keep(tf.clone(t))) };
const logits = model.forward(ids, { hooks });
for (const [layer, residual] of seen.entries()) {
  const lens = tf.tidy(() => model.unembed(residual));
  console.log(`after layer ${layer} it would say ${await say(lens)}`);
  tf.dispose([lens, residual]);
}
const answer = await say(logits);

const silenced = model.forward(ids, { hooks: { 'layers.0.attention.output': (t) => tf.zerosLike(t) } });
const change = tf.tidy(() => tf.max(tf.abs(tf.sub(logits, silenced))));
console.log(
  `with layer 0's attention silenced: ${await say(silenced)} (largest change of a logit ${(await change.data())[0]?.toFixed(2)})`,
);
tf.dispose([logits, silenced, change]);
model.dispose();
console.log(`"${prompt}" goes on with ${answer}; tensors left: ${tf.memory().numTensors}`);
// last line: "Once upon a" goes on with " time"; tensors left: 0
