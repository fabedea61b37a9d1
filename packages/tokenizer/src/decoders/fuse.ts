// Joins all tokens, so that later decoders see one text.
import type { Decoder } from './decoder.ts';

export const fuse = (): Decoder => ({ config: { type: 'Fuse' }, decode: (tokens) => [tokens.join('')] });
