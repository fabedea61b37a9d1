// Files as tools: read and list in a jail, and write where that is wanted. What a file says is data of somebody: private and untrusted by default.
import { checkOptions } from '../../check-options.ts';
import type { Label } from '../../label.ts';
import { type AnyTool, type Tool, toolResult } from '../../tool.ts';
import { type Jail, openJail } from './jail.ts';

/** Options of {@link fileTools}. */
export interface FileToolsOptions {
  /** The directory that cannot be left. */
  readonly root: string;
  /** Adds `write_file` (effects: write). Off. */
  readonly allowWrites?: boolean;
  readonly maxReadBytes?: number;
  readonly maxWriteBytes?: number;
  /** Provenance of file contents. Default `{trust: 'tool', private: true}`. */
  readonly label?: Partial<Label>;
}

/** `list_files`, `read_file` and, if allowed, `write_file` below one directory. */
export async function fileTools(options: FileToolsOptions): Promise<readonly AnyTool[]> {
  checkOptions(options, ['root', 'allowWrites', 'maxReadBytes', 'maxWriteBytes', 'label'], 'fileTools');
  const { root, allowWrites = false, maxReadBytes = 1_000_000, maxWriteBytes = 1_000_000 } = options;
  const jail: Jail = await openJail(root);
  const result = { private: true, ...options.label };
  const path = { type: 'string', description: 'relative path', maxLength: 1024 };
  const read: Tool<{ readonly path: string }> = {
    name: 'read_file',
    description: 'Reads a text file of the working directory.',
    input: { type: 'object', properties: { path }, required: ['path'], additionalProperties: false },
    effects: 'read',
    idempotent: true,
    result,
    async run(input) {
      const { bytes, size } = await jail.read(input.path, maxReadBytes);
      if (bytes.includes(0)) return toolResult(`${input.path}: not a text file`, { isError: true });
      const text = new TextDecoder().decode(bytes);
      return toolResult(
        size > bytes.length ? `${text}\n[... ${size - bytes.length} bytes left out ...]` : text,
        { label: { source: `file:${input.path}` } },
      );
    },
  };
  const list: Tool<{ readonly path?: string }> = {
    name: 'list_files',
    description: 'Lists a directory of the working directory.',
    input: { type: 'object', properties: { path }, additionalProperties: false },
    effects: 'read',
    idempotent: true,
    result,
    async run(input) {
      const entries = await jail.list(input.path ?? '.', 500);
      return (
        entries
          .map((e) => (e.kind === 'directory' ? `${e.name}/` : `${e.name} (${e.size} bytes)`))
          .join('\n') || '(empty)'
      );
    },
  };
  const write: Tool<{ readonly path: string; readonly text: string }> = {
    name: 'write_file',
    description: 'Writes a text file of the working directory, replacing what was there.',
    input: {
      type: 'object',
      properties: { path, text: { type: 'string' } },
      required: ['path', 'text'],
      additionalProperties: false,
    },
    effects: 'write',
    idempotent: true,
    result: { trust: 'developer' },
    async run(input) {
      const bytes = new TextEncoder().encode(input.text);
      if (bytes.length > maxWriteBytes)
        return toolResult(`text: expected at most ${maxWriteBytes} bytes, got ${bytes.length}`, {
          isError: true,
        });
      await jail.write(input.path, bytes);
      return `Wrote ${bytes.length} bytes to ${input.path}.`;
    },
  };
  return allowWrites ? [list, read, write] : [list, read];
}
