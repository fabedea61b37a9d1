// TemplateProcessing: the layout is written out, as `[CLS] $A [SEP]`. BERT's and RoBERTa's processors are fixed layouts.
import type { StageConfig } from '../normalizers/normalizer.ts';
import type { LayoutPiece, PostProcessor } from './post-processor.ts';
import { trimSpaces } from './trim-offsets.ts';

/** A post-processor from ready layouts. */
export const template = (
  config: StageConfig,
  single: readonly LayoutPiece[],
  pair: readonly LayoutPiece[],
): PostProcessor => ({
  config,
  layout: (isPair) => (isPair ? pair : single),
});

type Special = readonly [token: string, id: number];

const special = ([token, id]: Special, typeId: number): LayoutPiece => ({
  ids: [id],
  tokens: [token],
  typeId,
});
const text = (sequence: 0 | 1, typeId: number): LayoutPiece => ({ sequence, typeId });

/** `[CLS] A [SEP]`, `[CLS] A [SEP] B [SEP]`; the second text has type 1. */
export const bertProcessing = (sep: Special, cls: Special): PostProcessor =>
  template(
    { type: 'BertProcessing', sep, cls },
    [special(cls, 0), text(0, 0), special(sep, 0)],
    [special(cls, 0), text(0, 0), special(sep, 0), text(1, 1), special(sep, 1)],
  );

/** `<s> A </s>`, `<s> A </s> </s> B </s>`; every type is 0. */
export const robertaProcessing = (
  sep: Special,
  cls: Special,
  trimOffsets: boolean,
  addPrefixSpace: boolean,
): PostProcessor => ({
  ...template(
    { type: 'RobertaProcessing', sep, cls, trim_offsets: trimOffsets, add_prefix_space: addPrefixSpace },
    [special(cls, 0), text(0, 0), special(sep, 0)],
    [special(cls, 0), text(0, 0), special(sep, 0), special(sep, 0), text(1, 0), special(sep, 0)],
  ),
  ...(trimOffsets ? { trim: (encoding, text) => trimSpaces(encoding, text, addPrefixSpace) } : {}),
});
