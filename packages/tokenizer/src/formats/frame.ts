// Special tokens around one text as a post-processor, with the second text of a pair framed behind the first.
import type { StageConfig } from '../normalizers/normalizer.ts';
import type { LayoutPiece, PostProcessor } from '../post-processors/post-processor.ts';
import { template } from '../post-processors/template.ts';

/** The TemplateProcessing for a layout of one text. A pair is the layout, then the second text and what stands behind the first. */
export function frame(layout: readonly LayoutPiece[]): PostProcessor {
  const behind = layout.slice(layout.findIndex((p) => 'sequence' in p) + 1);
  const pair: LayoutPiece[] = [
    ...layout,
    { sequence: 1, typeId: 1 },
    ...behind.map((p) => ({ ...p, typeId: 1 })),
  ];
  const write = (p: LayoutPiece): object =>
    'ids' in p
      ? { SpecialToken: { id: p.tokens[0], type_id: p.typeId } }
      : { Sequence: { id: p.sequence === 0 ? 'A' : 'B', type_id: p.typeId } };
  const specials = layout.flatMap((p) =>
    'ids' in p ? [[p.tokens[0], { id: p.tokens[0], ids: p.ids, tokens: p.tokens }] as const] : [],
  );
  const config: StageConfig = {
    type: 'TemplateProcessing',
    single: layout.map(write),
    pair: pair.map(write),
    special_tokens: Object.fromEntries(specials),
  };
  return template(config, layout, pair);
}
