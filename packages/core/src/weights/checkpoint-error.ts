import { printable } from './printable.ts';

/**
 * A checkpoint file is not what its format promises: `model.gguf: tensor_count: expected at most 65536, got 4294967295`.
 * Every reader throws this and nothing else for a damaged or hostile file.
 */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  /** The file's name, as given. */
  readonly file: string;
  /** Which field of the file. */
  readonly field: string;
  /** What the format allows there. */
  readonly expected: string;
  /** What was found, shortened. */
  readonly actual: string;

  constructor(file: string, field: string, expected: string, actual: unknown, options?: ErrorOptions) {
    const found = describe(actual);
    super(printable(`${file}: ${field}: expected ${expected}, got ${found}`), options);
    this.file = file;
    this.field = field;
    this.expected = expected;
    this.actual = found;
  }
}

const longest = 80;

function describe(value: unknown): string {
  const text = typeof value === 'string' ? value : typeof value === 'object' ? json(value) : String(value);
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
