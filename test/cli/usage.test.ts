/** The command line as a whole: help, mistakes, colours. */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { programs, root } from '../programs.ts';
import { cli, cliProcess, makeExample, scratch, tamper } from './run-cli.ts';

const folder = scratch();

const commands = [
  'demo',
  'verify',
  'events',
  'sessions',
  'tickets',
  'agents',
  'keys',
  'kill',
  'budgets',
  'usage',
  'prices',
  'policy',
];

/** Each of them changes something, and needs somebody who does. */
const actingCommands = [
  'sessions pause',
  'sessions resume',
  'sessions abort',
  'tickets approve',
  'tickets deny',
  'tickets cancel',
  'agents suspend',
  'agents reinstate',
  'agents revoke',
  'keys issue',
  'keys revoke',
  'kill engage',
  'kill release',
];

const readingCommands = [
  'sessions list',
  'sessions show',
  'tickets list',
  'tickets show',
  'agents list',
  'keys list',
  'kill list',
];

describe('help', () => {
  test.each([...commands, ...actingCommands, ...readingCommands])(
    '%s --help has examples and exit codes',
    async (name) => {
      const { code, stdout, stderr } = await cli(...name.split(' '), '--help');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^Usage: agent-control-plane /);
      expect(stdout).toContain(`$ agent-control-plane ${name}`);
      expect(stdout).toMatch(/--json/);
      expect(stdout).toMatch(/^Exit codes: 0 .*, 2 /m);
    },
  );

  test('no help of any command is wider than a terminal, but for its examples', async () => {
    const [helps, long] = [[''], [] as string[]];
    for (const name of helps) {
      const words = name === '' ? [] : name.split(' ');
      const { stdout } = await cli(...words, '--help');
      const lines = stdout.split('\n');
      long.push(...lines.filter((line) => line.length > 80 && !line.includes('  $ ')));
      const [, list = ''] = /^Commands:\n([^]*?)\n\n/m.exec(`${stdout}\n\n`) ?? [];
      const below = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, each = '']) => each);
      helps.push(
        ...below.filter((each) => each !== 'help').map((each) => `${name} ${each}`.trim()),
      );
    }
    expect(helps).toEqual(expect.arrayContaining([...actingCommands, 'postgres check', 'mcp pin']));
    expect(long).toEqual([]);
  });

  test('the command itself lists its commands; the version is the package’s', async () => {
    const { stdout } = await cli('--help');
    for (const name of commands) expect(stdout).toContain(`  ${name}`);
    expect((await cli('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('mistakes end with 2 and a hint', () => {
  const rows = [
    { words: [], says: 'Usage: agent-control-plane' },
    { words: ['verfy', 'x.db'], says: 'Did you mean verify?' },
    { words: ['verify'], says: "missing required argument 'file'" },
    { words: ['verify', 'x.db', '--anchr', 'a'], says: 'Did you mean --anchor?' },
    { words: ['verify', 'x.db', 'y.db'], says: 'too many arguments' },
    { words: ['events', 'x.db', '--type', 'nope'], says: 'The types are session-opened' },
    { words: ['events', 'x.db', '--limit', '-1'], says: 'whole number' },
    { words: ['sessions', 'list', 'x.db', '--status', 'asleep'], says: 'Allowed choices are' },
    { words: ['events', join(folder, 'no.db')], says: 'there is no file' },
    { words: ['events', 'a\u001b[2Jb'], says: String.raw`a\u001b[2Jb` },
    { words: ['verify', '--\u001b[2J'], says: String.raw`--\u001b[2J` },
  ];
  test.each(rows)('$words', async ({ words, says }) => {
    const { code, stdout, stderr } = await cli(...words);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(says)]);
    expect(stderr).not.toContain('\u001b');
  });
});

describe('as a process, each command prints and ends with its exit code', () => {
  const path = join(folder, 'example.db');
  const tampered = join(folder, 'tampered.db');
  const policy = join(folder, 'policy.yaml');

  beforeAll(async () => {
    await makeExample(path);
    copyFileSync(path, tampered);
    tamper(tampered, 5, 'order/o-1', 'order/o-9');
  });

  const rows = [
    { words: ['--version'], code: 0, says: '.' },
    { words: ['verify', path], code: 0, says: 'holds' },
    { words: ['verify', tampered], code: 1, says: 'DOES NOT HOLD' },
    { words: ['sessions', 'list', path], code: 0, says: 'session ' },
    { words: ['budgets', path], code: 0, says: 'no budget plans' },
    { words: ['policy', 'init', policy], code: 0, says: 'wrote' },
    { words: ['policy', 'lint', policy], code: 0, says: 'nothing found' },
    { words: ['verify', `${path}.gone`], code: 2, says: '' },
  ];
  test.each(rows)('$words', async ({ words, code, says }) => {
    const run = await cliProcess({}, ...words);
    expect([run.code, run.stdout]).toEqual([code, expect.stringContaining(says)]);
    expect(run.stderr).toMatch(
      code === 2 ? /^error: there is no file [^\n]+\nhelp: [^\n]+\n$/ : /^$/,
    );
  });
});

/** The modules of ours that a command line loads. */
function loadedBy(...words: readonly string[]): readonly string[] {
  const told = 'process.stderr.write(`${url}\\n`); return next(url, context);';
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { ${told} } });`;
  const loader = `data:text/javascript,${encodeURIComponent(hook)}`;
  const line = ['--import', loader, join(root, programs.cli), ...words];
  const { status, stderr } = spawnSync(process.execPath, line, { encoding: 'utf8' });
  expect(status).toBe(0);
  const loaded = stderr.split('\n').flatMap((url) => url.split('/src/')[1] ?? []);
  expect(loaded).toContain('cli/program.ts');
  return loaded;
}

test('help waits for neither the kernel nor a store: what loads them is loaded by the command that needs them', () => {
  const whole = /^(?:index|(?:kernel|engine|policy|approvals|log)\/index|storage\/.*)\.ts$/;
  expect(loadedBy('--help').filter((path) => whole.test(path))).toEqual([]);
});

test.each(['events', 'verify', 'tickets list', 'budgets'])(
  '%s waits for no control plane: it reads, and nothing is decided',
  async (name) => {
    const path = join(folder, `${name.replace(' ', '-')}.db`);
    await makeExample(path);
    const loaded = loadedBy(...name.split(' '), path);
    expect(loaded).toContain('storage/sqlite/sqlite-storage.ts');
    expect(loaded.filter((each) => /^(?:engine\/(?:index|core)|policy)\b/.test(each))).toEqual([]);
  },
);

test('colours: none in a pipe, some where they are asked for, none against NO_COLOR or on what can show none', async () => {
  const { path } = await makeExample(join(folder, 'colours.db'));
  const coloured = async (env: NodeJS.ProcessEnv): Promise<boolean> =>
    (await cliProcess(env, 'events', path)).stdout.includes('\u001b[');
  expect(await coloured({})).toBe(false);
  expect(await coloured({ FORCE_COLOR: '1' })).toBe(true);
  expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
  expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '' })).toBe(true);
  expect(await coloured({ FORCE_COLOR: '1', TERM: 'dumb' })).toBe(false);
});
