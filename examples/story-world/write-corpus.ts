/**
 * Writes stories to a file, each followed by the end token: `node --conditions=@ashlar/source --import tsx write-corpus.ts --stories 200000 --seed 1 --out FILE`.
 * Story i of seed s has its own place in the library's random source, so a corpus can be cut or prolonged without
 * changing the rest.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createRandom } from '@ashlar/sampling';
import { readFlags } from '../read-flags.ts';
import { storyOf } from './story-of.ts';

const values = readFlags(
  `node --conditions=@ashlar/source --import tsx examples/story-world/write-corpus.ts --out FILE
  --stories N   how many; default 1000
  --seed N      default 1
  --out FILE    where to
  --end TEXT    behind each; default <|endoftext|>`,
  {
    stories: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
    end: { type: 'string', default: '<|endoftext|>' },
  },
);
const stories = Number(values.stories);
const seed = Number(values.seed);
if (!Number.isInteger(stories) || stories < 1)
  throw new RangeError(`--stories: expected an integer >= 1, got ${values.stories}`);
if (!Number.isInteger(seed) || seed < 0)
  throw new RangeError(`--seed: expected an integer >= 0, got ${values.seed}`);
if (values.out === undefined) throw new TypeError('--out: expected a file name, got nothing');

const random = createRandom(seed);
const file = createWriteStream(values.out);
for (let index = 0; index < stories; index++) {
  const more = file.write(`${storyOf(random, index).text}${values.end}\n`);
  if (!more) await once(file, 'drain');
}
file.end();
await once(file, 'finish');
