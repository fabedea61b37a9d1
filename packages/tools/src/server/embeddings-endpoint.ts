// /v1/embeddings.
import { estimateTokens } from '../dispatch/truncate-result.ts';
import type { JsonObject } from '../json.ts';
import { json } from './answers.ts';
import { wrong } from './request-error.ts';
import { checkFields, countOf } from './request-fields.ts';

/** What embeds, and counts. */
export interface Embedder {
  readonly embed: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  readonly countTokens?: (text: string) => number;
}

/** Answers a body. @throws RequestError */
export async function embeddingsAnswer(
  body: JsonObject,
  { embed, countTokens }: Embedder,
): Promise<Response> {
  checkFields(body, ['model', 'input', 'encoding_format', 'dimensions']);
  const input = typeof body['input'] === 'string' ? [body['input']] : body['input'];
  if (
    !Array.isArray(input) ||
    input.length === 0 ||
    input.length > 2048 ||
    input.some((t) => typeof t !== 'string' || t === '')
  )
    throw wrong('input', 'a non-empty string or 1 to 2048 of them');
  const encoding = body['encoding_format'] ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64') throw wrong('encoding_format', 'float or base64');
  const vectors = await embed(input as string[]);
  const width = vectors[0]?.length ?? 0;
  const dimensions = countOf(body, 'dimensions', 1, width, width);
  const tokens = (input as string[]).reduce((sum, text) => sum + (countTokens ?? estimateTokens)(text), 0);
  return json({
    object: 'list',
    model: String(body['model']),
    data: vectors.map((vector, index) => {
      const kept = dimensions < width ? shortened(vector, dimensions) : vector;
      const embedding = encoding === 'base64' ? toBase64(kept) : Array.from(kept);
      return { object: 'embedding', index, embedding };
    }),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

/** The first components, at length 1 again (as OpenAI's models are trained to be shortened; others lose by it). */
function shortened(vector: Float32Array, dimensions: number): Float32Array {
  const kept = vector.slice(0, dimensions);
  const length = Math.hypot(...kept);
  return length === 0 ? kept : kept.map((x) => x / length);
}

function toBase64(vector: Float32Array): string {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, x] of vector.entries()) view.setFloat32(4 * i, x, true);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
