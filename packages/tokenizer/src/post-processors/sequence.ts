// Several post-processors: offsets are trimmed by each; the layout is the one that a member has.
import type { PostProcessor } from './post-processor.ts';

export function postProcessorSequence(processors: readonly PostProcessor[]): PostProcessor {
  const config = { type: 'Sequence', processors: processors.map((p) => p.config) };
  const framing = processors.filter((p) => p.layout(false) !== undefined);
  if (framing.length > 1) {
    throw new RangeError(
      `post_processor: a Sequence of ${framing.map((p) => p.config.type).join(', ')} frames the text more than once`,
    );
  }
  return {
    config,
    layout: (isPair) => framing[0]?.layout(isPair),
    trim: (encoding, text) => processors.reduce((e, p) => p.trim?.(e, text) ?? e, encoding),
  };
}
