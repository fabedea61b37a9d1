// Gemma 4's arguments: `{city:<|"|>Paris<|"|>,n:3,tags:[<|"|>a<|"|>]}`. Strings have no escapes, they run to the next `<|"|>`; keys are bare
// or quoted the same way. Numbers, true/false/null and Python's spellings of them. A bare word that is none of these is text.
import { type Json, setOwn, toNumber } from '../json.ts';

const quote = '<|"|>';
const words: Readonly<Record<string, Json>> = {
  true: true,
  false: false,
  null: null,
  True: true,
  False: false,
  None: null,
};

/** The value of a complete Gemma argument text. @throws SyntaxError when it is cut or malformed. */
export function readGemma(text: string): Json {
  let at = 0;
  const wrong = (what: string): SyntaxError => new SyntaxError(`gemma arguments: ${what} at offset ${at}`);
  const space = (): void => {
    while (/\s/.test(text[at] ?? '')) at++;
  };
  const take = (token: string): boolean => {
    space();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const string = (): string => {
    const end = text.indexOf(quote, at);
    if (end < 0) throw wrong('unterminated string');
    const value = text.slice(at, end);
    at = end + quote.length;
    return value;
  };
  const bare = (stop: RegExp): string => {
    const start = at;
    while (at < text.length && !stop.test(text[at] as string)) at++;
    if (at === start) throw wrong('expected a value');
    return text.slice(start, at).trim();
  };
  const value = (depth: number): Json => {
    if (depth > 256) throw wrong('nesting deeper than 256');
    if (take(quote)) return string();
    if (take('{')) {
      const object: Record<string, Json> = {};
      if (take('}')) return object;
      for (;;) {
        const key = take(quote) ? string() : bare(/[:{}[\],]/).replace(/^"(.*)"$/, '$1');
        if (Object.hasOwn(object, key)) throw wrong(`duplicate key ${JSON.stringify(key)}`);
        if (!take(':')) throw wrong('expected :');
        setOwn(object, key, value(depth + 1));
        if (take(',')) continue;
        if (!take('}')) throw wrong('expected , or }');
        return object;
      }
    }
    if (take('[')) {
      const list: Json[] = [];
      if (take(']')) return list;
      for (;;) {
        list.push(value(depth + 1));
        if (take(',')) continue;
        if (!take(']')) throw wrong('expected , or ]');
        return list;
      }
    }
    const word = bare(/[,{}[\]]/);
    if (Object.hasOwn(words, word)) return words[word] as Json;
    return /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word) ? toNumber(word) : word.replace(/^"(.*)"$/, '$1');
  };
  const result = value(0);
  space();
  if (at < text.length) throw wrong('text after the value');
  return result;
}
