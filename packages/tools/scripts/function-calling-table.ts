// Prints how many of BFCL's calls survive being written in every wire format, read back and checked by value: `node --conditions=@ashlar/source --import
// tsx packages/tools/scripts/function-calling-table.ts`. A perfect (scripted) model must reach 100 %; what is missing is the format's or the reader's fault.
// The data beside the repository have no parallel and no multi-turn subset: `--data DIR` takes BFCL's own directory (`bfcl_eval/data` of the package
// bfcl-eval), parallel and live subsets included. Multi-turn cases run on BFCL's Python environments and are not checked by value: not here.
import { checkCalls, perfectCalls, toolsOf } from '../src/evaluation/index.ts';
import { parseReply, renderCalls, toolFormats } from '../src/index.ts';
import { functionCalling, hasAttackData, officialFunctionCalling } from './attack-data.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const at = process.argv.indexOf('--data');
const directory = at < 0 ? undefined : process.argv[at + 1];
if (directory === undefined && !hasAttackData) {
  console.error('no benchmark data beside the repository');
  process.exit(2);
}
const sets = directory === undefined ? functionCalling() : officialFunctionCalling(directory);
print(`| format | ${Object.keys(sets).join(' | ')} |`);
print(
  `|---|${Object.keys(sets)
    .map(() => '---')
    .join('|')}|`,
);
for (const format of toolFormats.keys()) {
  const cells: string[] = [];
  for (const cases of Object.values(sets)) {
    let right = 0;
    for (const { given, wanted } of cases) {
      const tools = toolsOf(given);
      const calls = perfectCalls(wanted, given.function);
      const text =
        calls.length === 0 ? 'I cannot do that with these functions.' : renderCalls(calls, format, tools);
      const reply = parseReply(text, {
        format,
        tools,
        promptTail: format === 'harmony' ? '<|start|>assistant' : '',
      });
      const wrong = checkCalls(reply.calls, wanted, given.function);
      if (wrong === undefined && reply.malformed.length === 0) right++;
      else if (process.argv.includes('--verbose'))
        print(`${format} ${given.id}: ${wrong ?? reply.malformed[0]?.reason}\n  ${text.slice(0, 300)}`);
    }
    cells.push(`${right}/${cases.length}`);
  }
  print(`| ${format} | ${cells.join(' | ')} |`);
}
