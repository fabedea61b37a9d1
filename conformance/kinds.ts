import type { Kind } from './case.ts';

// Every kind of conformance.md is known from the first day. A kind that has no adapter yet is counted as failed with that
// reason, so that the count stays honest.
type Load = () => Promise<{ readonly kind: Kind }>;

export const kinds: Readonly<Record<string, Load | undefined>> = {
  models: () => import('./kinds/models.ts'),
  embeddings: () => import('./kinds/embeddings.ts'),
  tokenizers: () => import('./kinds/tokenizers.ts'),
  chat: () => import('./kinds/chat.ts'),
  sampling: () => import('./kinds/sampling.ts'),
  constraints: () => import('./kinds/constraints.ts'),
  losses: () => import('./kinds/losses.ts'),
  optimizers: () => import('./kinds/optimizers.ts'),
  training: () => import('./kinds/training.ts'),
  quantization: () => import('./kinds/quantization.ts'),
  'tool-calls': () => import('./kinds/tool-calls.ts'),
  leaderboard: () => import('./kinds/leaderboard.ts'),
  'scaling-laws': () => import('./kinds/scaling-laws.ts'),
};
