// The formats of other people's releases, turned into ours: Anthropic's hh-rlhf, OpenAI's summary comparisons, arena votes, Open Assistant trees.
import type { Vote } from '../leaderboard/vote.ts';
import type { Message, PreferenceRow, RankingRow } from './preference-rows.ts';
import { listOf, RowError } from './row-error.ts';

type Row = Readonly<Record<string, unknown>>;

/** hh-rlhf `{chosen, rejected}`: dialogues with "\n\nHuman:" and "\n\nAssistant:" that share all but the last answer. */
export function readHhRlhf(rows: readonly unknown[]): PreferenceRow[] {
  return listOf(rows).map((value, at) => {
    const row = value as Row;
    const [chosen, rejected] = (['chosen', 'rejected'] as const).map((column) =>
      dialogue(row[column], at, column),
    );
    const shared = chosen.slice(0, -1);
    if (JSON.stringify(shared) !== JSON.stringify(rejected.slice(0, -1))) {
      // A few dialogues of the release part earlier; what they share is the prompt.
      let i = 0;
      while (i < chosen.length - 1 && i < rejected.length - 1 && chosen[i].content === rejected[i].content)
        i++;
      return { prompt: chosen.slice(0, i), chosen: chosen.slice(i), rejected: rejected.slice(i) };
    }
    return { prompt: shared, chosen: chosen.slice(-1), rejected: rejected.slice(-1) };
  });
}

function dialogue(text: unknown, at: number, column: string): Message[] {
  if (typeof text !== 'string') throw new RowError(at, column, 'a string', text);
  const parts = text.split(/\n\n(Human|Assistant):/);
  if (parts.length < 5 || parts[0].trim() !== '')
    throw new RowError(at, column, 'a dialogue that starts with "\\n\\nHuman:" and has an answer', text);
  const messages: Message[] = [];
  for (let i = 1; i < parts.length; i += 2)
    messages.push({ role: parts[i] === 'Human' ? 'user' : 'assistant', content: parts[i + 1].trim() });
  return messages;
}

/** OpenAI's comparisons `{info: {post}, summaries: [{text}, {text}], choice}`. */
export function readOpenAiComparisons(rows: readonly unknown[]): PreferenceRow[] {
  return listOf(rows).map((value, at) => {
    const row = value as Row;
    const summaries = row['summaries'] as readonly Row[] | undefined;
    const choice = row['choice'];
    if (
      !Array.isArray(summaries) ||
      summaries.length !== 2 ||
      !summaries.every((s) => typeof s?.['text'] === 'string')
    )
      throw new RowError(at, 'summaries', 'two summaries {text}', summaries);
    if (choice !== 0 && choice !== 1) throw new RowError(at, 'choice', '0 or 1', choice);
    const info = row['info'] as Row | undefined;
    const prompt = info?.['post'] ?? info?.['article'];
    if (typeof prompt !== 'string') throw new RowError(at, 'info.post', 'a string', prompt);
    return {
      prompt,
      chosen: summaries[choice]['text'] as string,
      rejected: summaries[1 - choice]['text'] as string,
    };
  });
}

/** Arena votes `{model_a, model_b, winner}`; winner model_a, model_b, tie, "tie (bothbad)" or both_bad. */
export function readArenaVotes(rows: readonly unknown[]): Vote[] {
  return listOf(rows).map((value, at) => {
    const row = value as Row;
    const [modelA, modelB, winner] = [row['model_a'], row['model_b'], row['winner']];
    if (typeof modelA !== 'string') throw new RowError(at, 'model_a', 'a name', modelA);
    if (typeof modelB !== 'string') throw new RowError(at, 'model_b', 'a name', modelB);
    if (winner === 'model_a') return { modelA, modelB, winner: 'a' };
    if (winner === 'model_b') return { modelA, modelB, winner: 'b' };
    if (winner === 'tie' || winner === 'tie (bothbad)' || winner === 'both_bad')
      return { modelA, modelB, winner: 'tie' };
    throw new RowError(at, 'winner', 'model_a, model_b or a tie', winner);
  });
}

interface TreeNode {
  readonly text: string;
  readonly role: string;
  readonly rank?: number | null;
  readonly replies?: readonly TreeNode[];
}

/** Open Assistant trees `{prompt: {text, role, replies}}`: every set of ranked sibling answers is a ranking (their rank 0 is our 1). */
export function readAssistantTrees(rows: readonly unknown[]): RankingRow[] {
  return rows.flatMap((value, at) => {
    const root = (value as Row)['prompt'] as TreeNode | undefined;
    if (typeof root?.text !== 'string') throw new RowError(at, 'prompt', 'a message with text', root);
    const found: RankingRow[] = [];
    const visit = (node: TreeNode, path: readonly Message[]): void => {
      const here = [...path, { role: node.role === 'prompter' ? 'user' : 'assistant', content: node.text }];
      const ranked = (node.replies ?? []).filter((r) => typeof r.rank === 'number');
      if (ranked.length >= 2)
        found.push({
          prompt: here,
          completions: ranked.map((r) => [{ role: 'assistant', content: r.text }]),
          ranks: ranked.map((r) => (r.rank as number) + 1),
        });
      for (const reply of node.replies ?? []) visit(reply, here);
    };
    visit(root, []);
    return found;
  });
}
