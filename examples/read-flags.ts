// The flags of an example. `--help` prints how it is used; a flag that nobody knows, or one without its value, ends in a sentence where `node:util` alone shows its own stack.
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Flags = NonNullable<ParseArgsConfig['options']>;

/** What was asked for; ends the process after `--help` (0) and after a wrong flag (2). */
export function readFlags<const O extends Flags>(
  usage: string,
  options: O,
): ReturnType<typeof parseArgs<{ readonly options: O }>>['values'] {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return (parseArgs({ args, options }) as ReturnType<typeof parseArgs<{ readonly options: O }>>).values;
  } catch (error) {
    console.error(`${(error as Error).message.replace(/\. To specify.*/s, '')}\n\n${usage}`);
    process.exit(2);
  }
}
