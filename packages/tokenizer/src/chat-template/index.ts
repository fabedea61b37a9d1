export {
  type ChatMessage,
  type ChatTemplate,
  compileChatTemplate,
  type RenderedChat,
  type RenderOptions,
  type TemplateSpan,
} from './chat-template.ts';
export { TemplateFloat } from './input-values.ts';
export { parseTemplateJson } from './parse-template-json.ts';
export {
  type LabelKind,
  labelKindOfRole,
  labelStrictness,
  type ProvenanceLabel,
  stricterLabel,
  structuralRoles,
} from './provenance-label.ts';
export type { TemplateLimits } from './runtime.ts';
export { ChatTemplateError } from './template-error.ts';
