// What makes the demo pleasant in a terminal: colours where they are wanted, words that wrap whole while they stream, a bar while weights load.
const colours = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], cyan: [36, 39] } as const;
const coloured = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;

/** The text in a colour or weight; plain when the output is no terminal or NO_COLOR is set. */
export function paint(style: keyof typeof colours, text: string): string {
  const [on, off] = colours[style];
  return coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/** A writer for streamed text that breaks lines between words; `indent` columns are kept free on the left. */
export function wrapper(indent = 0): (text: string, visible?: number) => void {
  // Some pseudo-terminals say 0.
  const width = Math.min(process.stdout.columns || 100, 100);
  let column = indent;
  let word = '';
  const flush = () => {
    if (word === '') return;
    if (column + word.length > width && column > indent) {
      process.stdout.write(`\n${' '.repeat(indent)}`);
      column = indent;
      word = word.trimStart();
    }
    process.stdout.write(word);
    column += word.length;
    word = '';
  };
  return (text, visible) => {
    if (visible !== undefined) {
      process.stdout.write(text);
      column += visible;
      return;
    }
    for (const char of text) {
      if (char === '\n') {
        flush();
        process.stdout.write(`\n${' '.repeat(indent)}`);
        column = indent;
      } else if (char === ' ') {
        flush();
        word = ' ';
      } else word += char;
    }
    // A terminal shows each piece as it comes; a word that may still grow past the edge waits for its end only near the edge.
    if (column + word.length + 12 < width) flush();
  };
}

/** A bar on one line, drawn on terminals only, after a moment's patience, and wiped when full. */
export function bar(label: string): (share: number) => void {
  let drawn = -1;
  const begun = performance.now();
  return (share) => {
    if (process.stdout.isTTY !== true || (drawn < 0 && performance.now() - begun < 300)) return;
    const cells = Math.floor(share * 30);
    if (cells === drawn) return;
    drawn = cells;
    process.stdout.write(
      share >= 1
        ? '\r\u001b[K'
        : `\r${label} ${'━'.repeat(cells)}${' '.repeat(30 - cells)} ${Math.round(share * 100)} %`,
    );
  };
}
