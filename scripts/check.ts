/**
 * Every check but the tests, one line a step: `npm run check`, or `npm run check -- types lint` for some.
 *
 * A step that fails shows its output; the steps after it still run, and the exit code says whether all passed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

interface Step {
  readonly name: string;
  readonly run: () => Outcome;
}

const root = resolve(import.meta.dirname, '..');
const binaries = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env['PATH'] ?? ''}` };

const steps: readonly Step[] = [
  { name: 'types', run: () => command('tsc', '--noEmit') },
  { name: 'lint', run: () => command('oxlint', '--type-aware', '--deny-warnings') },
  { name: 'format', run: () => command('oxfmt', '--check', '.') },
  { name: 'knip', run: () => command('knip') },
  { name: 'tidy', run: () => command('vitest', 'run', 'test/tidy') },
  { name: 'build', run: () => command('node', 'scripts/build.ts') },
  { name: 'require', run: requireEach },
  { name: 'bundle', run: runBundled },
  { name: 'cli', run: runCommandLine },
  { name: 'publint', run: () => command('publint', '--strict') },
  { name: 'attw', run: checkTypesOfPackage },
  { name: 'hosts', run: checkTypesOfHosts },
];

process.exitCode = runSteps(process.argv.slice(2));

function runSteps(wanted: readonly string[]): number {
  const unknown = wanted.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(
      `no such step: ${unknown.join(', ')}; steps: ${steps.map((step) => step.name).join(', ')}`,
    );
    return 2;
  }
  let failed = 0;
  for (const step of steps) {
    if (wanted.length > 0 && !wanted.includes(step.name)) continue;
    const started = performance.now();
    const { ok, output } = step.run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${step.name.padEnd(8)} ${seconds} s`);
    if (!ok) console.log(output.trimEnd().replaceAll(/^/gm, '     '));
    failed += ok ? 0 : 1;
  }
  return failed > 0 ? 1 : 0;
}

function command(program: string, ...args: string[]): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` };
}

interface Entry {
  readonly types: string;
  readonly default: string;
}

/** What the package exports, data aside. */
function entriesOfPackage(): readonly Entry[] {
  const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | Entry>>;
  };
  return Object.values(entries).filter((entry) => typeof entry === 'object');
}

/** Hosts in CommonJS load the modules too, which one with an `await` at its top level would end. */
function requireEach(): Outcome {
  const paths = entriesOfPackage().map((entry) => join(root, entry.default));
  return command('node', '-e', `for (const path of ${JSON.stringify(paths)}) require(path);`);
}

/** A program that is bundled into one file works where there is no other, with its threads. */
function runBundled(): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'agent-control-plane-bundle-'));
  try {
    const program = join(folder, 'program.mjs');
    const module = join(root, 'scripts/bundled-program.js');
    const bundled = command('rolldown', module, '--platform', 'node', '--file', program);
    if (!bundled.ok) return bundled;
    return command('node', program, join(folder, 'control-plane.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command line as it is published: it knows its version, its stories and its threads. */
function runCommandLine(): Outcome {
  const { version, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
    readonly bin: Readonly<Record<string, string>>;
  };
  const program = join(root, Object.values(bin)[0] ?? '');
  const said = command('node', program, '--version');
  if (said.output.trim() !== version)
    return { ok: false, output: `not ${version}: ${said.output}` };
  return command('node', program, 'demo');
}

/** Packs what `build` left: `attw --pack` would build again. */
function checkTypesOfPackage(): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'agent-control-plane-pack-'));
  try {
    const packed = command('npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
    if (!packed.ok) return packed;
    const [archive] = readdirSync(folder);
    if (archive === undefined) return { ok: false, output: 'npm pack wrote no archive' };
    return command('attw', join(folder, archive), '--profile', 'esm-only', '--no-emoji');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The declarations as a host has them that checks its libraries and has no types of Node's: TypeScript takes
 * none that it is not told of. What other packages need is theirs to say.
 */
function checkTypesOfHosts(): Outcome {
  const folder = mkdtempSync(join(tmpdir(), 'agent-control-plane-host-'));
  try {
    const compilerOptions = {
      module: 'nodenext',
      lib: ['es2024', 'esnext.disposable', 'dom'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const files = entriesOfPackage().map((entry) => join(root, entry.types));
    const project = join(folder, 'tsconfig.json');
    writeFileSync(project, JSON.stringify({ compilerOptions, files }));
    const { output } = command('tsc', '--project', project, '--pretty', 'false');
    const ours = output
      .split('\n')
      .filter((line) => line.includes('error TS') && !line.startsWith('node_modules/'));
    return { ok: ours.length === 0, output: ours.join('\n') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
