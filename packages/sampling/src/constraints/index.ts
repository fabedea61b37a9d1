// Texts that a model may write: grammars of several kinds, one engine, masks over a vocabulary.

export { type ConstraintStepOptions, constraintStep } from '../processors/constraint-step.ts';
export { type Composition, compose, continuation } from './compose.ts';
export { type Constraint, type ConstraintOptions, constraint } from './constraint.ts';
export { type ConstraintGrammar, matchesGrammar } from './constraint-grammar.ts';
export { UnsatisfiableConstraintError, UnsupportedConstraintError } from './errors.ts';
export { type JsonSchemaOptions, jsonSchema } from './json-schema.ts';
export type { SchemaDraft } from './schema-resources.ts';
export { type StructuralTag, type StructuralTagsOptions, structuralTags } from './structural-tags.ts';
export { choices, type GrammarOptions, grammar, regex } from './text-grammars.ts';
export { loadVocabulary, prepareVocabulary, type Vocabulary, type VocabularySource } from './vocabulary.ts';
