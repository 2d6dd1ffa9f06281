/** What goes wrong around a command: files that take no writes, outputs that take none, and people who stop it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { explained, storeOf } from '../../src/cli/store-of.ts';
import { StorageError, type StorageErrorCode } from '../../src/storage/storage.ts';
import { program } from '../programs.ts';
import { asOperator, type Desk, makeDesk } from './desk.ts';
import { cli, jsonLines, scratch, startCli } from './run-cli.ts';

const folder = scratch();
let desk: Desk;

beforeAll(async () => {
  desk = await makeDesk(join(folder, 'desk.db'), [{ orderId: 'o-1', note: '' }]);
});

const because = ['--reason', 'a drill', ...asOperator];

test('a file that another process holds is looked at, and is not written: the message says which it is', async () => {
  const held = new DatabaseSync(desk.path);
  held.exec('BEGIN EXCLUSIVE');
  try {
    expect((await cli('kill', 'list', desk.path)).code).toBe(0);
    const { code, stdout, stderr } = await cli('kill', 'engage', desk.path, 'org:acme', ...because);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: `.*` is held by another process: .*\nhelp: try again/);
  } finally {
    held.close();
  }
}, 30_000);

test.each([
  ['read-only', 'cannot be written: no rights', /^whoever acts needs the right to write the file/],
  ['disk-full', 'cannot be written: no rights', /^$/],
  ['io', 'cannot be read: no rights', /^$/],
] satisfies readonly [StorageErrorCode, string, RegExp][])(
  'a store that says %s is told about in words of files',
  (code, message, help) => {
    const store = storeOf(desk.path, undefined);
    const failure = new StorageError(code, `${store.storageName}: no rights`);
    expect(explained(failure, store, 'main')).toMatchObject({
      exitCode: 2,
      message: `\`${desk.path}\` ${message}`,
      help: expect.stringMatching(help) as string,
    });
  },
);

test.each([
  ['password authentication failed for user "ada" (SQLSTATE 28P01)', 'set PGPASSWORD'],
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'set PGPASSWORD'],
  ['connect ECONNREFUSED 127.0.0.1:1', '$'],
])('a database that says %s is told about with what helps', (said, help) => {
  const store = storeOf('postgres://ada@db/agents', undefined);
  const told = explained(new StorageError('unavailable', said), store, 'main');
  expect(told).toMatchObject({ help: expect.stringMatching(new RegExp(`^${help}`)) as string });
});

/** In a process that a shell has set up, by what it runs before it becomes the command line. */
async function onShell(setUp: string, ...words: readonly string[]) {
  const line = ['-c', `${setUp}; exec "$@"`, 'sh', process.execPath, program('cli'), ...words];
  const child = spawn('sh', line, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode, stdout, stderr };
}

/** Where files cannot grow beyond some kilobytes: as on a full disk, nothing can be appended. */
const fullDisk = 'ulimit -f 80';
/** A file that is open for reading alone: what is written to it fails. */
const outputTakesNothing = `exec 1<"${import.meta.filename}"`;
const errorsTakeNothing = `exec 2<"${import.meta.filename}"`;

test.each([
  ['policy init: not even the first file fits', 0, ['policy', 'init', 'full.yaml']],
  ['policy init: the second file does not fit', 4, ['policy', 'init', 'full.yaml']],
  ['verify --export-head', 0, ['verify', 'desk.db', '--export-head', 'full.json']],
] as const)(
  '%s: on a full disk no half of a file is left, which would be in the way of the next try',
  async (_, blocks, words) => {
    const paths = words.map((word) => (/\./.test(word) ? join(folder, word) : word));
    const { code, stderr } = await onShell(`ulimit -f ${blocks}`, ...paths);
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be written') as string]);
    expect(readdirSync(folder).filter((name) => name.startsWith('full'))).toEqual([]);
  },
);

test('a kill that the store did not take promises nothing for when it returns: the command has ended', async () => {
  const words = ['kill', 'engage', desk.path, 'org:acme', 'tool:acme', ...because, '--json'];
  const { code, stdout, stderr } = await onShell(fullDisk, ...words);
  expect(code).toBe(2);
  expect(jsonLines(stdout)).toMatchObject([
    { scope: 'org:acme', error: { code: 'kill-local-only' } },
    { scope: 'tool:acme', error: {} },
    { error: { code: 'kill-local-only', help: expect.stringContaining('kill list') as string } },
  ]);
  expect(`${stdout}${stderr}`).not.toContain('when the store returns');
  expect((await cli('kill', 'list', desk.path)).stdout).toBe('no kill switch is engaged\n');
});

test('what could not be asked ends with 2, also of a kill switch that is to be released', async () => {
  await cli('kill', 'engage', desk.path, 'org:acme', ...because);
  const release = ['kill', 'release', desk.path, 'org:acme'];
  const { code, stderr } = await onShell(fullDisk, ...release, ...because);
  expect([code, stderr]).toEqual([2, expect.stringContaining('org:acme was not released')]);
  // Beside it, what is refused makes no answer of it.
  const mixed = await onShell(fullDisk, ...release, 'org', ...because);
  expect([mixed.code, mixed.stderr]).toEqual([2, expect.stringContaining('`org` is no scope')]);
  const unreasoned = await cli(...release, '--reason', '', ...asOperator);
  expect([unreasoned.code, unreasoned.stderr]).toEqual([2, expect.stringContaining('reason')]);
  expect((await cli(...release, ...because)).code).toBe(0);
  expect((await cli(...release, ...because)).code).toBe(1);
});

test.each([['verify FILE'], ['events FILE --json'], ['--help']])(
  '%s: an output that takes nothing is told about, and is no bad answer',
  async (line) => {
    const words = line.split(' ').map((word) => (word === 'FILE' ? desk.path : word));
    const { code, stderr } = await onShell(outputTakesNothing, ...words);
    expect(stderr).toMatch(/^error: standard output cannot be written: E[A-Z]+.*\n$/);
    expect(code).toBe(2);
  },
);

test('an error output that takes nothing makes no bad answer of what could not be done', async () => {
  const { code } = await onShell(errorsTakeNothing, 'verify', join(folder, 'none.db'));
  expect(code).toBe(2);
});

test.each([
  ['demo', 'SIGINT'],
  ['demo', 'SIGTERM'],
  ['demo', 'SIGHUP'],
  ['demo', 'its reader'],
])(
  '%s that is ended by %s leaves no folder behind',
  async (command, by) => {
    const temporary = scratch();
    const child = startCli([command], { TMPDIR: temporary });
    child.stderr.resume();
    await once(child.stdout, 'data');
    expect(readdirSync(temporary)).toHaveLength(1);
    if (by === 'its reader') child.stdout.destroy();
    else child.kill(by as NodeJS.Signals);
    expect(await once(child, 'exit')).toEqual(by === 'its reader' ? [2, null] : [null, by]);
    expect(readdirSync(temporary)).toEqual([]);
  },
  30_000,
);

test('a process whose temporary folder cannot be taken away is ended by the signal that it was sent', async () => {
  const script = join(import.meta.dirname, 'kept-folder-process.ts');
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, TMPDIR: scratch() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
}, 30_000);

test.each(['SIGINT', 'SIGTERM'] as const)(
  '`--follow` ends with %s as other programs do',
  async (signal) => {
    const child = startCli(['events', desk.path, '--follow', '--json']);
    const errors = text(child.stderr);
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    expect(await errors).toBe('');
  },
);
