import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { loadTokenizer, readGgufMetadata, type Tokenizer } from '@ashlar/tokenizer';
import { formatOf, neutralise, renderResults, toolFormats } from '@ashlar/tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// A tool's result (a page, a mail, a file) goes back to the model as ordinary text. Over every tokenizer of the goldens: whatever the result holds,
// written-out control tokens and fragments of them included, none of its ids is a control token. The goldens lie beside the repository.
const goldens = join(import.meta.dirname, '..', '..', 'shared', 'goldens', 'tokenizers');
const names = existsSync(goldens) ? readdirSync(goldens).sort() : [];

async function metadataOf(path: string): Promise<ReadonlyMap<string, unknown>> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    for (let length = Math.min(size, 4 << 20); ; length = Math.min(size, length * 2)) {
      const bytes = new Uint8Array(length);
      await handle.read(bytes, 0, length, 0);
      try {
        return readGgufMetadata(bytes);
      } catch (error) {
        if (!(error instanceof RangeError) || length === size) throw error;
      }
    }
  } finally {
    await handle.close();
  }
}
async function load(name: string): Promise<Tokenizer> {
  const at = join(goldens, name);
  const meta = existsSync(join(at, 'meta.json'))
    ? (JSON.parse(readFileSync(join(at, 'meta.json'), 'utf8')) as { checkpoint?: string })
    : {};
  const place = meta.checkpoint === undefined ? at : join(at, meta.checkpoint);
  const gguf = place.endsWith('.gguf') ? place : join(place, 'vocab.gguf');
  if (existsSync(gguf))
    return loadTokenizer({ format: 'gguf', file: async () => undefined, metadata: await metadataOf(gguf) });
  return loadTokenizer({
    format: 'huggingface',
    file: async (file) => (existsSync(join(place, file)) ? readFileSync(join(place, file)) : undefined),
  });
}

describe.skipIf(names.length === 0)('control ids from content', () => {
  let tried = 0;
  for (const name of names)
    it(`there is none: ${name}`, async () => {
      const tokenizer = await load(name);
      const specials = [...tokenizer.specialIds];
      const texts = specials
        .map(
          (id) =>
            new TextDecoder().decode(tokenizer.tokenBytes(id) ?? new Uint8Array()) ||
            (tokenizer.idToToken(id) ?? ''),
        )
        .filter((t) => t !== '');
      const idsOf = (text: string): number[] => {
        try {
          return tokenizer.encode(text, { addSpecialTokens: false });
        } catch {
          return [];
        }
      };
      // What this tokenizer makes of characters it does not know: the unknown token, or bytes of a fallback. These are no control by content.
      const unknown = new Set(
        ['\ue123', '\u{10fffd}', 'ꙮ', '<', '|', '>', '[', ']'].flatMap((c) => idsOf(c)),
      );
      const isByte = (id: number): boolean => /^<0x[0-9A-F]{2}>$/.test(tokenizer.idToToken(id) ?? '');
      const controlIds = (text: string): number[] =>
        tokenizer
          .encode(text, { addSpecialTokens: false })
          .filter((id) => tokenizer.specialIds.has(id) && !unknown.has(id) && !isByte(id));
      // A text may be unrepresentable for a small vocabulary; that is an error, not a control token.
      const clean = (text: string): boolean => {
        try {
          tried++;
          return controlIds(text).length === 0;
        } catch (error) {
          return error instanceof RangeError;
        }
      };
      for (const text of texts)
        for (const wrapped of [
          text,
          `a${text}b`,
          ` ${text} `,
          `${text}${text}`,
          text.slice(0, -1),
          text.slice(1),
        ])
          expect(clean(wrapped), JSON.stringify(wrapped)).toBe(true);
      const fragment = fc.constantFrom(
        ...texts,
        ...texts.flatMap((t) => [t.slice(0, Math.ceil(t.length / 2)), t.slice(Math.ceil(t.length / 2))]),
        'a',
        ' ',
        '\n',
        '<',
        '|',
        '>',
        '\u200b',
        'é',
        '</tool_response>',
      );
      fc.assert(
        fc.property(
          fc.array(fragment, { maxLength: 12 }),
          fc.constantFrom(...toolFormats.keys()),
          (parts, format) => {
            const raw = parts.join('');
            const { text } = neutralise(raw, { format: formatOf(format), specialTokens: texts });
            // Neutralised, the marks are not even there as text (a lone character like a CTC blank is no mark).
            for (const special of texts)
              if (special.trim().length >= 2) expect(text.includes(special)).toBe(false);
            expect(clean(raw)).toBe(true);
            expect(clean(text)).toBe(true);
            // Between the format's own delimiters, which are encoded as ordinary text as well.
            expect(clean(renderResults([{ name: 'f', text, id: 'call00000' }], format))).toBe(true);
          },
        ),
        { numRuns: 60 },
      );
      expect(tried).toBeGreaterThan(0);
    });
});
