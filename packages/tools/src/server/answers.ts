// Answers over HTTP: JSON, errors in OpenAI's shape, and streams of server-sent events that stop the model when the client goes away.
import { type JsonObject, writeJson } from '../json.ts';
import { RequestError } from './request-error.ts';

/** A JSON answer. */
export const json = (body: JsonObject, status = 200): Response =>
  new Response(writeJson(body), { status, headers: { 'content-type': 'application/json' } });

const errorBody = (message: string, type: string, param: string | null, code: string | null): JsonObject => ({
  error: { message, type, param, code },
});

/** The answer to an error; what went wrong inside a model is nobody's business outside. */
export function errorAnswer(error: unknown): Response {
  const { body, status } = described(error);
  return json(body, status);
}

function described(error: unknown): { body: JsonObject; status: number } {
  if (error instanceof RequestError)
    return {
      status: error.status,
      body: errorBody(error.message, 'invalid_request_error', error.param, error.code),
    };
  if (error instanceof RangeError) {
    const long = error.message.startsWith('context:');
    const bias = error.message.startsWith('logit_bias:');
    return {
      status: 400,
      body: errorBody(
        error.message,
        'invalid_request_error',
        long ? 'messages' : bias ? 'logit_bias' : null,
        long ? 'context_length_exceeded' : bias ? 'invalid_value' : null,
      ),
    };
  }
  return { status: 500, body: errorBody('the model failed', 'server_error', null, null) };
}

/** A fresh id. */
export const freshId = (prefix: string): string => `${prefix}-${crypto.randomUUID().replace(/-/g, '')}`;

/**
 * The events as a stream. The first is waited for, so that what goes wrong until then has a proper status; a client that goes away, or `signal`,
 * ends the generation by `stop`.
 */
export async function eventStream(
  events: AsyncGenerator<JsonObject>,
  signal: AbortSignal,
  stop: () => void,
): Promise<Response> {
  signal.addEventListener('abort', stop, { once: true });
  let first: IteratorResult<JsonObject> | undefined = await events.next();
  const encoder = new TextEncoder();
  const over = (): void => signal.removeEventListener('abort', stop);
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        const say = (text: string): void => stream.enqueue(encoder.encode(`data: ${text}\n\n`));
        try {
          const { value, done } = first ?? (await events.next());
          first = undefined;
          if (!done) {
            say(writeJson(value));
            return;
          }
          say('[DONE]');
        } catch (error) {
          say(writeJson(described(error).body));
        }
        over();
        stream.close();
      },
      async cancel() {
        over();
        stop();
        await events.return(undefined).catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    },
  });
}
