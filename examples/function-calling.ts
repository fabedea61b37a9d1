// A real model on BFCL's cases: does it call the right function with the right values (simple), and does it leave functions alone that do not help
// (irrelevance)? Prints one line a case and the shares with Wilson's interval.
//   node --conditions=@ashlar/source --import tsx examples/function-calling.ts --model PATH --format smollm2 --data ../shared/data/tools --cases 20
// With --constrained every call that opens is held to the functions' names and schemas. --sets names the subsets; with --out FILE every case is a line of
// that file as soon as it is judged, and a run that is started again goes on behind them.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadModel } from '@ashlar/core';
import { loadTokenizer } from '@ashlar/tokenizer';
import {
  type ChatMessage,
  checkSchema,
  gatherReply,
  inlineEngine,
  type ParseEvent,
  type RenderedCall,
  renderCalls,
  ToolCallParser,
} from '@ashlar/tools';
import {
  type AcceptedCall,
  checkCalls,
  type FunctionCallingCase,
  toolsOf,
  wilson,
} from '@ashlar/tools/evaluation';
import { schemaConstraint } from '@ashlar/tools/grammar';
import { readFlags } from './read-flags.ts';

const values = readFlags(
  `node --conditions=@ashlar/source --import tsx examples/function-calling.ts --model PLACE --data FOLDER
  --model PLACE    a folder, a file, a URL or hf:owner/name
  --data FOLDER    the folder of BFCL's cases
  --format NAME    how the model writes calls; default smollm2
  --cases N        of each subset; default 20
  --sets A,B       the subsets; default simple_python,irrelevance
  --constrained    hold every call to the functions' names and schemas
  --out FILE       a line a case; a run that is started again goes on behind them`,
  {
    model: { type: 'string' },
    data: { type: 'string' },
    format: { type: 'string', default: 'smollm2' },
    cases: { type: 'string', default: '20' },
    sets: { type: 'string', default: 'simple_python,irrelevance' },
    constrained: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
);
if (values.model === undefined || values.data === undefined)
  throw new TypeError('--model and --data: expected paths');
const { data, format } = values;
const read = <T>(file: string): T[] =>
  gunzipSync(readFileSync(join(data, file)))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
const sets = values.sets.split(',');
const answersOf = (set: string): ReadonlyMap<string, readonly AcceptedCall[]> =>
  new Map(
    // An irrelevant question has no answers: no call is right.
    set === 'irrelevance'
      ? []
      : read<{ id: string; ground_truth: AcceptedCall[] }>(`bfcl_${set}_answers.jsonl.gz`).map((a) => [
          a.id,
          a.ground_truth,
        ]),
  );
interface Judged {
  readonly id: string;
  readonly constrained: boolean;
  /** Absent: right. */
  readonly wrong?: string;
  /** Calls begun, and calls that satisfy their schemas. */
  readonly opened: number;
  readonly valid: number;
}
const judged = new Map<string, Judged>();
if (values.out !== undefined && existsSync(values.out))
  for (const line of readFileSync(values.out, 'utf8').split('\n')) {
    // The last line of a run that was killed may be cut.
    if (!line.endsWith('}')) continue;
    const one = JSON.parse(line) as Judged;
    if (one.constrained === values.constrained) judged.set(one.id, one);
  }
// Evenly spread over the file, so that no topic is left out.
const spread = (cases: readonly FunctionCallingCase[]): FunctionCallingCase[] => {
  const n = Math.min(Number(values.cases), cases.length);
  return Array.from(
    { length: n },
    (_, i) => cases[Math.floor((i * cases.length) / n)] as FunctionCallingCase,
  );
};

const model = await loadModel(values.model);
const codec = await loadTokenizer(model.assets);
const engine = inlineEngine({
  model,
  codec,
  format,
  maxNewTokens: 96,
  ...(values.constrained ? { constraint: schemaConstraint } : {}),
});
// Two examples of use; small models need them.
const shown: readonly { readonly question: string; readonly tool: object; readonly call: RenderedCall }[] = [
  {
    question: 'How warm is it in Oslo, in celsius?',
    tool: {
      name: 'get_weather',
      description: 'Current weather of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } } },
    },
    call: { name: 'get_weather', arguments: { city: 'Oslo', unit: 'celsius' } },
  },
  {
    question: 'Convert 30 miles to kilometres.',
    tool: {
      name: 'convert_distance',
      description: 'Converts a distance.',
      parameters: {
        type: 'object',
        properties: { value: { type: 'number' }, from: { type: 'string' }, to: { type: 'string' } },
      },
    },
    call: { name: 'convert_distance', arguments: { value: 30, from: 'miles', to: 'kilometres' } },
  },
];
const instructions = (
  given: FunctionCallingCase,
): string => `You are an expert in composing functions. You are given a question and a set of possible functions.
If none of the functions can be used, say so and do not call any. You have access to the following tools:
<tools>${JSON.stringify([...shown.map((s) => s.tool), ...toolsOf(given).map((t) => t['function'])])}</tools>
To call them write exactly: ${renderCalls([{ name: 'func_name', arguments: { argument: 'value' } }], format)}`;

for (const set of sets) {
  const answers = answersOf(set);
  const done: Judged[] = [];
  const cases = spread(read<FunctionCallingCase>(`bfcl_${set}.jsonl.gz`));
  for (const given of cases) {
    const before = judged.get(given.id);
    if (before !== undefined) {
      done.push(before);
      continue;
    }
    const messages: ChatMessage[] = [
      { role: 'system', content: instructions(given) },
      ...shown.flatMap((s): ChatMessage[] => [
        { role: 'user', content: s.question },
        { role: 'assistant', content: renderCalls([s.call], format) },
      ]),
      { role: 'user', content: given.question[0]?.[0]?.content ?? '' },
    ];
    const signal = new AbortController().signal;
    const turn = await engine.open(messages, { tools: [], signal });
    const parser = new ToolCallParser({
      format,
      tools: toolsOf(given),
      promptTail: turn.promptTail.slice(-64),
    });
    const events: ParseEvent[] = [];
    let text = '';
    let regions = 0;
    let piece = await turn.next(signal);
    for (; piece.type === 'text'; piece = await turn.next(signal)) {
      text += piece.text;
      events.push(...parser.push(piece.text, { special: piece.special === true }));
      // The hand-off by hand; `runTools` and the server do it themselves.
      if (parser.opened === undefined || parser.opened.region === regions) continue;
      regions = parser.opened.region;
      turn.constrain?.({ kind: 'call', format: parser.format, tools: parser.tools, opened: parser.opened });
    }
    await turn.close();
    events.push(...parser.end(piece.type === 'end' ? piece.reason : 'error'));
    const reply = gatherReply(events);
    const wrong = checkCalls(reply.calls, answers.get(given.id) ?? [], given.function);
    const one: Judged = {
      id: given.id,
      constrained: values.constrained,
      ...(wrong === undefined ? {} : { wrong }),
      opened: reply.calls.length + reply.malformed.length + reply.incomplete.length,
      valid: reply.calls.filter((call) => {
        const own = parser.tools.find((tool) => tool.name === call.name);
        return own !== undefined && checkSchema(call.arguments, own.parameters).length === 0;
      }).length,
    };
    done.push(one);
    if (values.out !== undefined) appendFileSync(values.out, `${JSON.stringify(one)}\n`);
    console.log(
      `${given.id}: ${wrong ?? 'right'} ${wrong === undefined ? '' : JSON.stringify(text.slice(0, 120))}`,
    );
  }
  const right = done.filter((one) => one.wrong === undefined).length;
  const sum = (key: 'opened' | 'valid'): number => done.reduce((n, one) => n + one[key], 0);
  const [low, high] = wilson(right, done.length);
  console.log(
    `${set}: ${right}/${done.length} right (95 %: ${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)} %); of ${sum('opened')} calls ${sum('valid')} satisfy their schemas\n`,
  );
}
engine.dispose();
model.dispose();
