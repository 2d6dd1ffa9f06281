/** Who acts by the command line: a key from the environment or a file, or the host's own word; else nobody. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/testing/index.ts';
import { asAdmin, asApprover, asOperator, type Desk, makeDesk, openDesk } from './desk.ts';
import { cli, cliProcess, type CliRun, jsonLines, scratch } from './run-cli.ts';

const folder = scratch();
const file = join(folder, 'desk.db');
let desk: Desk;

/** Runs a command that may print anything but a key. */
async function observed(...words: string[]): Promise<CliRun> {
  return keyless(await cli(...words));
}

function keyless(ended: CliRun): CliRun {
  const printed = `${ended.stdout}${ended.stderr}`;
  if (/acp_|[0-9a-f]{64}/.test(printed)) throw new Error(`a key was printed: ${printed}`);
  return ended;
}

async function issue(role: string, ...more: string[]): Promise<{ id: string; key: string }> {
  const words = ['--principal', 'user:key', '--role', role, ...more, '--json', ...asAdmin];
  const { stdout } = await cli('keys', 'issue', file, ...words);
  const [issued] = jsonLines<{ id: string; key: string }>(stdout);
  if (issued === undefined) throw new Error('no key was issued');
  return issued;
}

function keyFile(key: string): string {
  const path = join(folder, 'some.key');
  writeFileSync(path, `${key}\n`);
  return path;
}

beforeAll(async () => {
  desk = await makeDesk(file, [
    { orderId: 'o-1', note: '' },
    { orderId: 'o-2', note: '' },
  ]);
});

describe('somebody has to act', () => {
  test.each([
    { words: [], says: 'nobody acts' },
    { words: ['--as', 'acme/user:ann'], says: '`--as` needs a role' },
    { words: ['--as-role', 'approver'], says: '`--as-role` needs `--as`' },
    { words: ['--as', 'ann', '--as-role', 'approver'], says: 'an org and an id' },
    { words: ['--key-file', 'x', ...asApprover], says: 'it is not clear who acts' },
    { words: ['--key-file', join(folder, 'no.key')], says: 'the key file cannot be read' },
    { words: ['--as', 'acme/user:ann', '--as-role', 'king'], says: 'role `king` is not known' },
  ])('$words is refused: $says', async ({ words, says }) => {
    const { code, stdout, stderr } = await observed('tickets', 'deny', file, 'x', ...words);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(says)]);
  });

  test('a file that is not there is not made', async () => {
    const { code, stderr } = await observed(
      'kill',
      'engage',
      `${file}.no`,
      'system',
      '--reason',
      'x',
      ...asAdmin,
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no file')]);
    const other = await observed('tickets', 'deny', file, 'x', '--log', 'no', ...asApprover);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('has no log')]);
  });
});

describe('keys', () => {
  test('issue prints the key alone to standard output, and says that it is printed once', async () => {
    const words = ['--principal', 'service:billing', '--role', 'agent', '--team', 'ops'];
    const { code, stdout, stderr } = await cli(
      'keys',
      'issue',
      file,
      ...words,
      '--expires',
      '30d',
      ...asAdmin,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^acp_\S+_[0-9a-f]{64}\n$/);
    expect(stderr).toMatch(
      /^key \S+ of acme\/service:billing \(agent\), ends 2\S+Z\nthe key is printed this once, and kept nowhere:\n$/,
    );
    const listed = await observed('keys', 'list', file, '--org', 'acme');
    expect(listed.stdout).toMatch(/^key +principal +roles +issued +by +ends +status$/m);
    expect(listed.stdout).toMatch(/ acme\/service:billing +agent .* user:root .* good$/m);
  });

  test('a key whose end is over is listed as expired, and one whose end is to come as good', async () => {
    const path = join(folder, 'expired.db');
    const clock = new FakeClock(Date.now() - 3_600_000);
    const plane = await openDesk(path, { clock });
    for (const minutes of [1, 100]) {
      const expiresAt = new Date(clock.now() + minutes * 60_000);
      const principal = `user:for-${minutes}`;
      await plane.keys.issue({ principal, org: 'acme', roles: ['approver'], expiresAt });
      clock.advance(1);
    }
    await plane.close();
    const { stdout } = await observed('keys', 'list', path, '--json');
    expect(jsonLines(stdout).map(({ principal, status }) => [principal, status])).toEqual([
      ['user:for-1', 'expired'],
      ['user:for-100', 'good'],
    ]);
  });

  test('the key in a file or in the environment acts as whom it stands for, until it is revoked', async () => {
    const { id, key } = await issue('approver');
    const [first = '', second = ''] = desk.tickets;
    const byFile = await observed('tickets', 'deny', file, first, '--key-file', keyFile(key));
    expect([byFile.code, byFile.stdout]).toEqual([0, `ticket ${first} denied by user:key\n`]);
    const log = await observed('events', file, '--type', 'ticket-denied', '--json');
    expect(jsonLines<{ by: object }>(log.stdout)[0]?.by).toMatchObject({
      id: 'user:key',
      via: 'api-key',
      credential: id,
    });
    const denySecond = ['tickets', 'deny', file, second];
    const unclear = keyless(await cliProcess({ ACP_API_KEY: key }, ...denySecond, ...asApprover));
    expect([unclear.code, unclear.stderr]).toEqual([2, expect.stringContaining('not clear')]);
    const revoked = await observed(
      'keys',
      'revoke',
      file,
      id,
      '--reason',
      'lost',
      '--json',
      ...asAdmin,
    );
    expect(jsonLines(revoked.stdout)[0]).toMatchObject({ id, status: 'revoked' });
    const refused = keyless(await cliProcess({ ACP_API_KEY: key }, ...denySecond, '--json'));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('error: credential-invalid');
    expect(jsonLines(refused.stdout)[0]).toMatchObject({ error: { code: 'credential-invalid' } });
    const left = await observed('tickets', 'list', file, '--json');
    expect(jsonLines(left.stdout).map((ticket) => ticket['id'])).toEqual([second]);
  });

  test('what is no key, and a key that nobody was given, are refused without being repeated', async () => {
    for (const key of ['secret-text', `acp_x_${'0'.repeat(64)}`]) {
      const ended = await observed('tickets', 'deny', file, 'x', '--key-file', keyFile(key));
      expect([ended.code, ended.stderr]).toEqual([
        2,
        expect.stringContaining('credential-invalid'),
      ]);
      expect(ended.stderr).not.toContain('secret-text');
    }
  });

  test('nobody issues what they may not do; an end that is no time is refused', async () => {
    const words = ['keys', 'issue', file, '--principal', 'user:eve', '--role'];
    const above = await observed(...words, 'platform-admin', ...asAdmin);
    expect([above.code, above.stdout]).toEqual([1, '']);
    expect(above.stderr).toMatch(/^error: permission-denied: /);
    const never = await observed(...words, 'agent', '--expires', 'soon', ...asAdmin);
    expect([never.code, never.stderr]).toEqual([2, expect.stringContaining('a time from now')]);
    const unknown = await observed('keys', 'revoke', file, 'nobody', ...asOperator);
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
  });
});
