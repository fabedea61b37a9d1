// One API report per package entry, `packages/*/api/ENTRY.api.md`: a change of the public surface shows in the diff of its commit.
//   node scripts/api-report.mjs            checks (exit 1 when a report is out of date)
//   node scripts/api-report.mjs --write    writes them
// Run after the types are built (pnpm types or pnpm build).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const write = process.argv.includes('--write');
const stale = [];
for (const name of readdirSync(join(root, 'packages'))) {
  const home = join(root, 'packages', name);
  const { exports } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  mkdirSync(join(home, 'api'), { recursive: true });
  const expected = new Set();
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    const report = entry === '.' ? 'index' : entry.replace('./', '').replaceAll('/', '-');
    expected.add(`${report}.api.md`);
    const config = ExtractorConfig.prepare({
      configObjectFullPath: join(home, 'api-extractor.json'),
      packageJsonFullPath: join(home, 'package.json'),
      configObject: {
        projectFolder: home,
        mainEntryPointFilePath: join(home, target.types),
        compiler: { tsconfigFilePath: join(home, 'tsconfig.json') },
        apiReport: {
          enabled: true,
          reportFileName: report,
          reportFolder: join(home, 'api'),
          reportTempFolder: join(root, '.cache', 'api', name),
          includeForgottenExports: true,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          compilerMessageReporting: { default: { logLevel: 'none' } },
          extractorMessageReporting: { default: { logLevel: 'none' } },
          tsdocMessageReporting: { default: { logLevel: 'none' } },
        },
      },
    });
    const result = Extractor.invoke(config, {
      localBuild: write,
      showVerboseMessages: false,
      messageCallback: quiet,
    });
    if (!write && (result.apiReportChanged || !existsSync(join(home, 'api', `${report}.api.md`))))
      stale.push(`@ashlar/${name} ${entry}`);
  }
  for (const file of readdirSync(join(home, 'api'))) {
    if (expected.has(file)) continue;
    if (write) rmSync(join(home, 'api', file));
    else stale.push(`@ashlar/${name}: ${file} belongs to no entry`);
  }
}
if (stale.length > 0) {
  console.error(`API reports out of date (run: pnpm build && pnpm api --write):\n  ${stale.join('\n  ')}`);
  process.exit(1);
}
console.log(write ? 'API reports written' : 'API reports up to date');

function quiet(message) {
  message.handled = true;
}
