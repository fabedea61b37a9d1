/** Throws for what is no engine, such as a model in an engine's place. */
export function checkEngine(engine: unknown): void {
  if (typeof (engine as { open?: unknown } | undefined | null)?.open !== 'function')
    throw new TypeError(
      `engine: expected one, as inlineEngine({ model, codec, format }) or openAiEndpoint({ baseUrl, model }) makes it, got ${typeof engine}`,
    );
}
