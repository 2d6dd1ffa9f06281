/** `grants`, and what `tickets approve` adds to an approval: a grant, or another call. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { asApprover, type Desk, makeDesk } from './desk.ts';
import { cli, jsonLines, scratch } from './run-cli.ts';

const folder = scratch();
let count = 0;
let desk: Desk;

beforeEach(async () => {
  const calls = [{ orderId: 'o-1', note: '' }];
  desk = await makeDesk(join(folder, `desk-${(count += 1)}.db`), calls);
});

const approve = (...more: readonly string[]) =>
  cli('tickets', 'approve', desk.path, desk.tickets[0] ?? '', '--yes', ...asApprover, ...more);
const grant = ['--grant-action', 'order.*', '--grant-uses', '20', '--grant-until', '8h'] as const;

test('an approval gives a grant, which is listed, and revoked', async () => {
  const more = ['--grant-resource', 'order/*', '--grant-cost', 'usd=500', '--grant-session'];
  const when = ['--grant-when', 'arguments.orderId != "o-9"'];
  const approved = await approve(...grant, ...more, ...when);
  expect([approved.code, approved.stdout]).toEqual([0, expect.stringContaining('approved by')]);
  expect(approved.stderr).toContain('Up to 20 later calls of order.* on order/* are approved');
  const listed = await cli('grants', 'list', desk.path, '--org', 'acme');
  expect(listed.stdout).toMatch(
    /^grant +agent +principal +covers +used +spent\/most +ends +given by$/m,
  );
  expect(listed.stdout).toMatch(/bot +acme\/service:desk .* 0\/20 +0\/500 usd/);
  const [first] = jsonLines((await cli('grants', 'list', desk.path, '--json')).stdout);
  expect(first).toMatchObject({ id: desk.tickets[0], used: 0, terms: { cost: { usd: '500' } } });
  const id = desk.tickets[0] ?? '';
  const revoked = await cli('grants', 'revoke', desk.path, id, '--reason', 'over', ...asApprover);
  expect([revoked.code, revoked.stdout]).toEqual([0, `grant ${id} revoked\n`]);
  expect((await cli('grants', 'list', desk.path)).stdout).toBe('no grants\n');
  const again = await cli('grants', 'revoke', desk.path, id, ...asApprover);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('grant-unknown')]);
});

test('a part of a grant is refused, and nothing is approved', async () => {
  const { code, stderr } = await approve('--grant-action', 'order.*');
  expect([code, stderr]).toEqual([2, expect.stringContaining('--grant-uses and --grant-until')]);
  const cost = await approve(...grant, '--grant-cost', 'much');
  expect([cost.code, cost.stderr]).toEqual([2, expect.stringContaining('usd=500')]);
  const odd = await approve(...grant, '--grant-when', 'arguments.orderId ==');
  expect(odd.code).toBe(2);
  expect((await cli('grants', 'list', desk.path)).stdout).toBe('no grants\n');
  const [pending] = jsonLines((await cli('tickets', 'list', desk.path, '--json')).stdout);
  expect(pending).toMatchObject({ id: desk.tickets[0], status: 'pending' });
});

test('an edited call is what is approved, and what the terminal shows of it cannot disturb it', async () => {
  const path = join(folder, 'call.json');
  writeFileSync(path, JSON.stringify({ orderId: 'o-2', note: '\u001b[2J' }));
  const { code, stderr, stdout } = await approve('--edit', path, '--json');
  expect(code).toBe(0);
  expect(stderr).toContain('with these arguments instead: {"orderId":"o-2"');
  expect(stderr).not.toContain('\u001b[2J');
  expect(jsonLines(stdout)[0]).toMatchObject({ status: 'approved', resource: 'order/o-2' });
  const missing = await approve('--edit', join(folder, 'no-such.json'));
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('there is no file')]);
});
