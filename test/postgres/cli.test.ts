/** The command line does on a PostgreSQL database what it does on a file, and never tells a password. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, cliProcess, fillExample, jsonLines } from '../cli/run-cli.ts';
import { newSchema, type TestSchema } from './schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'control-plane-postgres-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A URL whose password is `text`, and the same without one. */
function withPassword(url: string, text: string): string {
  const parsed = new URL(url);
  parsed.password = text;
  return parsed.href;
}

describe('on a log that is there', () => {
  let place: TestSchema;
  let sessions: readonly string[];
  beforeAll(async () => {
    place = newSchema();
    sessions = await fillExample(place.open());
  });
  afterAll(() => place.drop());
  const on = (...words: string[]) => [...words, place.url, '--schema', place.schema];

  test.each([
    ['events'],
    ['budgets'],
    ['usage'],
    ['prices'],
    ['tickets', 'list'],
    ['grants', 'list'],
    ['keys', 'list'],
    ['agents', 'list'],
    ['sessions', 'list'],
    ['kill', 'list'],
    ['policy', 'replay'],
  ])('%s %s reads it as it reads a file', async (...words) => {
    const { code, stderr } = await cli(...on(...words.filter((each) => each !== undefined)));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('verify says that it holds, and an exported head is an anchor', async () => {
    const head = join(folder, 'head.json');
    const first = await cli(...on('verify'), '--export-head', head);
    expect(first.stdout).toContain('holds');
    expect(first.code).toBe(0);
    const again = await cli(...on('verify'), '--anchor', head, '--json');
    expect(jsonLines(again.stdout)).toMatchObject([
      { holds: true, file: expect.any(String) as string },
    ]);
    expect(again.stdout).not.toContain('postgres:postgres');
  });

  test('an operator stops an agent in it, and it is in the log', async () => {
    const by = ['--as', 'acme/user:olga', '--as-role', 'operator'];
    const words = on('kill', 'engage');
    const killed = await cli(...words, 'agent:acme/bot', '--reason', 'a drill', ...by);
    expect(killed).toMatchObject({ code: 0, stdout: 'agent:acme/bot engaged\n' });
    const { stdout } = await cli(...on('events'), '--type', 'kill-engaged', '--json');
    expect(jsonLines(stdout).at(-1)).toMatchObject({ by: { org: 'acme', id: 'user:olga' } });
  });

  test('one session is shown', async () => {
    const { stdout } = await cli('sessions', 'show', ...on(), sessions[1] ?? '');
    expect(stdout).toContain(sessions[1]);
  });

  test('a log that is not there is not made', async () => {
    const { code, stderr } = await cli(...on('events'), '--log', 'elsewhere');
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no log') as string,
    });
    expect(await place.sql('SELECT name FROM $s.log')).toEqual([{ name: 'main' }]);
  });

  test('an entry that was changed is named, although the schema was altered for it', async () => {
    const other = newSchema();
    try {
      await fillExample(other.open());
      await other.sql('DROP TRIGGER entry_never_changes ON $s.entry');
      await other.sql(`UPDATE $s.entry SET body = replace(body, 'acme', 'evil') WHERE idx = 6`);
      const words = [other.url, '--schema', other.schema];
      const { code, stdout } = await cli('verify', ...words, '--json');
      expect(code).toBe(1);
      const [verdict] = jsonLines<{ faults: { index?: number; code: string }[] }>(stdout);
      expect(verdict?.faults[0]).toMatchObject({ index: 6 });
      expect(verdict?.faults.at(-1)).toMatchObject({ code: 'schema-altered' });
      const read = await cli('events', ...words);
      expect(read).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('tampered') as string,
      });
    } finally {
      await other.drop();
    }
  });

  test('a record that a child of its table has once more is no log that holds', async () => {
    const other = newSchema();
    try {
      await fillExample(other.open());
      await other.sql(`CREATE TABLE $s.child () INHERITS ($s.record);
        INSERT INTO $s.child SELECT * FROM ONLY $s.record WHERE kind = 'session'`);
      const { code, stdout } = await cli('verify', other.url, '--schema', other.schema, '--json');
      expect([code, jsonLines(stdout)]).toMatchObject([
        1,
        [{ holds: false, faults: [{ code: 'schema-altered' }] }],
      ]);
    } finally {
      await other.drop();
    }
  });

  test('a password is taken from the environment, and told by nobody', async () => {
    const url = new URL(place.url);
    const { password } = url;
    url.password = '';
    const words = [url.href, '--schema', place.schema];
    const known = await cliProcess({ PGPASSWORD: password }, 'events', ...words, '--limit', '1');
    expect(known).toMatchObject({ code: 0, stderr: '' });
    const secret = 'hunter2-and-more';
    const failures = [
      await cli('events', withPassword('postgres://postgres@127.0.0.1:1/postgres', secret)),
      await cli('postgres', withPassword(place.url, secret)),
      await cli('events', `${withPassword(place.url, secret)}?sslmode=verify-full`),
      await cli('events', `postgres://u:${secret}@[bad/x`),
      await cli('prices', withPassword(place.url, secret), '--check', 'x.json'),
    ];
    for (const { code, stdout, stderr } of failures) {
      expect(code).toBe(2);
      expect(`${stdout}${stderr}`).not.toContain(secret);
      expect(stderr).toMatch(/error: \S/);
    }
  });
});

describe('what is not there', () => {
  test('looking at a database without a schema makes none', async () => {
    const empty = newSchema();
    const { url, schema } = empty;
    for (const words of [
      ['events', url],
      ['verify', url],
      ['tickets', 'list', url],
      ['kill', 'engage', url, 'system', '--reason', 'x', '--as', 'a/b', '--as-role', 'operator'],
    ]) {
      const { code, stderr } = await cli(...words, '--schema', schema);
      expect(code).toBe(2);
      expect(stderr).toContain('postgres migrate');
    }
    expect(await empty.sql(`SELECT FROM pg_namespace WHERE nspname = '$s'`)).toEqual([]);
  });

  test.each([
    [['events', 'postgres://localhost/x', '--schema', 'Not One'], '--schema'],
    [['events', 'control-plane.db', '--schema', 'trial'], 'is for PostgreSQL'],
    [['postgres', 'migrate', 'control-plane.db'], 'not the URL'],
    [['events', 'postgres://127.0.0.1:1/x'], 'ECONNREFUSED'],
  ])('%j is refused with a sentence', async (words, sentence) => {
    const { code, stderr } = await cli(...words);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});
