// `pnpm conformance [KIND ...] [DIR ...] [--backend NAME|all] [--json]`: runs every golden case it finds through the packages' public
// entries. One line a failing case, one line a group, and last `N passed, N failed`. Exit 1 if any failed, 2 if there was no case.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { presentBackends, useBackend } from './backends.ts';
import type { GroupResult } from './case.ts';
import { findGroups } from './find-groups.ts';
import { kinds } from './kinds.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string', default: 'cpu' },
    json: { type: 'boolean', default: false },
    // For CI: as many failures as known-gaps.json lists for a group are counted apart; a gap that is gone must be struck off.
    'known-gaps': { type: 'boolean', default: false },
  },
});
const wanted = positionals.filter((word) => word in kinds);
const given = positionals.filter((word) => !(word in kinds));
for (const dir of given)
  if (!existsSync(dir)) fail(`${dir}: expected a kind (${Object.keys(kinds).join(', ')}) or a directory`);
const defaults = [join(root, '..', 'shared', 'goldens'), join(root, 'conformance', 'cases')].filter((d) =>
  existsSync(d),
);
const directories = given.length > 0 ? given : defaults;

const all = (await Promise.all(directories.map(findGroups))).flat();
const groups = all.filter((group) => wanted.length === 0 || wanted.includes(group.kind));
if (groups.length === 0) fail(`no case found below ${directories.join(', ') || '(no directory)'}`);

let passed = 0;
let failed = 0;
let refused = 0;
let gaps = 0;
const gapsFile = join(root, 'conformance', 'known-gaps.json');
const knownGaps: Record<string, { readonly reason: string; readonly failures: number }> = values['known-gaps']
  ? JSON.parse(readFileSync(gapsFile, 'utf8'))
  : {};
const report: object[] = [];
const { names: backends, absent } = await presentBackends(values.backend);
for (const line of absent) say(line);

for (const group of groups) {
  const kind = await kinds[group.kind]?.();
  const runs = kind?.kind.usesBackend ? backends : ['-'];
  for (const backend of runs) {
    if (backend !== '-') await useBackend(backend);
    const result: GroupResult =
      kind === undefined
        ? { passed: 0, failures: ['not supported yet'] }
        : await kind.kind.run(group, { backend: backend === '-' ? 'cpu' : backend }).catch(crashed);
    const label = `${group.kind}/${group.name}${backend === '-' || backends.length === 1 ? '' : ` [${backend}]`}`;
    for (const line of result.failures) say(`  FAILED ${label}: ${line}`);
    const note = result.note === undefined ? '' : `, ${result.note}`;
    say(`${label}: ${result.passed} passed, ${result.failures.length} failed${note}`);
    if (result.refused?.length) say(`  ${result.refused.length} refused: ${summary(result.refused)}`);
    passed += result.passed;
    const gap = knownGaps[`${group.kind}/${group.name}`];
    const known = Math.min(gap?.failures ?? 0, result.failures.length);
    gaps += known;
    failed += result.failures.length - known;
    if (gap !== undefined && known < gap.failures) {
      say(
        `  FAILED ${label}: ${gap.failures} known gaps, ${known} found: strike them off conformance/known-gaps.json`,
      );
      failed++;
    }
    refused += result.refused?.length ?? 0;
    report.push({
      ...group,
      backend,
      passed: result.passed,
      failures: result.failures,
      refused: result.refused ?? [],
      note: result.note,
    });
  }
}
if (values.json) console.log(JSON.stringify({ passed, failed, refused, groups: report }, null, 1));
else {
  if (refused > 0) console.log(`${refused} refused`);
  console.log(`${passed} passed, ${failed} failed${values['known-gaps'] ? `, ${gaps} known gaps` : ''}`);
}
process.exit(failed > 0 ? 1 : 0);

function say(line: string): void {
  if (!values.json) console.log(line);
}

function crashed(error: unknown): GroupResult {
  const text =
    error instanceof Error
      ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ')
      : String(error);
  return { passed: 0, failures: [`crashed: ${text}`] };
}

function summary(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([reason, n]) => `${reason} (${n})`)
    .join(', ');
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
