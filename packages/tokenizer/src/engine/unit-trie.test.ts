import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UnitTrie } from './unit-trie.ts';

const found = (trie: UnitTrie, text: string, start: number, node: number): [number, number][] =>
  Array.from({ length: trie.walk(text, start, node) }, (_, i) => [trie.values[i], trie.ends[i]]);

it('a walk finds every token that begins there, the shortest first, as a search through all of them does', () => {
  const token = fc
    .array(fc.constantFrom('a', 'b', '\u2581', '\u65e5', '\ud83d', '\ude00', '\0'), {
      minLength: 1,
      maxLength: 20,
    })
    .map((units) => units.join(''));
  fc.assert(
    fc.property(
      fc.uniqueArray(token, { maxLength: 60 }),
      token,
      token,
      fc.nat(5),
      (tokens, text, prefix, start) => {
        const trie = new UnitTrie();
        tokens.forEach((each, id) => {
          trie.insert(each, id);
        });
        const slow = (before: string) =>
          tokens
            .flatMap((each, id): [number, number][] => {
              const rest = each.slice(before.length);
              return each.startsWith(before) && rest !== '' && text.startsWith(rest, start)
                ? [[id, start + rest.length]]
                : [];
            })
            .sort((x, y) => x[1] - y[1]);
        expect(found(trie, text, start, 0)).toEqual(slow(''));
        const node = trie.nodeOf(prefix);
        expect(node >= 0).toBe(tokens.some((each) => each.startsWith(prefix)));
        if (node >= 0) expect(found(trie, text, start, node)).toEqual(slow(prefix));
      },
    ),
  );
});

it('a trie of thousands of tokens, which has grown, knows them all', () => {
  const trie = new UnitTrie();
  const token = (id: number) => `${id.toString(3)}.`;
  for (let id = 0; id < 5000; id++) trie.insert(token(id), id);
  for (let id = 0; id < 5000; id++) expect(found(trie, token(id), 0, 0)).toEqual([[id, token(id).length]]);
});
