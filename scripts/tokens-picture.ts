// Draws docs/guides/pictures/tokens.svg: one sentence in the embedded model's vocabulary. Run: node --conditions=@ashlar/source --import tsx scripts/tokens-picture.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTokenizerJson } from '@ashlar/tokenizer';
import { tokensToSvg } from '@ashlar/tokenizer/visualize';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tokenizer = readTokenizerJson(readFileSync(join(root, 'models', 'stories', 'tokenizer.json'), 'utf8'));
const text = 'Once upon a time there was a little fox who counted to 1024. \u65e5\u672c <|end|>';
writeFileSync(join(root, 'docs', 'guides', 'pictures', 'tokens.svg'), tokensToSvg(tokenizer, text));
