// Ids to text where a decoder looks at one token after the other: the text of every token is made once. Stages behind `Fuse` see the whole text. This is the quick
// way of decoders that are a list of such stages, with byte tokens (<0x61>) between them; others decode lists of tokens.
import { byteOfToken, textOfRun } from '../decoders/byte-fallback.ts';
import type { Decoder } from '../decoders/decoder.ts';

export interface TokenTextsOptions {
  /** One more than the greatest id. */
  readonly size: number;
  /** What decoders see for an id; undefined outside the vocabulary, and for what is to be left out. */
  readonly tokenOf: (id: number) => string | undefined;
  readonly stages: TokenStages;
}

/** A decoder taken apart. */
export interface TokenStages {
  /** Stages that look at one token after the other. */
  readonly each: readonly ((token: string, isFirst: boolean) => string)[];
  readonly readsBytes: boolean;
  /** What is done with the whole text. */
  readonly whole: readonly Decoder[];
}

/** The stages of a decoder, or undefined when it is not of this form. */
export function tokenStages(decoder: Decoder): TokenStages | undefined {
  const parts = decoder.parts ?? [decoder];
  const each: ((token: string, isFirst: boolean) => string)[] = [];
  let at = 0;
  for (; at < parts.length && parts[at].textOf !== undefined; at++) each.push(parts[at].textOf!);
  const readsBytes = parts[at]?.config.type === 'ByteFallback';
  if (readsBytes) at++;
  if (at < parts.length && parts[at].config.type !== 'Fuse') return undefined;
  return { each, readsBytes, whole: parts.slice(at + 1) };
}

export class TokenTexts {
  private readonly options: TokenTextsOptions;
  private readonly texts: (string | undefined)[];
  private readonly bytes = new Map<number, number>(); // what byte tokens stand for

  constructor(options: TokenTextsOptions) {
    this.options = options;
    // With its size known an array stays one: filled at far places it would become a dictionary.
    this.texts = new Array<string | undefined>(options.size);
  }

  decode(ids: ArrayLike<number>): string {
    const { texts, bytes, options } = this;
    const { stages, tokenOf } = options;
    let out = '';
    let isFirst = true;
    let run: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      let text = isFirst ? undefined : texts[id];
      if (text === undefined) {
        const known = isFirst ? undefined : bytes.get(id); // stages may show a first token otherwise
        if (known !== undefined) {
          isFirst = false;
          run.push(known);
          continue;
        }
        const token = tokenOf(id);
        if (token === undefined) continue;
        text = token;
        for (const stage of stages.each) text = stage(text, isFirst);
        const byte = stages.readsBytes ? byteOfToken(text) : -1;
        if (!isFirst) {
          if (byte < 0) texts[id] = text;
          else bytes.set(id, byte);
        }
        isFirst = false;
        if (byte >= 0) {
          run.push(byte);
          continue;
        }
      }
      if (run.length > 0) {
        out += shownRun(run);
        run = [];
      }
      out += text;
    }
    if (run.length > 0) out += shownRun(run);
    return stages.whole.length === 0
      ? out
      : stages.whole.reduce<readonly string[]>((tokens, stage) => stage.decode(tokens), [out]).join('');
  }
}

const shownRun = (run: readonly number[]): string => textOfRun(run) ?? '\ufffd'.repeat(run.length);
