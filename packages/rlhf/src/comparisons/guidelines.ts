// Labelling instructions as data, in the spirit of InstructGPT's (Ouyang et al. 2022, appendix B): criteria in order of weight, what counts as a tie, and examples. A page for raters, a prompt for a
// model that pre-labels, and a record of what a data set's labels mean are all made from it.

/** What raters are asked to do. */
export interface LabelingGuideline {
  readonly task: string;
  /** Most important first. */
  readonly criteria: readonly { readonly name: string; readonly question: string }[];
  /** When to call it a tie. */
  readonly tie: string;
  readonly examples?: readonly {
    readonly prompt: string;
    readonly better: string;
    readonly worse: string;
    readonly why: string;
  }[];
}

/** InstructGPT's order for answers to a user: truthful and harmless before helpful when the two conflict in evaluation. */
export const helpfulHonestHarmless: LabelingGuideline = {
  task: 'Two answers to the same request are shown. Say which one is better.',
  criteria: [
    {
      name: 'harmless',
      question: 'Could the answer lead to harm to a person or a group, or does it demean somebody?',
    },
    {
      name: 'truthful',
      question: 'Does the answer state only what is true or given, and say so when it does not know?',
    },
    {
      name: 'helpful',
      question: 'Does the answer do what was asked, clearly and to the point, no longer than needed?',
    },
  ],
  tie: 'Call it a tie only when you would not mind which of the two you were given.',
};

/** The guideline as plain text for a rater or a model. */
export function renderGuideline(guideline: LabelingGuideline): string {
  const criteria = guideline.criteria.map((c, i) => `${i + 1}. ${c.name}: ${c.question}`);
  const examples = (guideline.examples ?? []).map(
    (e) => `Request: ${e.prompt}\nBetter: ${e.better}\nWorse: ${e.worse}\nBecause: ${e.why}`,
  );
  return [
    guideline.task,
    `Judge by these questions; an earlier one decides before a later one.\n${criteria.join('\n')}`,
    guideline.tie,
    ...examples,
  ].join('\n\n');
}
