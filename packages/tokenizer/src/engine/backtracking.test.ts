// Encoding by backtracking against the textbook's merging: learned vocabularies, and arbitrary ones, where many tokens cannot be reached by merging.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alphabetToBytes } from '../byte-alphabet.ts';
import { PairTable } from '../models/pair-table.ts';
import { referenceBpe } from '../reference-bpe.ts';
import { trainBpe } from '../trainers/bpe-trainer.ts';
import { PieceCounts } from '../trainers/piece-counts.ts';
import { encodeUtf8 } from '../unicode/utf8.ts';
import { Backtracking, LONGEST_BACKTRACKED } from './backtracking.ts';
import { Merging } from './merging.ts';
import { TextBuffer } from './text-buffer.ts';
import { TokenPrefixes } from './token-prefixes.ts';
import { TokenTable } from './token-table.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const buffer = new TextBuffer();

function backtrackingOf(tokens: readonly (Uint8Array | undefined)[], pairs?: PairTable): Backtracking {
  const prefixes = new TokenPrefixes(TokenTable.from(tokens));
  const { table } = prefixes;
  const merging = new Merging({ table, ...(pairs && { pairs }) }, prefixes);
  return new Backtracking(prefixes, pairs, merging);
}

function encode(backtracking: Backtracking, piece: Uint8Array): number[] | undefined {
  const out = new Int32Array(piece.length + 2);
  const end = buffer.setBytes(piece);
  const after = backtracking.encode(buffer.view, 0, end, out, 1);
  return after < 0 ? undefined : [...out.subarray(1, after)];
}

/** Merging by explicit rules, the least rank first and of equal ones the leftmost. */
function mergeByRules(pairs: PairTable, symbols: number[]): number[] {
  for (;;) {
    let best = -1;
    let where = -1;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rule = pairs.lookUp(symbols[i], symbols[i + 1]);
      if (rule >= 0 && (best < 0 || pairs.rankAt(rule) < pairs.rankAt(best))) {
        best = rule;
        where = i;
      }
    }
    if (best < 0) return symbols;
    symbols.splice(where, 2, pairs.idAt(best));
  }
}

const word = (least: number, most: number) =>
  fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: least, maxLength: most }).map((a) => a.join(''));
const runs = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'ab', 'aab'), fc.nat(9)), { maxLength: 6 });
const piece = fc.oneof(
  word(1, 30),
  runs.map((parts) => `a${parts.map(([unit, times]) => unit.repeat(times)).join('')}`),
);

const ranksOf = (tokens: readonly Uint8Array[]) => {
  const ids = new Map(tokens.map((token, id) => [token.join(), id]));
  return (part: Uint8Array) => ids.get(part.join());
};
const pieces = fc.array(piece, { minLength: 1, maxLength: 8 });

describe('encoding by backtracking', () => {
  it('is merging by ranks, for every vocabulary that was learned', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(piece, fc.integer({ min: 1, max: 9 })), { maxLength: 8 }),
        pieces,
        (learned, texts) => {
          const counts = new PieceCounts();
          for (const [text, times] of learned) counts.add(text, times);
          const { merges } = trainBpe(counts, { vocabSize: 256 + 40 });
          const joined = merges.map(([left, right]) => alphabetToBytes(left + right) as Uint8Array);
          const tokens = [...bytes.map(latin1), ...joined];
          const backtracking = backtrackingOf(tokens);
          for (const source of [...texts, ...learned.map(([text]) => text)].map(latin1))
            expect(encode(backtracking, source)).toEqual(referenceBpe(source, ranksOf(tokens)));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is merging by ranks or nothing, whatever the tokens and their order are', () => {
    let found = 0;
    const words = fc.uniqueArray(fc.oneof(word(2, 5), word(2, 14)), { maxLength: 40 });
    fc.assert(
      fc.property(words, pieces, (extra, texts) => {
        const tokens = [...bytes, ...extra].map(latin1);
        const backtracking = backtrackingOf(tokens);
        for (const source of texts.map(latin1)) {
          const ids = encode(backtracking, source);
          if (ids === undefined) continue;
          found++;
          expect(ids).toEqual(referenceBpe(source, ranksOf(tokens)));
        }
      }),
      { numRuns: 1200 },
    );
    expect(found).toBeGreaterThan(400);
  });

  it('is merging by rules or nothing, in whatever order they come', () => {
    let found = 0;
    const choices = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 60 })), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(choices, fc.boolean(), pieces, (chosen, rises, texts) => {
        // Rules join tokens made before them; several may give one token.
        const tokens = [...bytes];
        const usable = [97, 98, 99];
        const pairs = new PairTable(16);
        const ranks = new Set<number>();
        chosen.forEach(([a, b, any], i) => {
          const left = usable[a % usable.length];
          const right = usable[b % usable.length];
          const joined = tokens[left] + tokens[right];
          const rank = rises ? i : any;
          if (joined.length > 12 || ranks.has(rank) || pairs.lookUp(left, right) >= 0) return;
          let id = tokens.indexOf(joined);
          if (id < 0) {
            id = tokens.push(joined) - 1;
            usable.push(id);
          }
          ranks.add(rank);
          pairs.set(left, right, rank, id);
        });
        const backtracking = backtrackingOf(tokens.map(latin1), pairs);
        for (const source of texts.map(latin1)) {
          const ids = encode(backtracking, source);
          if (ids === undefined) continue;
          found++;
          expect(ids).toEqual(mergeByRules(pairs, [...source]));
        }
      }),
      { numRuns: 1200 },
    );
    expect(found).toBeGreaterThan(400);
  });

  it('of a piece that has no encoding in tokens of the table is none', () => {
    // The rule's token has no bytes in the table, as those of control tokens.
    const pairs = new PairTable(4);
    pairs.set(97, 98, 0, 256);
    const backtracking = backtrackingOf([...bytes.map(latin1), undefined], pairs);
    expect(encode(backtracking, latin1('cabc'))).toBeUndefined();
    expect(encode(backtracking, latin1('cbac'))).toEqual([99, 98, 97, 99]);
  });

  it('the longest pieces have room', () => {
    const backtracking = backtrackingOf(bytes.map(latin1));
    const longest = encodeUtf8('xyz'.repeat(LONGEST_BACKTRACKED).slice(0, LONGEST_BACKTRACKED));
    expect(encode(backtracking, longest)).toEqual([...longest]);
  });
});
