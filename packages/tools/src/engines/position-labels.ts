// The label of every position of a sequence: prompt tokens by the message they came from, forced ones by their segment, sampled ones by all that stands
// before them. What a model writes after untrusted text is itself untrusted (rule 29): labels only get stricter along a sequence of its own words.
import { joinLabels, type Label, labelsOfTokens, type Segment } from '../label.ts';
import type { ChatMessage } from './engine.ts';

/** A conversation as ids, with where each token came from: what @ashlar/tokenizer's `encodeChat` answers. */
export interface LabelledChat {
  readonly ids: ArrayLike<number>;
  /** The kind of source (`template`, `user`, `tool`, ...), and the index of the message. */
  readonly labels: readonly { readonly kind: string; readonly index?: number }[];
}

const trustOfRole = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'model',
  tool: 'tool',
} as const;
const trustOfKind: Readonly<Record<string, Label['trust']>> = {
  template: 'system',
  role: 'system',
  computed: 'system',
  variable: 'system',
  'tool-definition': 'developer',
};

/** The label of a whole message: by its role, and never more trusted than it says itself. */
export function labelOfMessage(message: ChatMessage): Label {
  const base: Label = { trust: trustOfRole[message.role], source: message.role };
  return message.label === undefined ? base : joinLabels([base, message.label]);
}

/** Keeps the labels of one sequence. */
export class PositionLabels {
  private readonly labels: (Label | undefined)[] = [];
  private context: Label = { trust: 'system', source: 'prompt' };
  private mine: Label | undefined;

  /** The labels so far. */
  get all(): readonly (Label | undefined)[] {
    return this.labels;
  }
  /** Notes the prompt. Characters of unknown origin count as somebody else's. */
  prompt(chat: LabelledChat, messages: readonly ChatMessage[]): void {
    const known = new Map<string, Label>();
    for (const { kind, index } of chat.labels) {
      const key = `${kind} ${index ?? ''}`;
      let label = known.get(key);
      if (label === undefined) {
        const trust = trustOfKind[kind];
        const message = trust === undefined && index !== undefined ? messages[index] : undefined;
        label = message !== undefined ? labelOfMessage(message) : { trust: trust ?? 'web', source: kind };
        known.set(key, label);
        this.see(label);
      }
      this.labels.push(label);
    }
  }
  /** Notes text that was put in: `lengths[i]` tokens for segment i. */
  forced(segments: readonly Segment[], lengths: readonly number[]): void {
    for (const label of labelsOfTokens(segments, lengths)) this.labels.push(label);
    for (const segment of segments) if (segment.kind === 'text') this.see(segment.label);
  }
  /** Notes what the turn holds already when it is gone on with: the model's own words, and what was put in between. */
  written(segments: readonly Segment[], lengths: readonly number[]): void {
    for (const [i, segment] of segments.entries()) {
      const length = lengths[i] as number;
      if (segment.kind === 'text' && segment.label.trust !== 'model') this.forced([segment], [length]);
      else for (let n = 0; n < length; n++) this.sampled();
    }
  }
  /** Notes a token that the model drew. */
  sampled(): void {
    this.mine ??= joinLabels([{ trust: 'model', source: 'model' }, this.context]);
    this.labels.push(this.mine);
  }
  private see(label: Label): void {
    const { callId: _, ...rest } = label;
    this.context = joinLabels([this.context, rest]);
    this.mine = undefined;
  }
}
