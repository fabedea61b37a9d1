/**
 * A chat template that cannot be parsed, asks for what its values do not have, calls `raise_exception`, or goes over a
 * limit. The message starts with the line of the template.
 */
export class ChatTemplateError extends Error {
  /** `syntax` (while compiling), `runtime`, `raised` (by the template's own `raise_exception`) or `limit`. */
  readonly reason: 'syntax' | 'runtime' | 'raised' | 'limit';
  /** Line of the template, from 1; undefined when it is not known. */
  readonly line: number | undefined;
  /** The message without the line. */
  readonly detail: string;

  constructor(reason: ChatTemplateError['reason'], detail: string, line?: number) {
    super(line === undefined ? `chat template: ${detail}` : `chat template line ${line}: ${detail}`);
    this.name = 'ChatTemplateError';
    this.reason = reason;
    this.detail = detail;
    this.line = line;
  }
}

/** The error of a value that Python would refuse (TypeError, ValueError, UndefinedError ...). */
export function fail(detail: string): never {
  throw new ChatTemplateError('runtime', detail);
}
