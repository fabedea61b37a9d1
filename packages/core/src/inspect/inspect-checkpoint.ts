// A checkpoint as text: configuration, tensors, types, memory. Reads headers only.
import { checkOptions } from '../check-options.ts';
import { parseModelConfig } from '../models/config.ts';
import type { Checkpoint } from '../weights/checkpoint.ts';
import { printable } from '../weights/printable.ts';
import { isPlain } from '../weights/quantization/plain.ts';
import { estimateMemory, formatBytes } from './estimate-memory.ts';
import { formatTable } from './format-table.ts';

/** Options of `inspectCheckpoint`. */
export interface InspectOptions {
  /** Tokens of context for the estimate of memory; default the model's longest. */
  readonly contextTokens?: number;
  /** List every tensor, not the first few. */
  readonly allTensors?: boolean;
}

const fewTensors = 12;

/**
 * The text of `ashlar inspect`: format and architecture, the config's keys, the tensors, bytes and elements by type, memory before loading. An architecture that
 * is not known is said in place of the memory.
 */
export function inspectCheckpoint(checkpoint: Checkpoint, options: InspectOptions = {}): string {
  checkOptions(options, ['contextTokens', 'allTensors'], 'inspectCheckpoint');
  const { config, format, weights } = checkpoint;
  const sections = [
    section('checkpoint', [
      ['format', format],
      ['architecture', short(String(config.model_type))],
      ['tensors', String(weights.tensors.size)],
      ['parameters', grouped(sum(checkpoint, elements))],
      ['size', formatBytes(sum(checkpoint, ({ byteLength }) => byteLength))],
    ]),
    section(
      'config',
      Object.entries(config).map(([key, value]) => [short(key), short(JSON.stringify(value))]),
    ),
    types(checkpoint),
    tensors(checkpoint, options.allTensors ?? false),
    memory(checkpoint, options.contextTokens),
  ];
  const keys = checkpoint.assets.metadata;
  if (keys !== undefined)
    sections.splice(
      2,
      0,
      section(
        'metadata',
        [...keys].map(([key, value]) => [short(key), describe(value)]),
      ),
    );
  return `${sections.join('\n\n')}\n`;
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return `${title}\n${formatTable(rows)}`;
}

function types(checkpoint: Checkpoint): string {
  const total = sum(checkpoint, ({ byteLength }) => byteLength);
  const byType = new Map<string, { count: number; elements: number; bytes: number }>();
  for (const entry of checkpoint.weights.tensors.values()) {
    const known = byType.get(entry.dtype) ?? { count: 0, elements: 0, bytes: 0 };
    byType.set(entry.dtype, {
      count: known.count + 1,
      elements: known.elements + elements(entry),
      bytes: known.bytes + entry.byteLength,
    });
  }
  const rows = [...byType]
    .sort((a, b) => b[1].bytes - a[1].bytes)
    .map(([dtype, { count, elements, bytes }]) => [
      dtype,
      `${count} tensors`,
      formatBytes(bytes),
      `${((8 * bytes) / Math.max(1, elements)).toFixed(2)} bits`,
      `${((100 * bytes) / Math.max(1, total)).toFixed(1)} %`,
      '#'.repeat(Math.round((30 * bytes) / Math.max(1, total))),
    ]);
  return section('types', rows);
}

function tensors(checkpoint: Checkpoint, all: boolean): string {
  const entries = [...checkpoint.weights.tensors];
  const shown = all ? entries : entries.slice(0, fewTensors);
  const rows = shown.map(([name, { dtype, shape, byteLength }]) => [
    short(name, 100),
    dtype,
    `[${shape.join(', ')}]`,
    formatBytes(byteLength),
  ]);
  const rest = entries.length - shown.length;
  return section('tensors', rows) + (rest > 0 ? `\n  ... ${rest} more (--tensors lists all)` : '');
}

function memory(checkpoint: Checkpoint, contextTokens: number | undefined): string {
  try {
    const config = parseModelConfig(checkpoint.config);
    const tokens = contextTokens ?? config.maxPositions;
    const estimate = estimateMemory(config, { contextTokens: tokens });
    const packed = [...checkpoint.weights.tensors.values()].some(
      ({ dtype }) => !isPlain(dtype) || dtype !== 'F32',
    );
    const rows = [
      ['weights', formatBytes(estimate.weights), 'as float32'],
      [`cache of ${tokens} tokens`, formatBytes(estimate.kvCache), ''],
      ['activations', formatBytes(estimate.activations), 'of the largest step, composite path'],
      ['total', formatBytes(estimate.total), ''],
    ];
    if (packed) {
      const stored = estimateMemory(config, { contextTokens: tokens, stored: checkpoint.weights });
      rows.splice(1, 0, ['weights', formatBytes(stored.weights), 'as stored']);
    }
    return section('memory', rows);
  } catch (error) {
    return section('memory', [['not known', short((error as Error).message, 400)]]);
  }
}

function elements({ shape }: { readonly shape: readonly number[] }): number {
  return shape.reduce((product, size) => product * size, 1);
}

function sum(
  checkpoint: Checkpoint,
  of: (entry: { shape: readonly number[]; byteLength: number }) => number,
): number {
  let total = 0;
  for (const entry of checkpoint.weights.tensors.values()) total += of(entry);
  return total;
}

/** 134515008 -> '134,515,008' */
function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function describe(value: unknown): string {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list = value as ArrayLike<unknown>;
    const start = Array.from({ length: Math.min(4, list.length) }, (_, i) =>
      short(JSON.stringify(String(list[i])), 16),
    );
    return `${list.length} x ${start.join(' ')}${list.length > 4 ? ' ...' : ''}`;
  }
  return short(typeof value === 'string' ? JSON.stringify(value) : String(value));
}

function short(text: string | undefined, most = 72): string {
  return printable(text ?? 'undefined', most);
}
