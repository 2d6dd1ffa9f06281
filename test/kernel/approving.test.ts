/** What an approver cannot give: what a kill switch covered since, and more grants than an agent may hold. */
import { expect, test } from 'vitest';
import { handle, limits, type StateView, type TicketRecord } from '../../src/kernel/index.ts';
import { cast, digestOf, Stage } from './stage.ts';

test('what a kill switch covered is not approved, nor is anything granted with it, once it is released', () => {
  const stage = Stage.ready();
  const ticket = stage.ask({ session: stage.open(), tool: 'restart', args: { host: 'a' } });
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  stage.kill(scope);
  const grant = { actions: ['ops.*'], cost: {}, uses: 5, expiresAt: stage.now + 50_000 };
  const approve = () => stage.do({ kind: 'approve-ticket', by: cast.pat, ticket, grant });
  expect(approve()).toBe('killed');
  stage.release(scope);
  // The control plane may not have come to cancel it yet: whoever engaged the kill died.
  expect(stage.get('ticket', ticket)?.status).toBe('pending');
  expect(approve()).toBe('killed');
  expect(stage.all('grants')).toEqual([]);
  expect(stage.deny(ticket)).toBe('done');
});

test('an agent of a principal holds no more grants than its limit, and one that is revoked makes room', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const terms = { actions: ['pay.*'], cost: {}, uses: 5, expiresAt: stage.now + 90_000 };
  const grant = (host: number) => {
    const ticket = stage.ask({ session, tool: 'restart', args: { host: `h-${host}` } });
    return [stage.do({ kind: 'approve-ticket', by: cast.pat, ticket, grant: terms }), ticket];
  };
  const most = limits.grantsPerHolderMax;
  const words = Array.from({ length: most + 1 }, (_, host) => grant(host)[0]);
  expect(words).toEqual([...Array.from({ length: most }, () => 'done'), 'grant-invalid']);
  const [held] = stage.all('grants');
  if (held === undefined) throw new Error('no grant');
  const { org, principal, agent, grants } = held;
  const holder = { org, principal, agent };
  const id = grants[0]?.id ?? '';
  stage.do({ kind: 'revoke-grant', by: cast.pat, grant: id, holder });
  expect(grant(most + 1)[0]).toBe('done');
  expect(grant(most + 2)[0]).toBe('grant-invalid');
});

test('a call of a model is not edited: what is asked of it is no argument', () => {
  const stage = Stage.ready();
  const ticket = stage.ask({ session: stage.open(), tool: 'restart', args: { host: 'a' } });
  const edited = (more: Partial<TicketRecord>) => {
    const view: StateView = {
      get: (kind, key) => {
        const found = stage.get(kind, key);
        return kind === 'ticket' && found !== undefined ? { ...found, ...more } : found;
      },
    };
    const args = { host: 'b' };
    const edit = { arguments: args, argumentsDigest: digestOf(args) };
    const command = { kind: 'approve-ticket', id: 'c', by: cast.pat, ticket, edit } as const;
    return handle(view, command, { now: stage.now, index: stage.log.length }).answer;
  };
  expect(edited({})).toMatchObject({ status: 'done' });
  expect(edited({ model: 'openai/gpt-4o' })).toMatchObject({
    rejection: { code: 'edit-invalid', message: expect.stringContaining('model') as string },
  });
});

test('a ticket whose time is over is neither denied nor cancelled: it expired, whoever says so first', () => {
  for (const kind of ['deny-ticket', 'cancel-ticket'] as const) {
    const stage = Stage.ready();
    const ticket = stage.ask({ session: stage.open(), tool: 'restart', args: { host: 'a' } });
    stage.now += 100_000;
    const by = kind === 'deny-ticket' ? cast.pat : cast.olga;
    expect(stage.do({ kind, by, ticket })).toBe('ticket-expired');
    expect(stage.get('ticket', ticket)?.status).toBe('expired');
  }
});
