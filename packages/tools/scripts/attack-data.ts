// Reads the attack and benchmark data that lies beside the repository; undefined where it does not.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import {
  type AcceptedCall,
  type AttackSuite,
  type BankingData,
  bankingSuite,
  type FunctionCallingCase,
  type MailQuestion,
  type WorkspaceData,
  workspaceSuite,
} from '../src/evaluation/index.ts';

const data = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'data');
const yaml = (path: string): unknown => parse(readFileSync(join(data, path), 'utf8'));
const defaultsOf = (path: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(yaml(path) as Record<string, { default: string }>).map(([slot, { default: text }]) => [
      slot,
      text,
    ]),
  );

/** True when the data is there. */
export const hasAttackData = existsSync(join(data, 'attacks', 'agentdojo'));

/** The two suites. */
export function suites(): readonly [AttackSuite<BankingData>, AttackSuite<WorkspaceData>] {
  const office = 'attacks/agentdojo/workspace';
  const workspace = Object.fromEntries(
    ['inbox', 'calendar', 'cloud_drive'].map((part) => [part, yaml(`${office}/include/${part}.yaml`)]),
  ) as unknown as WorkspaceData;
  return [
    bankingSuite(
      yaml('attacks/agentdojo/banking/environment.yaml') as BankingData,
      defaultsOf('attacks/agentdojo/banking/injection_vectors.yaml'),
    ),
    workspaceSuite(workspace, defaultsOf(`${office}/injection_vectors.yaml`)),
  ];
}

/** BIPIA's mails with their questions, and its instructions. */
export function mailAttacks(): {
  readonly mails: readonly MailQuestion[];
  readonly instructions: readonly string[];
} {
  const lines = readFileSync(join(data, 'attacks/bipia_email_train.jsonl'), 'utf8').trim().split('\n');
  const instructions = [
    'attacks/bipia_text_attack_train.json',
    'attacks/bipia_code_attack_train.json',
  ].flatMap((file) =>
    Object.values(JSON.parse(readFileSync(join(data, file), 'utf8')) as Record<string, string[]>).flat(),
  );
  return { mails: lines.map((line) => JSON.parse(line) as MailQuestion), instructions };
}

const lines = <T>(path: string): T[] =>
  gunzipSync(readFileSync(join(data, path)))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

type Cases = Readonly<
  Record<string, readonly { readonly given: FunctionCallingCase; readonly wanted: readonly AcceptedCall[] }[]>
>;
/** Subsets of a directory in BFCL's own layout (`BFCL_v4_NAME.json`, `possible_answer/`), of those whose calls are checked by value in one turn. */
export function officialFunctionCalling(directory: string): Cases {
  const read = <T>(path: string): T[] =>
    readFileSync(join(directory, path), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  const names = ['simple_python', 'multiple', 'parallel', 'parallel_multiple', 'live_simple'];
  return Object.fromEntries(
    [...names, 'live_multiple', 'live_parallel', 'live_parallel_multiple'].map((name) => {
      const answers = read<{ id: string; ground_truth: AcceptedCall[] }>(
        `possible_answer/BFCL_v4_${name}.json`,
      );
      const wanted = new Map(answers.map((a) => [a.id, a.ground_truth]));
      return [
        name,
        read<FunctionCallingCase>(`BFCL_v4_${name}.json`).map((given) => ({
          given,
          wanted: wanted.get(given.id) ?? [],
        })),
      ];
    }),
  );
}

/** BFCL's subsets with their accepted calls; irrelevance has none. */
export function functionCalling(): Cases {
  const out: Record<string, { given: FunctionCallingCase; wanted: readonly AcceptedCall[] }[]> = {};
  for (const name of ['simple_python', 'simple_javascript', 'multiple', 'irrelevance']) {
    const answers =
      name === 'irrelevance'
        ? new Map()
        : new Map(
            lines<{ id: string; ground_truth: AcceptedCall[] }>(`tools/bfcl_${name}_answers.jsonl.gz`).map(
              (a) => [a.id, a.ground_truth],
            ),
          );
    out[name] = lines<FunctionCallingCase>(`tools/bfcl_${name}.jsonl.gz`).map((given) => ({
      given,
      wanted: answers.get(given.id) ?? [],
    }));
  }
  return out;
}
