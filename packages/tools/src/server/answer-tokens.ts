// How many tokens an answer cost: those of the prompt as the template rendered it, and all that were sampled, calls, reasoning and the
// end-of-turn token included.
import { estimateTokens } from '../dispatch/truncate-result.ts';
import type { Engine, EngineTurn } from '../engines/engine.ts';
import type { JsonObject } from '../json.ts';
import type { ChatRequest } from './chat-request.ts';

/** Counts the tokens of one answer. */
export class AnswerTokens {
  /** Of the rendered prompt; for engines that do not say, of its messages' texts. */
  readonly prompt: number;
  readonly cached: number;
  sampled = 0;
  reasoning = 0;

  constructor(request: Pick<ChatRequest, 'messages'>, engine: Engine, turn: EngineTurn) {
    const count = engine.countTokens?.bind(engine) ?? estimateTokens;
    this.prompt =
      turn.promptTokens ?? request.messages.reduce((sum, message) => sum + count(message.content), 0);
    this.cached = turn.cachedTokens ?? 0;
  }
  /** Takes sampled tokens. */
  count(tokens: number, reasoning: boolean): void {
    this.sampled += tokens;
    if (reasoning) this.reasoning += tokens;
  }
}

/** OpenAI's `usage`: the prompt once, the answers together. */
export function usageOf(answers: readonly AnswerTokens[]): JsonObject {
  const sum = (of: (answer: AnswerTokens) => number): number => answers.reduce((n, a) => n + of(a), 0);
  const completion = sum((a) => a.sampled);
  const prompt = answers[0]?.prompt ?? 0;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: answers[0]?.cached ?? 0 },
    completion_tokens_details: { reasoning_tokens: sum((a) => a.reasoning) },
  };
}
