// Ordinary text, without special tokens, to ids.
export interface StretchEncoder {
  /** The ids of a text, behind `prefix` spaces. */
  encode(text: string, prefix: 0 | 1): number[];
  /** How many they are, or some number beyond `limit`. */
  count(text: string, prefix: 0 | 1, limit: number): number;
}
