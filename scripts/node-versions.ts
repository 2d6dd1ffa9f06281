/**
 * Runs the built package on each release of Node that it is for: `npm run node-versions`, or
 * `npm run node-versions -- 26 -- test/engine` for some releases and, on these, test files too.
 *
 * The package is bundled with a program that makes a governed call in SQLite and verifies the log. Node itself
 * comes from npm. One line for each release; the exit code is 1 where one fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const binaries = join(root, 'node_modules', '.bin');
/** The oldest that users may have, and those with long-term support. */
const releases = ['22.13.0', '24', '26'];

process.exitCode = main(process.argv.slice(2));

function main(words: readonly string[]): number {
  const split = words.includes('--') ? words.indexOf('--') : words.length;
  const [asked, files] = [words.slice(0, split), words.slice(split + 1)];
  const folder = mkdtempSync(join(tmpdir(), 'agent-control-plane-node-'));
  try {
    const program = join(folder, 'program.mjs');
    const module = join(root, 'scripts', 'bundled-program.js');
    const isBuilt =
      succeeds(process.execPath, join(root, 'scripts', 'build.ts')) &&
      succeeds(join(binaries, 'rolldown'), module, '--platform', 'node', '--file', program);
    if (!isBuilt) return 2;
    const results = (asked.length === 0 ? releases : asked).map((release) => {
      const node = nodeOf(release);
      if (node === undefined) return false;
      const ok = runs(node, [program, join(folder, `${release}.db`)]) && passes(node, files);
      console.log(`${ok ? 'ok  ' : 'FAIL'} Node ${release}`);
      return ok;
    });
    return results.every(Boolean) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The program of a release; undefined, with what npm said, where there is none. */
function nodeOf(release: string): string | undefined {
  const words = ['exec', '--yes', '--package', `node@${release}`, '--', 'node'];
  const { stdout, stderr, status } = spawnSync('npm', [...words, '-p', 'process.execPath'], {
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim();
  console.error(stderr);
  return undefined;
}

function passes(node: string, files: readonly string[]): boolean {
  if (files.length === 0) return true;
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  return runs(node, [vitest, 'run', ...files, '--reporter=dot']);
}

/** With the release first on the path, for what starts processes of its own. */
function runs(node: string, words: readonly string[]): boolean {
  const path = `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`;
  // Code that another release has compiled is of no use to this one.
  const env = { ...process.env, PATH: path, NODE_COMPILE_CACHE: '' };
  return spawnSync(node, words, { cwd: root, env, stdio: 'inherit' }).status === 0;
}

function succeeds(program: string, ...words: readonly string[]): boolean {
  return (
    spawnSync(program, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  );
}
