/** `postgres migrate`, `grant-worker`, `grant-reader` and `check`, as an owner and as the roles let in. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openControlPlane, withHeadFile } from '../../src/index.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { cli, fillExample, jsonLines } from '../cli/run-cli.ts';
import { newSchema, type TestSchema } from './schema.ts';
import { startServer } from './server.ts';

interface Checked {
  readonly good: boolean;
  readonly findings: readonly { readonly name: string; readonly status: string }[];
  readonly logs: readonly { readonly name: string; readonly size: number }[];
}

let place: TestSchema;
const roles: string[] = [];
beforeEach(() => {
  place = newSchema();
});
afterEach(async () => {
  await place.drop();
  for (const made of roles.splice(0)) await place.sql(`DROP OWNED BY ${made}; DROP ROLE ${made}`);
});

function owner(command: string, ...words: string[]) {
  return cli('postgres', command, place.url, ...words, '--schema', place.schema);
}

/** Makes a role, and returns the URL by which it signs in. */
async function role(name: string): Promise<string> {
  const full = `${place.schema}_${name}`;
  await place.sql(`CREATE ROLE ${full} LOGIN PASSWORD 'secret'`);
  roles.push(full);
  const url = new URL(place.url);
  url.username = full;
  url.password = 'secret';
  return url.href;
}

async function statuses(url: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await cli('postgres', 'check', url, '--schema', place.schema, '--json');
  const [checked] = jsonLines<Checked>(stdout);
  return Object.fromEntries(checked?.findings.map(({ name, status }) => [name, status]) ?? []);
}

describe('migrate', () => {
  test('makes the schema, says so, and does nothing the second time', async () => {
    const first = await owner('migrate');
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('was made') as string });
    const again = await owner('migrate', '--json');
    const [{ before, after } = {}] = jsonLines(again.stdout);
    expect(before).toBe(after);
    expect(before).toBeGreaterThan(0);
  });

  test('a URL that names the schema where nobody reads it is refused, with what does', async () => {
    const url = new URL(place.url);
    url.searchParams.set('schema', place.schema);
    for (const words of [['postgres', 'migrate'], ['postgres', 'check'], ['verify']]) {
      const { code, stderr } = await cli(...words, url.href);
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/`schema`, which its driver[^]*--schema/) as string,
      });
    }
  });

  test('several at once: one makes it, all are content', async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, () => owner('migrate', '--json')));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const made = runs
      .flatMap(({ stdout }) => jsonLines(stdout))
      .filter((each) => each['before'] === 0);
    expect(made).toHaveLength(1);
  });

  test('a role that may not make a schema is told who can', async () => {
    const url = await role('stranger');
    const { code, stderr } = await cli('postgres', 'migrate', url, '--schema', place.schema);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('owner') as string,
    });
  });
});

describe('roles', () => {
  test('a worker is let in, works, and lets nobody in', async () => {
    await owner('migrate');
    const url = await role('worker');
    const refused = await cli('events', url, '--schema', place.schema);
    expect(refused.code).toBe(2);
    const { code } = await owner('grant-worker', roles[0] ?? '');
    expect(code).toBe(0);
    await fillExample(postgres(url, { schema: place.schema }));
    const verified = await cli('verify', url, '--schema', place.schema);
    expect(verified.code).toBe(0);
    const words = [url, roles[0] ?? '', '--schema', place.schema];
    const granting = await cli('postgres', 'grant-worker', ...words);
    expect(granting).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('only the owner') as string,
    });
  });

  test('a reader of every org verifies, and cannot act', async () => {
    await fillExample(place.open());
    const url = await role('auditor');
    await owner('grant-reader', roles[0] ?? '', '*');
    expect(await cli('verify', url, '--schema', place.schema)).toMatchObject({ code: 0 });
    const by = ['--reason', 'x', '--as', 'acme/user:olga', '--as-role', 'operator'];
    const killing = await cli('kill', 'engage', url, 'org:acme', '--schema', place.schema, ...by);
    expect(killing.code).toBe(2);
    const latches = await place.sql(`SELECT FROM $s.entry WHERE body LIKE '%user:olga%'`);
    expect(latches).toEqual([]);
  });

  test('a reader of one org is not shown a log with gaps as the log', async () => {
    await fillExample(place.open());
    const url = await role('acme');
    await owner('grant-reader', roles[0] ?? '', 'acme');
    const { code, stderr } = await cli('verify', url, '--schema', place.schema);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('one org') as string,
    });
  });

  test.each([['grant-worker'], ['grant-reader', 'acme']])(
    '%s lets nobody in by the name of everybody, and the schema stays fit',
    async (command, ...org) => {
      await owner('migrate');
      const { code, stderr } = await owner(command, 'public', ...org);
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('every role') as string,
      });
      expect((await owner('check')).code).toBe(0);
    },
  );

  test('a role that sees every row is not said to see one org’s', async () => {
    await owner('migrate');
    await role('auditor');
    const [name = ''] = roles;
    for (const attribute of ['BYPASSRLS', 'SUPERUSER']) {
      await place.sql(`ALTER ROLE "${name}" ${attribute}`);
      const { code, stderr } = await owner('grant-reader', name, 'acme');
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('sees every row') as string,
      });
      expect((await owner('grant-reader', name, '*')).code).toBe(0);
      await place.sql(`ALTER ROLE "${name}" NO${attribute}`);
    }
    expect((await owner('grant-reader', name, 'acme')).code).toBe(0);
  });

  test('a role that does not exist is named', async () => {
    await owner('migrate');
    const { code, stderr } = await owner('grant-worker', 'nobody_at_all');
    expect(code).toBe(2);
    expect(stderr).toMatch(/nobody_at_all.*\n.*CREATE ROLE/);
  });
});

describe('accept-restore', () => {
  test('goes on from a log that lost entries, once that is said, and keeps the old head', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'control-plane-postgres-head-'));
    try {
      const headFile = join(folder, 'head.json');
      await fillExample(withHeadFile(place.open(), headFile));
      const [{ size } = {}] = await place.sql('SELECT size::int FROM $s.log');
      const restored = {
        ...(JSON.parse(readFileSync(headFile, 'utf8')) as object),
        size: Number(size) + 5,
      };
      writeFileSync(headFile, JSON.stringify(restored));
      const opened = withHeadFile(place.open(), headFile).open('main');
      await expect(opened).rejects.toMatchObject({ code: 'rolled-back' });
      const words = [place.url, '--schema', place.schema, '--head-file', headFile];
      const asked = await cli('accept-restore', ...words);
      expect(asked.code).not.toBe(0);
      const accepted = await cli('accept-restore', ...words, '--yes', '--json');
      expect(jsonLines(accepted.stdout)).toMatchObject([{ accepted: size, lost: 5 }]);
      const storage = withHeadFile(place.open(), headFile);
      expect((await storage.open('main')).size).toBe(size);
      await storage.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('check', () => {
  test('a database that a worker can work on is good', async () => {
    await fillExample(place.open());
    const url = await role('worker');
    await owner('grant-worker', roles[0] ?? '');
    const { code, stdout } = await cli('postgres', 'check', url, '--schema', place.schema);
    expect(code).toBe(0);
    expect(stdout).not.toContain('secret');
    expect(await statuses(url)).toMatchObject({
      settings: 'ok',
      server: 'ok',
      schema: 'ok',
      role: 'ok',
      notifications: 'ok',
      standbys: 'note',
      log: 'ok',
    });
  });

  test('a member of a worker’s role, which sees no row, is bad', async () => {
    await owner('migrate');
    await role('all');
    const url = await role('worker');
    const [all = '', worker = ''] = roles;
    await owner('grant-worker', all);
    await place.sql(`GRANT ${all} TO ${worker}`);
    expect(await statuses(url)).toMatchObject({ schema: 'ok', role: 'bad' });
  });

  test('of transactions that the role does not see nothing is said to be well', async () => {
    await owner('migrate');
    const url = await role('worker');
    await owner('grant-worker', roles[0] ?? '');
    const words = ['check', url, '--schema', place.schema] as const;
    const { stdout } = await cli('postgres', ...words);
    expect(stdout).toMatch(/note transactions .* of this role .* pg_monitor/);
    await place.sql(`GRANT pg_monitor TO ${roles[0] ?? ''}`);
    expect(await statuses(url)).toMatchObject({ transactions: 'ok' });
  });

  test('an owner is told that workers should not be one', async () => {
    await owner('migrate');
    expect(await statuses(place.url)).toMatchObject({ schema: 'ok', role: 'note' });
  });

  test('no schema is bad, and none is made by looking', async () => {
    const { code } = await owner('check');
    expect(code).toBe(1);
    expect(await place.sql(`SELECT FROM pg_namespace WHERE nspname = '$s'`)).toEqual([]);
  });

  test('a trigger that was taken away is bad', async () => {
    await owner('migrate');
    await place.sql('DROP TRIGGER entry_never_changes ON $s.entry');
    const { code, stdout } = await owner('check');
    expect({ code, stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('tampered') as string,
    });
  });

  test('settings under which commits are lost are bad', async () => {
    await owner('migrate');
    const url = await role('hasty');
    await owner('grant-worker', roles[0] ?? '');
    await place.sql(`ALTER ROLE ${roles[0] ?? ''} SET synchronous_commit = off`);
    expect(await statuses(url)).toMatchObject({ settings: 'bad', schema: 'ok' });
  });

  test('a synchronous standby that is away is bad, and commits that do not wait are worth a note', async () => {
    const server = await startServer(['-c', 'synchronous_standby_names=away']);
    try {
      const alone = new URL(server.url);
      alone.searchParams.set('options', '-c synchronous_commit=local');
      const words = ['--schema', place.schema];
      expect(await cli('postgres', 'migrate', alone.href, ...words)).toMatchObject({ code: 0 });
      expect(await statuses(alone.href)).toMatchObject({ settings: 'ok', standbys: 'note' });
      expect(await statuses(server.url)).toMatchObject({ standbys: 'bad', notifications: 'ok' });
      expect(await cli('postgres', 'check', server.url, ...words)).toMatchObject({ code: 1 });
    } finally {
      await server.remove();
    }
  });

  test('it finishes while a worker has the database open', async () => {
    const plane = await openControlPlane({ storage: place.open() });
    try {
      const { stdout } = await owner('check', '--json');
      const [checked] = jsonLines<Checked>(stdout);
      expect(checked?.logs).toMatchObject([{ name: 'main', size: (await plane.head()).size }]);
    } finally {
      await plane.close();
    }
  });
});
