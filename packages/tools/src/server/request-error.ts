// A request that is refused, in OpenAI's words.

/** A request that is refused, with the HTTP status and OpenAI's error fields. */
export class RequestError extends Error {
  readonly status: number;
  readonly param: string | null;
  readonly code: string | null;
  constructor(status: number, message: string, param: string | null = null, code: string | null = null) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.param = param;
    this.code = code;
  }
}

/** `param: expected ...`. */
export const wrong = (param: string, expected: string): RequestError =>
  new RequestError(400, `${param}: expected ${expected}`, param, 'invalid_value');
/** `param: not supported`, which nobody may take for a field that was heeded. */
export const unsupported = (param: string, what = 'not supported'): RequestError =>
  new RequestError(400, `${param}: ${what}`, param, 'unsupported_parameter');
