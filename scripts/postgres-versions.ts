/**
 * Runs the tests of the PostgreSQL store on each major release before the newest, which `npm test` has:
 * `npm run postgres-versions`, or `npm run postgres-versions -- 14 16 -- cli opening` for some releases and
 * files.
 *
 * The servers come from npm, into a folder of their own (`test/postgres/versions`). One line for each
 * release; the exit code is 1 where tests fail on one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'test', 'postgres', 'versions');
const packages = (
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  }
).dependencies;
const known = Object.keys(packages).map((name) => name.replace('postgres-', ''));

process.exitCode = main(process.argv.slice(2));

function main(words: readonly string[]): number {
  const split = words.includes('--') ? words.indexOf('--') : words.length;
  const majors = split === 0 ? known : words.slice(0, split);
  const unknown = majors.filter((each) => !known.includes(each));
  if (unknown.length > 0) {
    console.error(`no such release: ${unknown.join(', ')}; there are ${known.join(', ')}`);
    return 2;
  }
  if (majors.some((each) => !existsSync(join(folder, 'node_modules', `postgres-${each}`)))) {
    const { status } = spawnSync('npm', ['install', '--no-save', '--prefix', folder], {
      stdio: 'inherit',
    });
    if (status !== 0) return 2;
  }
  const results = majors.map((major) => ({ major, ok: passes(major, words.slice(split + 1)) }));
  for (const { major, ok } of results) console.log(`${ok ? 'ok  ' : 'FAIL'} PostgreSQL ${major}`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

/** What it prints names the release that the server says it is. */
function passes(major: string, files: readonly string[]): boolean {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=dot', '--reporter=./scripts/count-reporter.ts'];
  const words = ['run', '--project', 'postgres', ...reporters, ...files];
  const { status } = spawnSync(process.execPath, [vitest, ...words], {
    cwd: root,
    env: { ...process.env, ACP_TEST_POSTGRES_VERSION: major },
    stdio: 'inherit',
  });
  return status === 0;
}
