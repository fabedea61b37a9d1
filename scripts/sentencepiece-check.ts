// Our reading of SentencePiece models against what the library said (sentencepiece-cases.py): ids and decodings. Run:
// `node --conditions=@ashlar/source --import tsx scripts/sentencepiece-check.ts DIRECTORY`; the first differences of each model are printed; exit status 1.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSentencePiece } from '@ashlar/tokenizer';

interface Cases {
  readonly options: object;
  readonly cases: readonly { text: string; ids: number[]; decoded: string }[];
  readonly ids: readonly { ids: number[]; decoded: string }[];
}

const directory = process.argv[2] as string;
let compared = 0;
let differing = 0;
for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
  const { options, cases, ids } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Cases;
  const tokenizer = readSentencePiece(readFileSync(join(directory, file.replace('.json', '.model'))));
  let wrong = 0;
  const check = (what: string, expected: unknown, got: unknown): void => {
    compared++;
    if (JSON.stringify(expected) === JSON.stringify(got)) return;
    differing++;
    if (++wrong > 3) return;
    if (wrong === 1) console.log(file, JSON.stringify(options));
    console.log(`  ${what}\n    library ${JSON.stringify(expected)}\n    ours    ${JSON.stringify(got)}`);
  };
  const bare = { addSpecialTokens: false } as const;
  // The library writes an unknown piece as " \u2047 "; we leave it out with the control tokens, as Hugging Face does.
  const unknown = tokenizer.unkTokenId;
  for (const row of cases) {
    const what = JSON.stringify(row.text);
    check(`ids of ${what}`, row.ids, tokenizer.encode(row.text, bare));
    check(`ids with offsets of ${what}`, row.ids, tokenizer.encodeDetailed(row.text, bare).ids);
    if (!row.ids.includes(unknown ?? -1))
      check(
        `text of ${JSON.stringify(row.ids)}`,
        row.decoded,
        tokenizer.decode(row.ids, { skipSpecialTokens: row.ids.every((id) => id !== unknown) }),
      );
  }
  for (const row of ids)
    if (!row.ids.includes(unknown ?? -1))
      check(
        `text of ${JSON.stringify(row.ids)}`,
        row.decoded,
        tokenizer.decode(row.ids, { skipSpecialTokens: row.ids.every((id) => id !== unknown) }),
      );
}
console.log(`${compared} comparisons, ${differing} differences`);
process.exit(differing > 0 ? 1 : 0);
