// A tool is a plain object: what the model is told (name, description, input), what it does to the world (effects), and `run`. Nothing here
// knows an engine, so the same object serves a local model, an endpoint, a test and a training set.

import { checkOptions } from './check-options.ts';
import { checkSchema } from './check-schema.ts';
import type { JsonSchema, ToolSignature } from './formats/tool-signature.ts';
import { canonicalJson, isObject, type Json, type JsonObject } from './json.ts';
import type { Label } from './label.ts';

/** What running a tool does: nothing outside the process, reads, writes, or talks to the outside world. */
export type Effects = 'none' | 'read' | 'write' | 'external';

/** The part of Standard Schema (standardschema.dev) that tools use; zod, valibot and ArkType schemas fit. */
export interface StandardSchema<Input = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (value: unknown) => StandardResult<Input> | Promise<StandardResult<Input>>;
    /** StandardJSONSchemaV1, where the library has it. */
    readonly jsonSchema?: {
      /** The JSON Schema of the input. */
      readonly input: (options: { readonly target: string }) => Record<string, unknown>;
    };
  };
}
/** What a Standard Schema answers. */
export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly unknown[] | undefined;
      }[];
    };

/** What a running tool is given beside its input. */
export interface ToolContext {
  /** Aborts on the user's stop and on the timeout. */
  readonly signal: AbortSignal;
  readonly callId: string;
  /** The same for every retry of the same call: hash of run, call and arguments. */
  readonly idempotencyKey: string;
  /** Keeps a hung tool alive: each report restarts the timeout, up to the hard maximum. */
  progress(note?: string): void;
}

/** What a tool may answer: text, JSON, or both with a label of its own. */
export type ToolAnswer = string | Json | ToolResult;
/** A tool's answer with more to say. */
export interface ToolResult {
  readonly kind: 'tool-result';
  /** What the model sees. */
  readonly text: string;
  /** The value for code; default: the text. */
  readonly value?: Json;
  readonly isError?: boolean;
  /** Stricter provenance than the tool's own, e.g. the page a text came from. */
  readonly label?: Partial<Label>;
  /** URLs that this answer showed, which the model may then visit without that being its own invention. */
  readonly links?: readonly string[];
}

/** A tool. */
export interface Tool<Input = never> {
  readonly name: string;
  readonly description: string;
  readonly input: JsonSchema | StandardSchema<Input>;
  /** JSON Schema shown to the model when `input` is a Standard Schema that cannot be printed. */
  readonly inputSchema?: JsonSchema;
  readonly effects: Effects;
  /** Running it twice with one idempotency key does no more than once. Only such tools are retried. */
  readonly idempotent?: boolean;
  readonly timeoutMs?: number;
  readonly maxResultTokens?: number;
  /** Provenance of its results; default `{trust: 'tool'}`, that is untrusted. `private: true` marks data of the user. */
  readonly result?: Partial<Label>;
  /** Where this call would send data: URLs, addresses. Needed by egress rules for `external` tools. */
  readonly destinations?: (input: JsonObject) => readonly string[];
  /** Does it. May throw: the model sees the message's first line. */
  run(input: Input, context: ToolContext): Promise<ToolAnswer> | ToolAnswer;
}
/** A tool of any input type, as lists of tools hold it. */
export type AnyTool = Omit<Tool, 'run' | 'input'> & {
  readonly input: JsonSchema | StandardSchema<never> | StandardSchema<unknown>;
  /** Does it, on input that was checked. */
  // biome-ignore lint/suspicious/noExplicitAny: a list of tools is heterogeneous; each run checks its own input first.
  run(input: any, context: ToolContext): Promise<ToolAnswer> | ToolAnswer;
};

/** Builds a {@link ToolResult}. */
export function toolResult(text: string, options: Omit<ToolResult, 'kind' | 'text'> = {}): ToolResult {
  checkOptions(options, ['value', 'isError', 'label', 'links'], 'toolResult');
  return { kind: 'tool-result', text, ...options };
}

/** True for a Standard Schema. */
export function isStandardSchema(schema: unknown): schema is StandardSchema<unknown> {
  return (
    (typeof schema === 'object' || typeof schema === 'function') && schema !== null && '~standard' in schema
  );
}

/** The JSON Schema of a tool's input, as shown to models. @throws TypeError when it cannot be had. */
export function schemaOf(tool: AnyTool): JsonSchema {
  if (tool.inputSchema !== undefined) return tool.inputSchema;
  if (!isStandardSchema(tool.input)) return tool.input as JsonSchema;
  const print = tool.input['~standard'].jsonSchema;
  if (print === undefined)
    throw new TypeError(
      `${tool.name}.inputSchema: expected a JSON Schema, since ${tool.input['~standard'].vendor} cannot print its own`,
    );
  return print.input({ target: 'draft-07' }) as JsonObject;
}

/** Name and parameters for parsers and templates. */
export function signatureOf(tool: AnyTool): ToolSignature {
  return { name: tool.name, parameters: schemaOf(tool) };
}

/** The tool as OpenAI's `tools` entries and chat templates take it. */
export function toolDeclaration(tool: AnyTool): JsonObject {
  return {
    type: 'function',
    function: { name: tool.name, description: tool.description, parameters: schemaOf(tool) as Json },
  };
}

/** Checks arguments without coercion: the value for `run`, or what is wrong with them. */
export async function checkInput(
  tool: AnyTool,
  input: JsonObject,
): Promise<{ readonly value: unknown } | { readonly wrong: string }> {
  if (!isStandardSchema(tool.input)) {
    const errors = checkSchema(input, tool.input as JsonSchema);
    return errors.length === 0 ? { value: input } : { wrong: errors.join('; ') };
  }
  const result = await tool.input['~standard'].validate(input);
  if (result.issues === undefined) return { value: result.value };
  const lines = result.issues.slice(0, 8).map((issue) => {
    const path = (issue.path ?? []).map((p) => String(isObject(p) ? (p as JsonObject)['key'] : p)).join('.');
    return `${path === '' ? 'arguments' : path}: ${issue.message}`;
  });
  return { wrong: lines.join('; ') };
}

/** Checks a list of tools: names are unique and plain. @throws TypeError */
export function checkTools(tools: readonly AnyTool[]): ReadonlyMap<string, AnyTool> {
  const out = new Map<string, AnyTool>();
  for (const tool of tools) {
    if (!/^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/.test(tool.name))
      throw new TypeError(
        `tool.name: expected letters, digits, _ . : - (at most 64), got ${JSON.stringify(tool.name)}`,
      );
    if (out.has(tool.name)) throw new TypeError(`tool.name: ${tool.name} is there twice`);
    if (!['none', 'read', 'write', 'external'].includes(tool.effects))
      throw new TypeError(
        `${tool.name}.effects: expected none, read, write or external, got ${String(tool.effects)}`,
      );
    schemaOf(tool);
    out.set(tool.name, tool);
  }
  return out;
}

/** A text that changes when a tool's contract does (name, description, input, effects): approvals and pins compare it. */
export function fingerprintText(tool: AnyTool): string {
  return canonicalJson([tool.name, tool.description, schemaOf(tool) as Json, tool.effects]);
}
