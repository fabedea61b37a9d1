// Prints what the gates are worth against a model that obeys everything it reads: `node --conditions=@ashlar/source --import tsx
// packages/tools/scripts/security-table.ts`. Deterministic; needs the attack data beside the repository.
import { runMailInjections, runSuite, type SuiteReport, wilson } from '../src/evaluation/index.ts';
import { egressRule, provenanceGate, standardPolicy, trifectaGate } from '../src/index.ts';
import type { Policy } from '../src/policy/policy.ts';
import { hasAttackData, mailAttacks, suites } from './attack-data.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
if (!hasAttackData) {
  console.error('no attack data beside the repository');
  process.exit(2);
}
const open: readonly Policy[] = [() => ({ decision: 'allow', rule: 'off', reason: 'gates off' })];
const defences = [
  { name: 'gates off', policy: open, asked: 'nobody' },
  // One rule alone, everything else allowed: what each is worth by itself.
  { name: 'provenance alone', policy: [...open, provenanceGate()], asked: 'nobody' },
  { name: 'trifecta alone', policy: [...open, trifectaGate()], asked: 'nobody' },
  { name: 'egress alone', policy: [...open, egressRule()], asked: 'nobody' },
  { name: 'asking alone', policy: [], asked: 'nobody' },
  { name: 'gates on, nobody to ask', policy: standardPolicy(), asked: 'nobody' },
  { name: 'gates on, attentive user', policy: standardPolicy(), asked: 'attentive' },
] as const;
const share = ([hits, n]: readonly [number, number]): string => {
  const [low, high] = wilson(hits, n);
  return `${hits}/${n} (${((100 * hits) / n).toFixed(0)} %, ${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)})`;
};
const rules = (report: SuiteReport | { readonly blockedBy: Readonly<Record<string, number>> }): string =>
  Object.entries(report.blockedBy)
    .map(([rule, n]) => `${rule} ${n}`)
    .join(', ') || '-';

print(
  '| suite | defence | utility | utility under attack | attack success | attack calls stopped by | asked |',
);
print('|---|---|---|---|---|---|---|');
for (const suite of suites())
  for (const { name, policy, asked } of defences) {
    const report = await runSuite(suite as never, { policy, asked });
    print(
      `| ${report.suite} | ${name} | ${share(report.utility)} | ${share(report.utilityUnderAttack)} | ${share(report.attackSuccess)} | ${rules(report)} | ${report.asked} |`,
    );
  }
const { mails, instructions } = mailAttacks();
print(
  '\n| BIPIA mails | utility | utility under attack | a call of the attack ran | its calls stopped by | leaked to the screen | only said (no rule speaks) |',
);
print('|---|---|---|---|---|---|---|');
for (const [name, policy, guard] of [
  ['gates and guard off', open, false],
  ['provenance alone', [...open, provenanceGate()], false],
  ['trifecta alone', [...open, trifectaGate()], false],
  ['guard alone', open, true],
  ['gates and guard on', standardPolicy(), true],
] as const) {
  const report = await runMailInjections(mails, instructions, { policy, guard });
  const of = (n: number): string => share([n, report.injections]);
  print(
    `| ${name} | ${share(report.utility)} | ${share(report.utilityUnderAttack)} | ${of(report.ran)} | ${rules(report)} | ${of(report.leakedToScreen)} | ${report.saidOnly} |`,
  );
}
