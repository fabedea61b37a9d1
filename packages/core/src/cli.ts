#!/usr/bin/env node
// `ashlar inspect PLACE`: what a checkpoint is, before it is loaded. PLACE is a directory, a file, a URL or hf:owner/name[@rev][/file].
import { parseArgs } from 'node:util';
import { inspectCheckpoint } from './inspect/inspect-checkpoint.ts';
import { parseModelConfig } from './models/config.ts';
import { compilePlan, describePlan } from './runtime/plan.ts';
import { openCheckpoint } from './weights/open-checkpoint.ts';

const usage = `usage: ashlar inspect PLACE [--file NAME] [--context TOKENS] [--tensors] [--plan]

  PLACE      a directory, a .safetensors, .gguf or .bin file, a URL, or hf:owner/name[@revision][/file]
  --file     which file of a directory with several
  --context  tokens of context for the estimate of memory
  --tensors  list every tensor
  --plan     the model as a list of fused steps
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      file: { type: 'string' },
      context: { type: 'string' },
      tensors: { type: 'boolean', default: false },
      plan: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, place, ...more] = positionals;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (command !== 'inspect' || place === undefined || more.length > 0) {
    process.stderr.write(usage);
    return 2;
  }
  const context = values.context === undefined ? undefined : Number(values.context);
  if (context !== undefined && !(Number.isSafeInteger(context) && context > 0))
    throw new RangeError(`--context: expected an integer >= 1, got ${values.context}`);
  const checkpoint = await openCheckpoint(place, values.file === undefined ? {} : { file: values.file });
  try {
    const options = { allTensors: values.tensors, ...(context !== undefined && { contextTokens: context }) };
    process.stdout.write(inspectCheckpoint(checkpoint, options));
    if (values.plan)
      process.stdout.write(`\nplan\n${describePlan(compilePlan(parseModelConfig(checkpoint.config)))}\n`);
  } finally {
    await checkpoint.close();
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`ashlar: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
