// Characters that are one when case is ignored: those with the same simple case folding (CaseFolding.txt, C and S), from the platform's own case mappings.
/** Characters beyond ASCII that fold to a letter of it. */
const BEYOND: Readonly<Record<string, string>> = { s: '\u017f', k: '\u212a' };

let groups: Map<string, string[]> | undefined;

/** The other characters that fold to what `char` folds to. Foldings to several characters (`\u00df` and `ss`) are left out. */
export function otherCases(char: string): string[] {
  // Most patterns ask for ASCII only, which needs no table.
  if (char < '\x80') {
    const pair = [char.toLowerCase(), char.toUpperCase(), ...(BEYOND[char.toLowerCase()] ?? '')];
    return [...new Set(pair)].filter((other) => other !== char);
  }
  groups ??= groupsOfCase();
  return (groups.get(foldOf(char)) ?? []).filter((other) => other !== char);
}

function groupsOfCase(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let code = 0x41; code < 0x1_f000; code++) {
    if (code === 0x3000) code = 0xa640; // no case in between
    if (code === 0xd800) code = 0xfb00;
    const char = String.fromCodePoint(code);
    const fold = foldOf(char);
    const group = found.get(fold);
    if (group !== undefined) group.push(char);
    else if (fold !== char || char.toUpperCase() !== char)
      found.set(fold, fold < char ? [fold, char] : [char]);
  }
  return found;
}

function foldOf(char: string): string {
  if (char === '\u0131') return char; // dotless i: its capital is the other i's
  const upper = char.toUpperCase();
  return single(single(upper) ? upper.toLowerCase() : char.toLowerCase()) || char;
}

/** The text when it is one character, else ''. */
function single(text: string): string {
  const [first, ...rest] = text;
  return rest.length === 0 ? (first ?? '') : '';
}
