// Byte-pair encoding by ranks alone, as tiktoken defines it: a piece that is a token is that token; else neighbours merge whose joined bytes are a token,
// lowest rank first. In the stages its pieces are written in GPT-2's byte alphabet, like those of any byte-level model.
import { alphabetToBytes, bytesToAlphabet } from '../byte-alphabet.ts';
import { BytePairEngine } from '../engine/byte-pair-engine.ts';
import { TextBuffer } from '../engine/text-buffer.ts';
import type { TokenTable } from '../engine/token-table.ts';
import { referenceBpe } from '../reference-bpe.ts';
import type { MergeStep, Model, ModelConfig, ModelOptions, ModelToken } from './model.ts';

export class TiktokenModel implements Model {
  readonly engine: BytePairEngine;
  readonly size: number;
  private readonly table: TokenTable;
  private readonly buffer = new TextBuffer();

  constructor(table: TokenTable, cacheBytes?: number) {
    const missing = table.byteId.indexOf(-1);
    if (missing >= 0)
      throw new RangeError(`ranks: expected a token for every byte, 0x${missing.toString(16)} has none`);
    this.table = table;
    this.engine = new BytePairEngine({
      table,
      wholePieces: true,
      ...(cacheBytes === undefined ? {} : { cacheBytes }),
    });
    this.size = table.size;
  }

  tokenize(piece: string, options: ModelOptions = {}): ModelToken[] {
    const bytes = alphabetToBytes(piece);
    if (bytes === undefined)
      throw new TypeError(
        'piece: expected text in the byte alphabet, put a ByteLevel pre-tokenizer before the model',
      );
    const sampled = options.dropout ? this.withDropout(bytes, options) : undefined;
    const count = sampled?.length ?? this.engine.encodePiece(this.buffer, 0, this.buffer.setBytes(bytes), 0);
    const out = sampled ?? this.engine.out;
    const tokens: ModelToken[] = [];
    let unit = 0; // in characters of the piece, one a byte
    let at = 0; // in UTF-8 bytes of the piece
    for (let i = 0; i < count; i++) {
      const id = out[i];
      const start = at;
      for (let k = this.table.bytesOf(id).length; k > 0; k--) at += piece.charCodeAt(unit++) < 0x80 ? 1 : 2;
      tokens.push({ id, start, end: at });
    }
    return tokens;
  }

  tokenToId(token: string): number | undefined {
    const bytes = alphabetToBytes(token);
    if (bytes === undefined || bytes.length === 0) return undefined;
    const id = this.table.idOf(bytes);
    return id < 0 ? undefined : id;
  }

  idToToken(id: number): string | undefined {
    if (!(id >= 0 && id < this.size)) return undefined;
    const bytes = this.table.bytesOf(id);
    return bytes.length === 0 ? undefined : bytesToAlphabet(bytes);
  }

  explain(piece: string): MergeStep[] {
    const bytes = alphabetToBytes(piece);
    if (bytes === undefined || this.table.idOf(bytes) >= 0) return [];
    const steps: MergeStep[] = [];
    let before = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
    const onMerge = (rank: number, parts: readonly Uint8Array[]) => {
      const at = parts.findIndex((part, i) => part.length !== before[i].length);
      const [left, right] = [before[at], before[at + 1]].map(bytesToAlphabet);
      steps.push({ left, right, rank, symbols: parts.map(bytesToAlphabet) });
      before = [...parts];
    };
    referenceBpe(bytes, (part) => this.rankOf(part), { onMerge });
    return steps;
  }

  private rankOf(part: Uint8Array): number | undefined {
    const id = this.table.idOf(part);
    return id < 0 ? undefined : id;
  }

  /** The bytes of a rank; empty when it has none. */
  bytesOf(rank: number): Uint8Array {
    return this.table.bytesOf(rank);
  }

  /** As byte-level BPE with every pair that joins to a token, in the order of ranks, as Hugging Face's converter writes it. */
  config(): ModelConfig {
    const vocab: Record<string, number> = Object.create(null);
    const merges: { rank: number; left: number; right: number }[] = [];
    for (let id = 0; id < this.size; id++) {
      const bytes = this.table.bytesOf(id);
      if (bytes.length === 0) continue;
      vocab[bytesToAlphabet(bytes)] = id;
      const { view, offsets } = this.table;
      for (let cut = offsets[id] + 1; cut < offsets[id + 1]; cut++) {
        const left = this.table.find(view, offsets[id], cut);
        const right = this.table.find(view, cut, offsets[id + 1]);
        if (left >= 0 && right >= 0) merges.push({ rank: id, left, right });
      }
    }
    merges.sort((a, b) => a.rank - b.rank || a.left - b.left || a.right - b.right);
    return {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab,
      merges: merges.map(({ left, right }) => [
        bytesToAlphabet(this.table.bytesOf(left)),
        bytesToAlphabet(this.table.bytesOf(right)),
      ]),
    };
  }

  private withDropout(bytes: Uint8Array, options: ModelOptions): number[] {
    const { dropout, uniform } = options;
    if (uniform === undefined)
      throw new TypeError('dropout: expected a `uniform` source of random numbers beside it');
    return referenceBpe(bytes, (part) => this.rankOf(part), { dropout: dropout ?? 0, uniform });
  }
}
