/** `tickets`: what is listed, what a card shows, and who may decide from it, while agents run elsewhere. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { type ApprovalCard, openControlPlane, sqlite } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { asApprover, asOperator, type Desk, makeDesk, openDesk } from './desk.ts';
import { cli, cliProcess, doctor, hostile, jsonLines, scratch } from './run-cli.ts';

const folder = scratch();
let desk: Desk;

function first({ tickets }: Desk): string {
  return tickets[0] ?? '';
}

beforeAll(async () => {
  desk = await makeDesk(join(folder, 'desk.db'), [
    { orderId: 'o-1', note: hostile },
    { orderId: 'o-1', note: 'again' },
    { orderId: 'o-2', note: 'another' },
  ]);
});

describe('list', () => {
  test('equal pending tickets are one line with a count, the oldest one’s id', async () => {
    const { code, stdout, stderr } = await cli('tickets', 'list', desk.path);
    expect([code, stderr]).toEqual([0, '']);
    const [head, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toMatch(
      /^ticket +count +agent +action +risk +cost +for +status +until +resource$/,
    );
    expect(rows).toEqual([
      expect.stringMatching(
        new RegExp(`^${first(desk)} +2 +acme/bot .* 5 usd .* pending .* order/o-1$`),
      ),
      expect.stringMatching(new RegExp(`^${desk.tickets[2]} +1 +.* order/o-2$`)),
    ]);
    const each = await cli('tickets', 'list', desk.path, '--each');
    expect(each.stdout.trimEnd().split('\n')).toHaveLength(4);
  });

  test('--json has a line for each ticket; --org and --status choose', async () => {
    const { stdout } = await cli('tickets', 'list', desk.path, '--json');
    const tickets = jsonLines(stdout);
    expect(tickets.map(({ id }) => id)).toEqual(desk.tickets);
    expect(tickets[0]).toMatchObject({
      status: 'pending',
      org: 'acme',
      agent: 'bot',
      resource: 'order/o-1',
      cost: { usd: '5', actions: '1' },
      decidedBy: null,
    });
    for (const words of [
      ['--org', 'zeta'],
      ['--status', 'approved'],
    ]) {
      expect((await cli('tickets', 'list', desk.path, ...words)).stdout).toBe('no tickets\n');
    }
  });

  test('a resource that was written by a hostile hand cannot disturb a terminal', async () => {
    const { path } = await makeDesk(join(folder, 'hostile.db'), [{ orderId: 'o-1', note: '' }]);
    const written = JSON.stringify(`order/${hostile}`).replaceAll("'", "''");
    const sql = `UPDATE record SET value = replace(value, '"order/o-1"', '${written}')`;
    doctor(path, `${sql} WHERE kind = 'ticket'`);
    for (const form of [[], ['--json']]) {
      const { stdout } = await cli('tickets', 'list', path, ...form);
      expect(stdout).toContain(String.raw`order/x\u001b[2J`);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(stdout).not.toMatch(/^FAKE/m);
    }
  });

  test('whoever acts as somebody is told how many they decided in the last hour', async () => {
    const { path, tickets } = await makeDesk(join(folder, 'rate.db'), [
      { orderId: 'o-1', note: '' },
      { orderId: 'o-2', note: '' },
    ]);
    const list = async (): Promise<string> =>
      (await cli('tickets', 'list', path, '--status', 'all', ...asApprover)).stderr;
    expect(await list()).toBe('acme/user:ann decided 0 tickets in the last hour\n');
    await cli('tickets', 'approve', path, tickets[0] ?? '', '--yes', ...asApprover);
    await cli('tickets', 'deny', path, tickets[1] ?? '', ...asApprover);
    expect(await list()).toBe('acme/user:ann decided 2 tickets in the last hour\n');
    const other = ['--as', 'acme/user:bea', '--as-role', 'approver'];
    expect((await cli('tickets', 'list', path, ...other)).stderr).toContain(' 0 tickets ');
  });
});

test('one of several approvers is told of what was approved before the last one, too', async () => {
  const path = join(folder, 'shared-rate.db');
  const clock = new FakeClock(Date.now() - 3_600_001);
  const calls = ['o-1', 'o-2'].map((orderId) => ({ orderId, note: '' }));
  const { tickets } = await makeDesk(path, calls, { quorum: 2, clock });
  const [one = '', other = ''] = tickets;
  const plane = await openDesk(path, { quorum: 2, clock });
  const by = plane.identity.assert({ org: 'acme', id: 'user:ann', roles: ['approver'] });
  await plane.approve({ ticket: one, by });
  clock.advance(3_590_000);
  await plane.approve({ ticket: other, by });
  await plane.close();
  const { stderr } = await cli('tickets', 'list', path, ...asApprover);
  expect(stderr).toBe('acme/user:ann decided 1 ticket in the last hour\n');
});

test('equal tickets that were decided have a line each: which one is what an auditor asks', async () => {
  const calls = ['first', 'again'].map((note) => ({ orderId: 'o-1', note }));
  const { path, tickets } = await makeDesk(join(folder, 'equal.db'), calls);
  for (const ticket of tickets) await cli('tickets', 'deny', path, ticket, ...asApprover);
  const { stdout } = await cli('tickets', 'list', path, '--status', 'denied');
  const ids = stdout.split('\n').flatMap((line) => tickets.filter((id) => line.startsWith(id)));
  expect(ids).toEqual(tickets);
});

test('what somebody decided more than an hour ago is not in the last hour', async () => {
  const path = join(folder, 'earlier.db');
  const clock = new FakeClock(Date.now() - 3_600_001);
  const { tickets } = await makeDesk(path, [{ orderId: 'o-1', note: '' }], { clock });
  const plane = await openDesk(path, { clock });
  const by = plane.identity.assert({ org: 'acme', id: 'user:ann', roles: ['approver'] });
  await plane.deny({ ticket: tickets[0] ?? '', by });
  await plane.close();
  const { stderr } = await cli('tickets', 'list', path, ...asApprover);
  expect(stderr).toBe('acme/user:ann decided 0 tickets in the last hour\n');
});

describe('show', () => {
  test('the card, with nothing in it that could disturb a terminal or pass for its lines', async () => {
    const { code, stdout } = await cli('tickets', 'show', desk.path, first(desk));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^APPROVAL - high risk - /);
    expect(stdout).toContain('CAN BE APPROVED from this card.');
    expect(stdout).toContain('⟦U+001B⟧[2J');
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).not.toMatch(/^FAKE/m);
  });

  test('colours only where they are asked for', async () => {
    const words = ['tickets', 'show', desk.path, first(desk)];
    const coloured = await cliProcess({ FORCE_COLOR: '1' }, ...words);
    expect(coloured.stdout).toContain('\u001b[');
    const plain = await cli(...words);
    expect(
      coloured.stdout
        .replaceAll(/\u001b\[[0-9;]*m/g, '')
        .split('\n')
        .slice(1),
    ).toEqual(plain.stdout.split('\n').slice(1));
  });

  test('--json is the card, and no raw control character either', async () => {
    const { stdout } = await cli('tickets', 'show', desk.path, first(desk), '--json');
    const [card, ...others] = jsonLines<ApprovalCard>(stdout);
    expect(others).toEqual([]);
    expect(card).toMatchObject({ ticket: first(desk), approvable: true, isFull: false });
    expect(card?.agentText.fields).toHaveLength(2);
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  test('a ticket that is not there', async () => {
    const { code, stderr } = await cli('tickets', 'show', desk.path, 'a\u001b[2J');
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no ticket')]);
    expect(stderr).not.toContain('\u001b');
  });

  test('arguments that were changed beside the log are not shown', async () => {
    const { path, tickets } = await makeDesk(join(folder, 'changed.db'), [
      { orderId: 'o-1', note: 'honest' },
    ]);
    const sql = "UPDATE content SET text = replace(text, 'honest', 'wicked')";
    doctor(path, sql, 'content_is_only_erased');
    for (const words of [['show'], ['approve', '--yes', ...asApprover]]) {
      const [verb = '', ...rest] = words;
      const { code, stdout, stderr } = await cli('tickets', verb, path, tickets[0] ?? '', ...rest);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('are not those that ticket');
    }
  });

  test('erased arguments are not approved, and can be denied', async () => {
    const { path, tickets } = await makeDesk(join(folder, 'erased.db'), [
      { orderId: 'o-1', note: 'honest' },
    ]);
    doctor(path, "UPDATE content SET salt = NULL, text = NULL WHERE field = 'arguments'");
    const id = tickets[0] ?? '';
    const { code, stderr } = await cli('tickets', 'approve', path, id, '--yes', ...asApprover);
    expect([code, stderr]).toEqual([1, expect.stringContaining('arguments were erased')]);
    expect(stderr).toContain('help: it can be denied');
    expect((await cli('tickets', 'deny', path, id, ...asApprover)).code).toBe(0);
  });
});

describe('approve', () => {
  test('a process that waits, and does nothing else, goes on once the command line has approved', async () => {
    const path = join(folder, 'waits.db');
    const script = resolve(import.meta.dirname, 'refund-process.ts');
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const asked = JSON.parse(String((await lines.next()).value)) as { readonly ticket: string };
    const words = ['tickets', 'approve', path, asked.ticket, '--yes', ...asApprover];
    const { code, stdout, stderr } = await cli(...words, '--reason', 'the customer called');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^ticket \S+ approved by user:ann; the call can be made until /),
    ]);
    expect(stderr).toMatch(/^APPROVAL - high risk/);
    expect(JSON.parse(String((await lines.next()).value))).toEqual({ answer: 'refunded o-9' });
    const log = await cli('events', path, '--type', 'ticket-approved', '--json');
    const [event] = jsonLines<{ by: object; contents: object }>(log.stdout);
    expect(event?.by).toMatchObject({ id: 'user:ann', org: 'acme', via: 'host-assertion' });
    expect(event?.contents).toEqual({ reason: 'the customer called' });
    const second = await cli(...words);
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringContaining('ticket is consumed'),
    ]);
    // Neither a fuller card nor a denial would help: there is nothing left to decide.
    expect(second.stderr).not.toContain('help:');
  });

  test('a card that leaves out too much is refused, and --full shows everything', async () => {
    const { path, tickets } = await makeDesk(join(folder, 'long.db'), [
      { orderId: 'o-1', note: 'x'.repeat(3_000) },
    ]);
    const words = ['tickets', 'approve', path, tickets[0] ?? '', '--yes', ...asApprover];
    const refused = await cli(...words, '--json');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('it cannot be approved from this card: 1 text is cut');
    expect(refused.stderr).toContain('help: `--full` shows everything');
    expect(jsonLines(refused.stdout)).toEqual([
      {
        error: {
          message: expect.stringContaining('cut') as unknown,
          help: expect.stringContaining('--full') as unknown,
        },
      },
    ]);
    const approved = await cli(...words, '--full', '--json');
    expect(approved.code).toBe(0);
    expect(jsonLines(approved.stdout)[0]).toMatchObject({
      status: 'approved',
      decidedBy: 'user:ann',
    });
  });

  test('without a terminal and without --yes, nobody is asked and nothing is approved', async () => {
    const { code, stdout, stderr } = await cli(
      'tickets',
      'approve',
      desk.path,
      first(desk),
      ...asApprover,
    );
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('help: give `--yes`');
    const left = jsonLines((await cli('tickets', 'list', desk.path, '--json')).stdout);
    expect(left).toHaveLength(3);
  });

  test.each([
    { answer: 'y\n', code: 0 },
    { answer: 'YES\n', code: 0 },
    { answer: '\n', code: 1 },
    { answer: 'yep\n', code: 1 },
    { answer: undefined, code: 1 },
    { answer: '\u0003', code: 1 },
  ])('on a terminal, the answer $answer ends with $code', async ({ answer, code }) => {
    const path = join(folder, `asked-${encodeURIComponent(String(answer))}.db`);
    const { tickets } = await makeDesk(path, [{ orderId: 'o-1', note: hostile }]);
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end(answer);
    const stdout = new PassThrough().resume();
    const stderr = Object.assign(new PassThrough().resume(), { isTTY: true, columns: 20 });
    const codeBefore = process.exitCode;
    const ended = await run(['tickets', 'approve', path, tickets[0] ?? '', ...asApprover], {
      stdin,
      stdout,
      stderr,
    });
    process.exitCode = codeBefore;
    expect(ended).toBe(code);
    const { stdout: list } = await cli('tickets', 'list', path, '--status', 'all', '--json');
    expect(jsonLines(list)[0]).toMatchObject({ status: code === 0 ? 'approved' : 'pending' });
  });

  test('where several have to approve, it is said how many did', async () => {
    const calls = [{ orderId: 'o-1', note: '' }];
    const { path, tickets } = await makeDesk(join(folder, 'quorum.db'), calls, { quorum: 2 });
    const words = ['tickets', 'approve', path, tickets[0] ?? '', '--yes'];
    const one = await cli(...words, ...asApprover);
    expect([one.code, one.stdout]).toEqual([0, `ticket ${tickets[0]} has 1 of 2 approvals\n`]);
    const again = await cli(...words, ...asApprover);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('approved-already')]);
    const two = await cli(...words, '--as', 'acme/user:bea', '--as-role', 'approver');
    expect([two.code, two.stdout]).toEqual([0, expect.stringContaining(' approved by user:bea; ')]);
  });

  test('who may not decide is refused with code, message and help', async () => {
    const words = ['tickets', 'approve', desk.path, first(desk), '--yes', ...asOperator];
    const { code, stderr, stdout } = await cli(...words, '--json');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: permission-denied: .*\nhelp: it needs one of the roles approver$/m,
    );
    expect(jsonLines(stdout)).toEqual([
      {
        error: {
          code: 'permission-denied',
          message: expect.any(String) as unknown,
          help: 'it needs one of the roles approver',
        },
      },
    ]);
    const elsewhere = ['--as', 'zeta/user:ann', '--as-role', 'approver', '--yes'];
    const other = await cli('tickets', 'approve', desk.path, first(desk), ...elsewhere);
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining('error: ticket-unknown'),
    ]);
  });
});

describe('deny and cancel', () => {
  test('each says what became of the ticket', async () => {
    const { path, tickets } = await makeDesk(join(folder, 'decided.db'), [
      { orderId: 'o-1', note: '' },
      { orderId: 'o-2', note: '' },
    ]);
    const [one = '', two = ''] = tickets;
    const denied = await cli('tickets', 'deny', path, one, '--reason', hostile, ...asApprover);
    expect([denied.code, denied.stdout]).toEqual([0, `ticket ${one} denied by user:ann\n`]);
    const cancelled = await cli('tickets', 'cancel', path, two, '--json', ...asOperator);
    expect(jsonLines(cancelled.stdout)[0]).toMatchObject({ id: two, status: 'cancelled' });
    const again = await cli('tickets', 'deny', path, one, ...asApprover);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('ticket-not-pending')]);
  });
});

test('the control plane gives the same cards and tickets', async () => {
  const plane = await openControlPlane({ storage: sqlite(desk.path) });
  try {
    const card = await plane.card(first(desk));
    expect(card).toMatchObject({ ticket: first(desk), approvable: true });
    expect((await plane.card(first(desk), { full: true }))?.isFull).toBe(true);
    expect(await plane.card('nobody')).toBeUndefined();
    const pending = await plane.tickets('acme', { status: 'pending' });
    expect(pending.map(({ id }) => id)).toEqual(desk.tickets);
    expect(await plane.tickets('zeta')).toEqual([]);
  } finally {
    await plane.close();
  }
});
