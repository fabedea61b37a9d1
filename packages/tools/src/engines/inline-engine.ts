// A local model as an engine: it samples ids one by one and takes forced ones in one pass, in the same sequence, so a result can be spliced into the
// middle of a sentence. Models, tokenizers and samplers meet here by structure only (@ashlar/core, @ashlar/tokenizer and @ashlar/sampling fit).
// Text is encoded with special tokens off; a forced id that is a special token is an error, whatever the text was (rule 26). Between turns the
// sequence keeps the longest common prefix of the old and the new prompt.
import { checkOptions } from '../check-options.ts';
import type { EndReason } from '../formats/parse-event.ts';
import type { JsonObject } from '../json.ts';
import type { Segment } from '../label.ts';
import type { Constrained, Engine, EnginePiece, EngineTurn, SamplingSettings } from './engine.ts';
import { addBias, tokenLogprob } from './logits.ts';
import { type LabelledChat, PositionLabels } from './position-labels.ts';
import { SequencePool } from './sequence-pool.ts';
import { pieceIds, tokenText } from './special-tokens.ts';
import { wireMessage } from './wire-message.ts';

/** A sequence of a model: what @ashlar/core's `LanguageModel.newSequence()` gives. */
export interface SplicingSequence {
  readonly ids: readonly number[];
  /** Forgets all ids from `length` on. */
  truncate(length: number): void;
  /** Frees what the sequence holds. */
  dispose(): void;
}
/** A model that continues sequences: @ashlar/core's `LanguageModel` fits. */
export interface SplicingModel<S extends SplicingSequence = SplicingSequence> {
  readonly maxPositions: number;
  readonly eosTokenIds: readonly number[];
  /** An empty sequence. */
  newSequence(): S;
  /** Appends ids, answers the logits behind the last one. */
  step(
    requests: readonly { readonly sequence: S; readonly ids: ArrayLike<number> }[],
  ): Promise<Float32Array[]>;
}
/** A tokenizer: @ashlar/tokenizer's fits. */
export interface SplicingCodec {
  /** Ids of an ordinary text: never control tokens. */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): ArrayLike<number>;
  /** The bytes an id stands for. */
  tokenBytes(id: number): Uint8Array | undefined;
  /** Ids of a conversation by the model's template, with the assistant's turn opened. */
  encodeChat(
    messages: readonly { readonly role: string }[],
    options?: { readonly tools?: readonly JsonObject[] },
  ): ArrayLike<number>;
  /** The text of a token; needed for special tokens, which have no bytes in many tokenizers. */
  idToToken?(id: number): string | undefined;
  readonly eosTokenIds?: readonly number[];
  readonly specialIds?: ReadonlySet<number>;
  /** What unknown characters become; ordinary text may hold it. */
  readonly unkTokenId?: number | undefined;
}
/** Draws ids: @ashlar/sampling's samplers fit. */
export interface SplicingSampler {
  /** Draws the next id from one row of logits. */
  sample(logits: Float32Array): { readonly id: number };
  /** Told of ids that it did not draw. */
  accept?(id: number): void;
}
/** Constrains sampling to a language: masks a row of logits, and is told what was drawn. */
export interface SplicingConstraint {
  /** Forbids ids in place, by setting their logits to -Infinity. */
  mask(logits: Float32Array): void;
  /** Told of the id that was drawn. */
  accept(id: number): void;
  /** True when the constrained text is complete and sampling is free again. */
  readonly done?: boolean;
}
/** The vocabulary of a model, as @ashlar/sampling's constraints take it. */
export interface ConstraintVocabulary {
  readonly vocabSize: number;
  /** The bytes of a token, those of special tokens included. */
  tokenBytes(id: number): Uint8Array | undefined;
  readonly eosTokenIds: readonly number[];
  readonly specialIds: ReadonlySet<number>;
}

/** An engine with something to free. */
export interface DisposableEngine {
  /** Frees the engine's sequence; the model stays. */
  dispose(): void;
}

/** Options of {@link inlineEngine}. */
export interface InlineEngineOptions<S extends SplicingSequence> {
  readonly model: SplicingModel<S>;
  readonly codec: SplicingCodec;
  /** Makes the sampler of a turn. Absent: the most probable id. */
  readonly sampler?: (settings: SamplingSettings) => SplicingSampler;
  /** Makes the constraint of a call that has opened, or of a response format: `schemaConstraint` of `@ashlar/tools/grammar`. */
  readonly constraint?: (
    what: Constrained,
    vocabulary: ConstraintVocabulary,
  ) => SplicingConstraint | undefined;
  /** Encodes a conversation with the origin of every token (`encodeChat` of @ashlar/tokenizer fits): turns then know their positions' labels. */
  readonly labelledChat?: (
    messages: readonly { readonly role: string }[],
    options?: { readonly tools?: readonly JsonObject[] },
  ) => LabelledChat;
  /** Wire format the model writes calls in. */
  readonly format: string;
  /** Most tokens sampled in one turn. Default: as many as the model has positions for. */
  readonly maxNewTokens?: number;
  /** Ids a prompt is fed in at once. Default 512. */
  readonly prefillChunk?: number;
  /** Turns that may be open at once, each in a sequence of its own: one that waits for a tool holds nobody up. Default 4. */
  readonly turns?: number;
}

const known = [
  'model',
  'codec',
  'sampler',
  'constraint',
  'labelledChat',
  'format',
  'maxNewTokens',
  'prefillChunk',
  'turns',
];

const greedy: SplicingSampler = {
  sample(logits) {
    let best = 0;
    for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[best] as number)) best = i;
    return { id: best };
  },
};

/** An engine over a local model. `open` waits while `turns` turns are open. `dispose()` frees the sequence that is kept between turns. */
export function inlineEngine<S extends SplicingSequence>(
  options: InlineEngineOptions<S>,
): Engine & DisposableEngine {
  checkOptions(options, known, 'inlineEngine');
  if (typeof options.model?.newSequence !== 'function')
    throw new TypeError('model: expected a loaded one, as await loadModel(place)');
  if (typeof options.codec?.tokenBytes !== 'function')
    throw new TypeError('codec: expected a tokenizer, as await loadTokenizer(model.assets)');
  const { model, codec, maxNewTokens = model.maxPositions, prefillChunk = 512, turns = 4 } = options;
  const pool = new SequencePool(model, turns);
  const ends = new Set([...model.eosTokenIds, ...(codec.eosTokenIds ?? [])]);
  const specialIds = codec.specialIds ?? new Set<number>();
  const text = (id: number): string => tokenText(codec, id);
  const bytesOf = (id: number): Uint8Array => {
    const bytes = codec.tokenBytes(id);
    return bytes?.length || !specialIds.has(id)
      ? (bytes ?? new Uint8Array())
      : new TextEncoder().encode(text(id));
  };
  const specialTokens = [...specialIds].map(text).filter((t) => t !== '');
  let vocabulary: ConstraintVocabulary | undefined;
  const vocabularyOf = (vocabSize: number): ConstraintVocabulary => ({
    vocabSize,
    tokenBytes: bytesOf,
    eosTokenIds: [...ends],
    specialIds,
  });
  /** Feeds ids in pieces; answers the logits behind the last. */
  const feed = async (sequence: S, ids: readonly number[], signal?: AbortSignal): Promise<Float32Array> => {
    if (sequence.ids.length + ids.length > model.maxPositions)
      throw new RangeError(
        `context: expected at most ${model.maxPositions} tokens, got ${sequence.ids.length + ids.length}`,
      );
    let logits: Float32Array | undefined;
    for (let i = 0; i < ids.length; i += prefillChunk) {
      signal?.throwIfAborted();
      logits = await pool.step(sequence, ids.slice(i, i + prefillChunk));
    }
    if (logits === undefined) throw new RangeError('prompt: expected at least one token');
    return logits;
  };
  const ordinary = (segments: readonly Segment[]): number[] => {
    const ids = segments.flatMap((segment) =>
      Array.from(codec.encode(segment.text, { addSpecialTokens: false })),
    );
    // The unknown token and bytes of a fallback are marked special by some tokenizers; text may hold them.
    const harmless = (id: number): boolean => id === codec.unkTokenId || /^<0x[0-9A-F]{2}>$/.test(text(id));
    const forged = ids.find((id) => (specialIds.has(id) && !harmless(id)) || ends.has(id));
    if (forged !== undefined) throw new Error(`force: ordinary text became the control token ${forged}`);
    return ids;
  };

  return {
    format: options.format,
    specialTokens,
    // Half of the rest is room for an answer and its results.
    maxPromptTokens: Math.floor(model.maxPositions * 0.75),
    acceptsSampling:
      options.sampler === undefined
        ? ['logitBias']
        : [
            'temperature',
            'topP',
            'topK',
            'minP',
            'seed',
            'frequencyPenalty',
            'presencePenalty',
            'maxTokens',
            'logitBias',
          ],
    givesLogprobs: true,
    countTokens: (t) => codec.encode(t, { addSpecialTokens: false }).length,
    async open(messages, request): Promise<EngineTurn> {
      const sequence = await pool.take();
      try {
        return await openTurn(messages, request, sequence);
      } catch (error) {
        pool.give(sequence);
        throw error;
      }
    },
    dispose(): void {
      pool.dispose();
    },
  };

  async function openTurn(
    messages: Parameters<Engine['open']>[0],
    { tools, signal, written = [], sampling = {}, logprobs }: Parameters<Engine['open']>[1],
    sequence: S,
  ): Promise<EngineTurn> {
    const wire = messages.map((m) => wireMessage(m, 'object')) as never;
    // Templates tell an empty list from none.
    const chatOptions = tools.length > 0 ? { tools } : {};
    const labelled = options.labelledChat?.(wire, chatOptions);
    const prompt = Array.from(labelled?.ids ?? codec.encodeChat(wire, chatOptions));
    const begun = written.map((segment) => pieceIds(codec, segment.text, segment.kind === 'special'));
    const ids = [...prompt, ...begun.flat()];
    const positions = labelled === undefined ? undefined : new PositionLabels();
    if (labelled !== undefined) positions?.prompt(labelled, messages);
    positions?.written(
      written,
      begun.map((part) => part.length),
    );
    const cached = sequence.ids;
    let common = 0;
    while (common < cached.length && common < ids.length - 1 && cached[common] === ids[common]) common++;
    sequence.truncate(common);
    let logits = await feed(sequence, ids.slice(common), signal);
    const sampler = options.sampler?.(sampling) ?? greedy;
    for (const id of ids) sampler.accept?.(id);
    const most = Math.min(maxNewTokens, sampling.maxTokens ?? Number.POSITIVE_INFINITY);
    let decoder = new TextDecoder();
    let sampled = 0;
    let last: number | undefined;
    let closed = false;
    let constraint: SplicingConstraint | undefined;
    const end = (reason: EndReason): EnginePiece => ({ type: 'end', reason });
    const bias = sampling.logitBias;
    addBias(new Float32Array(logits.length), bias);
    return {
      promptTail: prompt.slice(-24).map(text).join(''),
      promptTokens: ids.length,
      cachedTokens: common,
      async next(stop): Promise<EnginePiece> {
        if (stop.aborted) return end('abort');
        if (sampled >= most || sequence.ids.length >= model.maxPositions - 1) return end('length');
        // The id drawn last enters the sequence only now, together with what was forced behind it.
        if (last !== undefined) logits = await feed(sequence, [last]);
        const row = Float32Array.from(logits);
        addBias(row, bias);
        constraint?.mask(row);
        const { id } = sampler.sample(row);
        sampled++;
        if (ends.has(id)) {
          last = undefined;
          return { type: 'end', reason: 'stop', tokens: 1 };
        }
        const asked =
          logprobs === undefined ? {} : { logprobs: [tokenLogprob(logits, id, logprobs, bytesOf)] };
        last = id;
        positions?.sampled();
        constraint?.accept(id);
        if (constraint?.done) constraint = undefined;
        if (specialIds.has(id)) {
          decoder = new TextDecoder();
          return { type: 'text', text: text(id), tokens: 1, special: true, ...asked };
        }
        return {
          type: 'text',
          text: decoder.decode(codec.tokenBytes(id) ?? new Uint8Array(), { stream: true }),
          tokens: 1,
          ...asked,
        };
      },
      async force(segments): Promise<number> {
        const parts = segments.map((segment) => ordinary([segment]));
        const forced = parts.flat();
        positions?.forced(
          segments,
          parts.map((part) => part.length),
        );
        const all = last === undefined ? forced : [last, ...forced];
        last = undefined;
        constraint = undefined;
        if (all.length > 0) logits = await feed(sequence, all);
        return forced.length;
      },
      ...(options.constraint === undefined
        ? {}
        : {
            constrain(what: Constrained | undefined): boolean {
              vocabulary ??= vocabularyOf(logits.length);
              constraint = what === undefined ? undefined : options.constraint?.(what, vocabulary);
              return constraint !== undefined;
            },
          }),
      ...(positions === undefined ? {} : { labels: () => positions.all }),
      close(): void {
        if (!closed) pool.give(sequence);
        closed = true;
      },
    };
  }
}
