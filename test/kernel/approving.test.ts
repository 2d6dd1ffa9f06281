/** What an approver cannot give, what is void of what they gave, and how much may be asked of them. */
import { expect, test } from 'vitest';
import { handle, limits, type StateView, type TicketRecord } from '../../src/kernel/index.ts';
import { cast, digestOf, policyDocument, Stage } from './stage.ts';

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

test('an approval that a kill switch on a budget plan covered is void, though the plan is gone since', () => {
  const stage = Stage.ready();
  const scope = { kind: 'agent', id: 'bot' };
  const plan = {
    id: 'p',
    unit: 'actions',
    limit: 90,
    scope,
    window: 'unlimited',
    sharing: 'shared',
  };
  stage.do({ kind: 'set-budget', by: cast.ada, org: 'acme', plan });
  const call = { session: stage.open(), tool: 'restart', args: { host: 'a' } };
  stage.approve(stage.ask(call));
  const switched = { kind: 'budget', org: 'acme', name: 'p' } as const;
  stage.kill(switched);
  stage.release(switched);
  expect(stage.do({ kind: 'close-budget', by: cast.ada, org: 'acme', plan: 'p' })).toBe('done');
  expect(stage.authorize(call)).toBe('require-approval');
});

test('a question that takes the place of another is asked, however many are pending', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const ask = (host: number) =>
    stage.authorize({ session, tool: 'restart', args: { host: `h-${host}` } });
  const most = limits.ticketsPendingMax;
  for (let host = 0; host < most; host += 1) ask(host);
  expect(ask(most)).toBe('deny tickets-pending-limit');
  stage.policy(policyDocument(2));
  expect(ask(0)).toBe('require-approval');
  expect(ask(most)).toBe('deny tickets-pending-limit');
  const pending = stage.all('ticket').filter(({ status }) => status === 'pending');
  expect(pending).toHaveLength(most);
});

const hour = 3_600_000;
const planOf = (name: string) => ({
  id: name,
  unit: 'actions',
  limit: 90,
  scope: { kind: 'tool', id: 'restart' },
  window: 'unlimited',
  sharing: 'shared',
});

/** A grant for so many restarts, given with the approval of one. */
function granted(stage: Stage, session: string, uses: number, host = 'first') {
  const ticket = stage.ask({ session, tool: 'restart', args: { host } });
  const grant = { actions: ['ops.*'], cost: {}, uses, expiresAt: stage.now + hour };
  stage.do({ kind: 'approve-ticket', by: cast.pat, ticket, grant });
  const holder = { org: 'acme', principal: 'ann', agent: 'bot' };
  const restart = (other: string) =>
    stage.authorize({ session, tool: 'restart', args: { host: other } });
  return { ticket, holder, restart };
}

test('what a grant was good for is dropped with its last use, and a revoked one is revoked once', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const { restart } = granted(stage, session, 1);
  expect(restart('a')).toBe('allow');
  expect(stage.all('grants').flatMap(({ grants }) => grants)).toEqual([]);
  const { ticket: grant, holder } = granted(stage, session, 5, 'second');
  const revoke = () => stage.do({ kind: 'revoke-grant', by: cast.pat, grant, holder });
  expect([revoke(), revoke()]).toEqual(['done', 'grant-unknown']);
});

test('a grant stands in for nothing that a budget plan counts which was killed since, released or not', () => {
  const stage = Stage.ready();
  stage.do({ kind: 'set-budget', by: cast.ada, org: 'acme', plan: planOf('p') });
  const { restart } = granted(stage, stage.open(), 5);
  expect(restart('a')).toBe('allow');
  const scope = { kind: 'budget', org: 'acme', name: 'p' } as const;
  stage.kill(scope);
  stage.release(scope);
  expect(restart('b')).toBe('require-approval');
});

test('a ticket that is over does not expire as well', () => {
  const stage = Stage.ready();
  const ticket = stage.ask({ session: stage.open(), tool: 'restart', args: { host: 'a' } });
  stage.deny(ticket);
  stage.now += hour;
  expect(stage.do({ kind: 'expire-ticket', by: cast.system, ticket })).toBe('not-due');
});
