// Where a character of a rendered prompt came from. Labels are data and are ordered: combining two of them keeps the
// stricter one, and no operation of a template, tokenizer or tool may ever go the other way.

/**
 * The kinds of source, in words: `template` is literal text of the template (the only text that may become a control
 * token), `role` a role name from `structuralRoles`, `computed` a value that the template made itself (`True`),
 * `variable` an option of the caller, the rest the part of the conversation that the characters were taken from.
 */
export type LabelKind =
  | 'template'
  | 'role'
  | 'computed'
  | 'variable'
  | 'system'
  | 'developer'
  | 'tool-definition'
  | 'user'
  | 'assistant'
  | 'tool'
  | 'document'
  | 'other';

/** Every {@link LabelKind} from the most to the least trusted; the index is the strictness. */
export const labelStrictness: readonly LabelKind[] = [
  'template',
  'role',
  'computed',
  'variable',
  'system',
  'developer',
  'tool-definition',
  'user',
  'assistant',
  'tool',
  'document',
  'other',
];

/** The provenance of a run of characters or of a token. */
export interface ProvenanceLabel {
  /** The kind of source. */
  readonly kind: LabelKind;
  /** Index of the message (or of the tool or document) that the characters came from, where one did. */
  readonly index?: number;
}

/**
 * `max(a, b)` by {@link labelStrictness}: the label of anything made of both. Of two labels of one kind the first stays.
 *
 * @example
 * ```ts
 * import { stricterLabel } from '@ashlar/tokenizer/chat-template';
 * stricterLabel({ kind: 'template' }, { kind: 'tool', index: 3 }).kind // => 'tool'
 * ```
 */
export function stricterLabel(a: ProvenanceLabel, b: ProvenanceLabel): ProvenanceLabel {
  return labelStrictness.indexOf(b.kind) > labelStrictness.indexOf(a.kind) ? b : a;
}

/**
 * Role names that templates build control tokens from (`'<|' + message.role + '|>'`, as Phi does). A role that is exactly
 * one of these words may be part of a control token; any other role text may not.
 */
export const structuralRoles: ReadonlySet<string> = new Set([
  'system',
  'developer',
  'user',
  'assistant',
  'tool',
  'tools',
  'function',
  'ipython',
  'observation',
  'model',
  'human',
  'bot',
  'document',
  'documents',
  'context',
  'environment',
]);

const kindOfRole: ReadonlyMap<string, LabelKind> = new Map([
  ['system', 'system'],
  ['developer', 'developer'],
  ['user', 'user'],
  ['human', 'user'],
  ['assistant', 'assistant'],
  ['model', 'assistant'],
  ['bot', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
  ['ipython', 'tool'],
  ['observation', 'tool'],
  ['document', 'document'],
  ['documents', 'document'],
  ['context', 'document'],
]);

/** The label kind of a message with this role: `other`, the strictest, for a role that is not known. */
export function labelKindOfRole(role: unknown): LabelKind {
  return (typeof role === 'string' ? kindOfRole.get(role) : undefined) ?? 'other';
}
