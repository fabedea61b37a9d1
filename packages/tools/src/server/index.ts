export { type OpenAiHandlerOptions, openAiHandler, type ServedModel } from './handler.ts';
