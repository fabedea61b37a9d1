// SentencePiece's normaliser as tokenizer.json has it for Llama 2 and its kin, a visible space for every space and maybe one in front, done while text becomes bytes: a text of
// ASCII stays one until then, and is written in one go instead of being put together from its words.
import type { StageConfig } from '../normalizers/normalizer.ts';
import type { ScannedText } from '../scanners/character-classes.ts';

/** What such a normaliser does. */
export interface VisibleSpaces {
  /** There is one in front of a text that is not empty. */
  readonly inFront: boolean;
}

const VISIBLE = '\u2581'; // e2 96 81
const SPACE = 32;

/** What a normaliser does when it is one of these. */
export function visibleSpacesOf(config: StageConfig): VisibleSpaces | undefined {
  const stages = config.type === 'Sequence' ? (config.normalizers as StageConfig[]) : [config];
  const last = stages.at(-1);
  if (last?.type !== 'Replace' || last.content !== VISIBLE) return undefined;
  if ((last.pattern as { String?: string }).String !== ' ') return undefined;
  if (stages.length === 1) return { inFront: false };
  const [first] = stages;
  return stages.length === 2 && first.type === 'Prepend' && first.prepend === VISIBLE
    ? { inFront: true }
    : undefined;
}

/**
 * Writes the first `length` bytes of `source` to `target` so, four at a time where none is a space; `target` has room for three times as many and three more, and behind
 * both lie eight bytes more. Returns how many there are.
 */
export function writeVisible(
  source: ScannedText,
  length: number,
  { inFront }: VisibleSpaces,
  target: ScannedText,
): number {
  const { bytes, view } = source;
  const { bytes: written } = target;
  let to = inFront && length > 0 ? putVisible(written, 0) : 0;
  for (let i = 0; i < length; ) {
    const four = view.getInt32(i, true);
    const found = four ^ 0x20202020;
    if (((found - 0x01010101) & ~found & 0x80808080) === 0) {
      target.view.setInt32(to, four, true);
      const taken = Math.min(4, length - i);
      to += taken;
      i += taken;
      continue;
    }
    for (const end = Math.min(i + 4, length); i < end; i++) {
      const byte = bytes[i];
      if (byte === SPACE) to = putVisible(written, to);
      else written[to++] = byte;
    }
  }
  return to;
}

function putVisible(target: Uint8Array, at: number): number {
  target[at] = 0xe2;
  target[at + 1] = 0x96;
  target[at + 2] = 0x81;
  return at + 3;
}
