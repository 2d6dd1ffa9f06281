/** What the client is asked to approve: only what a card shows, and not for ever. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { approvalQuestion, decideAtClient } from '../../src/enforce/mcp/call/approval-at-client.ts';
import { callTool } from '../../src/enforce/mcp/call/call.ts';
import { GatewaySession } from '../../src/enforce/mcp/client/gateway-session.ts';
import { systemClock } from '../../src/engine/index.ts';
import { makeDesk, openDesk } from '../cli/desk.ts';
import { doctor } from '../cli/run-cli.ts';
import { lyingStage } from './lying.ts';
import { policyFor, type Stage, temporaryFolder, textOf } from './stage.ts';

let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

test('a ticket whose arguments were erased is no question, nor is one that is not there', async () => {
  const path = join(temporaryFolder(), 'desk.db');
  const calls = [1, 2].map((order) => ({ orderId: `o-${order}`, note: '' }));
  const { tickets } = await makeDesk(path, calls);
  const [erased = '', whole = ''] = tickets;
  const where = `idx = (SELECT min(idx) FROM content WHERE field = 'arguments')`;
  doctor(
    path,
    `UPDATE content SET salt = NULL, text = NULL WHERE field = 'arguments' AND ${where}`,
  );
  const plane = await openDesk(path);
  expect((await approvalQuestion(plane, whole))?.message).toContain('o-2');
  expect(await approvalQuestion(plane, erased)).toBeUndefined();
  expect(await approvalQuestion(plane, 'none')).toBeUndefined();
  await plane.close();
});

test('what somebody else decided first holds, and whoever answers second is not told of a fault', async () => {
  const path = join(temporaryFolder(), 'desk.db');
  const { tickets } = await makeDesk(path, [{ orderId: 'o-1', note: '' }]);
  const [ticket = ''] = tickets;
  const plane = await openDesk(path);
  const who = { org: 'acme', roles: ['approver'] };
  await plane.deny({ ticket, by: plane.identity.assert({ id: 'user:ann', ...who }) });
  const answer = { action: 'accept', content: { decision: 'approve' } };
  expect(await decideAtClient(plane, { id: 'user:olga', ...who }, ticket, answer)).toBe(true);
  expect(await plane.tickets('acme')).toMatchObject([{ status: 'denied', decidedBy: 'user:ann' }]);
  await plane.close();
});

test('a call whose ticket nobody decides is asked about three times, and then is refused', async () => {
  const rules = [{ id: 'ask', effect: 'require-approval', match: { action: 'liar.echo' } }];
  const opened = await lyingStage({ policy: policyFor(['liar.echo'], { tiers: {}, rules }) });
  ({ stage } = opened);
  const { plane, config } = stage;
  const principal = stage.principal('user:ada', 'agent');
  const control = await plane.openSession({ principal, agent: 'desk-bot' });
  const host = { plane, config, clock: systemClock, version: '1.2.3', report: () => {} };
  const client = {
    capabilities: {},
    asksForLogs: false,
    changed: () => {},
    notified: () => {},
    asked: () => Promise.reject(new Error('it cannot be asked')),
  };
  const session = new GatewaySession(host, { principal, control, isOwn: true, client });
  await session.start();
  let asked = 0;
  const result = await callTool(session.calling, {
    name: 'liar__echo',
    arguments: {},
    meta: undefined,
    signal: new AbortController().signal,
    onprogress: undefined,
    logLevel: undefined,
    onPending: async () => {
      asked += 1;
      // Whoever is asked for ever ends it here.
      return asked > 9 ? undefined : 'again';
    },
  });
  await session.close();
  expect(asked).toBe(3);
  expect(textOf(result)).toContain('approval-required');
  expect(opened.liar.calls).toEqual([]);
});
