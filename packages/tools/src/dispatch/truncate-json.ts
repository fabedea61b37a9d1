// A long structured result is shortened by its parts, so that what the model sees is still JSON (rule 27): long texts keep their beginning, long lists
// and objects their first entries, and each says how much was left out. The whole value lies in the store under its handle.
import { isObject, type Json, setOwn, writeJson } from '../json.ts';

/** `value` as JSON text of at most about `limit` tokens; `count` may be called several times. */
export function truncateJson(
  value: Json,
  limit: number,
  handle: string,
  count: (text: string) => number,
): { readonly text: string; readonly cut: boolean } {
  const whole = writeJson(value);
  // A text can have no more tokens than bytes, so long texts are not counted whole.
  if (whole.length <= limit * 64 && count(whole) <= limit) return { text: whole, cut: false };
  const note = `\n[shortened; read more with handle ${handle}]`;
  const room = limit - count(note);
  const fits = (most: number): boolean => {
    const text = writeJson(shortened(value, most, 0));
    return text.length <= limit * 64 && count(text) <= room;
  };
  let low = 0;
  let high = 1;
  while (high < 65_536 && fits(high)) high *= 2;
  while (low < high - 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return { text: writeJson(shortened(value, low, 0)) + note, cut: true };
}

/** Texts of at most `most` code points times eight, lists and objects of at most `most` entries, deep ones of none. */
function shortened(value: Json, most: number, depth: number): Json {
  if (typeof value === 'string') {
    const longest = most * 8;
    if (value.length <= longest) return value;
    const head = value.slice(0, longest).replace(/[\ud800-\udbff]$/, '');
    return `${head}[... ${value.length - head.length} characters]`;
  }
  if (Array.isArray(value)) {
    const kept = depth > 32 ? [] : value.slice(0, most).map((item) => shortened(item, most, depth + 1));
    return kept.length < value.length ? [...kept, `[... ${value.length - kept.length} items]`] : kept;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const kept = depth > 32 ? [] : entries.slice(0, most);
  const out: Record<string, Json> = {};
  for (const [key, item] of kept) setOwn(out, key, shortened(item, most, depth + 1));
  if (kept.length < entries.length) setOwn(out, '...', `${entries.length - kept.length} more`);
  return out;
}
