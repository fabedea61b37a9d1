export { schemaConstraint } from './schema-constraint.ts';
