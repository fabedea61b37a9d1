// The expressions that have a scanner, by their exact source.
import type { Scanner } from './character-classes.ts';
import { cl100kScanner } from './cl100k-scanner.ts';
import { gpt2Scanner } from './gpt2-scanner.ts';
import { o200kScanner } from './o200k-scanner.ts';

/** GPT-2's split. */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
/** The split of cl100k_base and Llama 3. */
export const CL100K_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** Qwen 2's split: cl100k's with single digits. */
export const QWEN2_PATTERN = CL100K_PATTERN.replace('\\p{N}{1,3}', '\\p{N}');
/** The split of o200k_base. */
export const O200K_PATTERN =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** The split of Mistral's Tekken: o200k's with single digits and without contractions. */
export const TEKKEN_PATTERN = O200K_PATTERN.replaceAll("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", '').replace(
  '\\p{N}{1,3}',
  '\\p{N}',
);

const gpt2 = /* @__PURE__ */ gpt2Scanner(false);
const cl100k = /* @__PURE__ */ cl100kScanner(3);
const o200k = /* @__PURE__ */ o200kScanner(3, true);

/** The same split with the other ways of writing it that occur: `(?i:[sdmt]|ll|ve|re)` and possessive quantifiers. */
const KNOWN: ReadonlyMap<string, Scanner> = new Map<string, Scanner>([
  [GPT2_PATTERN, gpt2],
  ["'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s", gpt2],
  ["'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", gpt2],
  [CL100K_PATTERN, cl100k],
  [
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
    /* @__PURE__ */ cl100kScanner(3, true),
  ],
  [QWEN2_PATTERN, /* @__PURE__ */ cl100kScanner(1)],
  [CL100K_PATTERN.replace('\\p{N}{1,3}', '\\p{N}{1,2}'), /* @__PURE__ */ cl100kScanner(2)],
  [O200K_PATTERN, o200k],
  [TEKKEN_PATTERN, /* @__PURE__ */ o200kScanner(1, false)],
]);

/** The scanner of an expression, or undefined. */
export const knownScanner = (source: string): Scanner | undefined => KNOWN.get(source);
