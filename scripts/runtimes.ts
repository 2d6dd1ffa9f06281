/**
 * Runs the built package on each release that it is for of Node, Bun and Deno: `npm run runtimes`, or
 * `npm run runtimes -- node@26 bun@1.4.5 -- test/engine` for some releases and, on these, test files too.
 *
 * The package is bundled with a program that makes governed calls in SQLite and verifies the log. The releases
 * come from npm. One line for each; the exit code is 1 where one fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const binaries = join(root, 'node_modules', '.bin');
/** Of Node, the oldest that users may have, and those with long-term support; of the others, what was tried. */
const releases = ['node@22.13.0', 'node@24', 'node@26', 'bun@1.4.5', 'deno@2.9.6'];

interface Runtime {
  readonly program: string;
  /** What stands before a file that it runs. */
  readonly words: readonly string[];
  /** What it needs of Vitest. */
  readonly testing: readonly string[];
}

const words: Readonly<Record<string, Omit<Runtime, 'program'>>> = {
  node: { words: [], testing: [] },
  // Without its flag Bun hands a file that names Node in its first line to Node.
  bun: { words: ['--bun'], testing: ['--pool', 'threads'] },
  deno: { words: ['run', '-A'], testing: [] },
};

process.exitCode = main(process.argv.slice(2));

function main(given: readonly string[]): number {
  const split = given.includes('--') ? given.indexOf('--') : given.length;
  const [asked, files] = [given.slice(0, split), given.slice(split + 1)];
  const folder = mkdtempSync(join(tmpdir(), 'agent-control-plane-runtimes-'));
  try {
    const program = join(folder, 'program.mjs');
    const module = join(root, 'scripts', 'bundled-program.js');
    const isBuilt =
      succeeds(process.execPath, join(root, 'scripts', 'build.ts')) &&
      succeeds(join(binaries, 'rolldown'), module, '--platform', 'node', '--file', program);
    if (!isBuilt) return 2;
    const results = (asked.length === 0 ? releases : asked).map((release) => {
      const runtime = runtimeOf(release);
      const ok =
        runtime !== undefined &&
        runs(runtime, program, join(folder, `${release}.db`)) &&
        passes(runtime, files);
      console.log(`${ok ? 'ok  ' : 'FAIL'} ${release}`);
      return ok;
    });
    return results.every(Boolean) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The program of a release; undefined, with what npm said, where there is none. */
function runtimeOf(release: string): Runtime | undefined {
  const [name = ''] = release.split('@');
  const how = Object.hasOwn(words, name) ? words[name] : undefined;
  if (how === undefined) {
    console.error(
      `${release} is not known; known are node, bun and deno, each with @ and a release`,
    );
    return undefined;
  }
  const { stdout, stderr, status } = spawnSync(
    'npm',
    ['exec', '--yes', '--package', release, '--call', `command -v ${name}`],
    { cwd: tmpdir(), encoding: 'utf8' },
  );
  if (status === 0) return { program: stdout.trim(), ...how };
  console.error(stderr);
  return undefined;
}

function passes(runtime: Runtime, files: readonly string[]): boolean {
  if (files.length === 0) return true;
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  return runs(runtime, vitest, 'run', '--reporter=dot', ...runtime.testing, ...files);
}

/** With the release first on the path, for what starts processes of its own. */
function runs(runtime: Runtime, file: string, ...rest: readonly string[]): boolean {
  const path = `${dirname(runtime.program)}${delimiter}${process.env['PATH'] ?? ''}`;
  // Code that another release has compiled is of no use to this one.
  const env = { ...process.env, PATH: path, NODE_COMPILE_CACHE: '' };
  const given = [...runtime.words, file, ...rest];
  return spawnSync(runtime.program, given, { cwd: root, env, stdio: 'inherit' }).status === 0;
}

function succeeds(program: string, ...given: readonly string[]): boolean {
  return (
    spawnSync(program, given, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  );
}
