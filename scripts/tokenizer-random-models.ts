// Random little models and post-processors in the form of tokenizer.json, for tokenizer-pipelines.ts: every option of every model, vocabularies with holes.
type Json = Record<string, unknown>;

/** Sources of randomness: `next(n)` in [0, n). */
export interface Draw {
  next(below: number): number;
}

const pick = <T>(draw: Draw, all: readonly T[]): T => all[draw.next(all.length)] as T;
const flip = (draw: Draw): boolean => draw.next(2) === 1;

/** Characters, most of which a vocabulary gets. */
function alphabet(draw: Draw, atoms: readonly string[]): string[] {
  const all = [...new Set([...atoms.join(''), '\u2581', '\u0120', '\u00c3', '|'])];
  return all.filter(() => draw.next(6) > 0);
}

const byteTokens = (draw: Draw): string[] => {
  const all = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  return flip(draw) ? all : all.filter(() => draw.next(8) > 0);
};

/** A model of any kind with any options. */
export function randomModel(draw: Draw, atoms: readonly string[]): Json {
  return pick(draw, [randomBpe, randomBpe, randomWordPiece, randomWordLevel, randomUnigram])(draw, atoms);
}

const vocabOf = (tokens: Iterable<string>): Record<string, number> =>
  Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));

function randomBpe(draw: Draw, atoms: readonly string[]): Json {
  const prefix = pick(draw, [null, null, '##']);
  const suffix = pick(draw, [null, null, '</w>']);
  // Bytes of a prefix or suffix would count as text in the reference, with offsets behind its end.
  const fallback = prefix === null && suffix === null && flip(draw);
  const chars = alphabet(draw, atoms);
  const forms = new Set<string>();
  for (const c of chars) {
    forms.add(c);
    if (prefix) forms.add(prefix + c);
    if (suffix) forms.add(c + suffix);
    if (prefix && suffix) forms.add(prefix + c + suffix);
  }
  const known = [...forms];
  const merges: [string, string][] = [];
  const seen = new Set<string>();
  const join = (a: string, b: string): void => {
    const rest = prefix && b.startsWith(prefix) ? b.slice(prefix.length) : b;
    if (seen.has(`${a} ${b}`) || a.includes(' ') || b.includes(' ')) return;
    seen.add(`${a} ${b}`);
    merges.push([a, b]);
    known.push(a + rest);
  };
  // Merges that occur in the atoms, and some that follow from nothing.
  for (let i = 0; i < 80; i++) {
    const atom = [...pick(draw, atoms)];
    const at = draw.next(Math.max(1, atom.length - 1));
    const a = (at > 0 && prefix ? prefix : '') + (atom[at] ?? '');
    const b = (prefix ?? '') + (atom[at + 1] ?? '') + (suffix && at + 2 >= atom.length ? suffix : '');
    if (forms.has(a) && forms.has(b)) join(a, b);
    else join(pick(draw, known), pick(draw, prefix ? known.filter((t) => t.startsWith(prefix)) : known));
  }
  const unk = pick(draw, [null, '<unk>', '<unk>']);
  const tokens = new Set(['<unk>', ...(fallback ? byteTokens(draw) : []), ...known]);
  return {
    type: 'BPE',
    dropout: null,
    unk_token: unk,
    continuing_subword_prefix: prefix,
    end_of_word_suffix: suffix,
    fuse_unk: flip(draw),
    byte_fallback: fallback,
    ignore_merges: draw.next(3) === 0,
    vocab: vocabOf(tokens),
    merges,
  };
}

function pieces(draw: Draw, atoms: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < 70; i++) {
    const text = [...(pick(draw, atoms) + (flip(draw) ? pick(draw, atoms) : ''))];
    const from = draw.next(text.length);
    out.push(text.slice(from, from + 1 + draw.next(5)).join(''));
  }
  return out.filter((text) => text !== '');
}

function randomWordPiece(draw: Draw, atoms: readonly string[]): Json {
  const prefix = pick(draw, ['##', '##', '', '_']);
  const all = [...alphabet(draw, atoms), ...pieces(draw, atoms)];
  const tokens = ['[UNK]', ...all.filter(() => draw.next(4) > 0), ...all.map((text) => prefix + text)];
  return {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: prefix,
    max_input_chars_per_word: pick(draw, [100, 100, 4]),
    vocab: vocabOf(tokens),
  };
}

function randomWordLevel(draw: Draw, atoms: readonly string[]): Json {
  const tokens = [
    '<unk>',
    ...alphabet(draw, atoms),
    ...pieces(draw, atoms),
    ...atoms.filter(() => flip(draw)),
  ];
  return { type: 'WordLevel', unk_token: '<unk>', vocab: vocabOf(tokens) };
}

function randomUnigram(draw: Draw, atoms: readonly string[]): Json {
  const fallback = draw.next(3) === 0;
  const tokens = new Set([
    '<unk>',
    ...(fallback ? byteTokens(draw) : []),
    ...alphabet(draw, atoms),
    ...pieces(draw, atoms),
  ]);
  // Scores from a coarse grid, so that ties occur.
  return {
    type: 'Unigram',
    unk_id: 0,
    byte_fallback: fallback,
    vocab: [...tokens].map((token, id) => [token, id === 0 ? 0 : -(1 + draw.next(12)) / 2]),
  };
}

/** A post-processor of any kind over the tokens there are. */
export function randomPostProcessor(draw: Draw, tokens: readonly (readonly [string, number])[]): Json {
  const special = (): readonly [string, number] => pick(draw, tokens);
  return pick<() => Json>(draw, [
    () => ({ type: 'BertProcessing', sep: special(), cls: special() }),
    () => ({
      type: 'RobertaProcessing',
      sep: special(),
      cls: special(),
      trim_offsets: flip(draw),
      add_prefix_space: flip(draw),
    }),
    () => ({ type: 'ByteLevel', add_prefix_space: flip(draw), trim_offsets: flip(draw), use_regex: true }),
    () => randomTemplate(draw, special),
    () => ({
      type: 'Sequence',
      processors: [
        { type: 'ByteLevel', add_prefix_space: flip(draw), trim_offsets: flip(draw), use_regex: true },
        randomTemplate(draw, special),
      ],
    }),
  ])();
}

function randomTemplate(draw: Draw, special: () => readonly [string, number]): Json {
  const used = new Map<string, Json>();
  const token = (): Json => {
    const [text, id] = special();
    used.set(text, { id: text, ids: [id], tokens: [text] });
    return { SpecialToken: { id: text, type_id: draw.next(3) } };
  };
  const some = (): Json[] => Array.from({ length: draw.next(3) }, token);
  const sequence = (id: 'A' | 'B'): Json => ({ Sequence: { id, type_id: draw.next(3) } });
  return {
    type: 'TemplateProcessing',
    single: [...some(), sequence('A'), ...some()],
    pair: [...some(), sequence('A'), ...some(), sequence('B'), ...some()],
    special_tokens: Object.fromEntries(used),
  };
}
