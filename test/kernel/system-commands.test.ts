/** What the control plane does by itself, nobody else can have done. */
import { expect, test } from 'vitest';
import { cast, policyDocument, Stage } from './stage.ts';

const { system: _, ...people } = cast;

test('nobody but the control plane reminds, or lets anything lapse', () => {
  const approvals = { timeoutMs: 600_000, remindMs: 60_000 };
  const document = policyDocument(1, { approvals, operatorHeartbeatMs: 60_000 });
  for (const by of Object.values(people)) {
    const stage = Stage.ready(document);
    const session = stage.open();
    stage.do({ kind: 'heartbeat', by: cast.olga, org: 'acme' });
    const ticket = stage.ask({ session, tool: 'restart', args: { host: 'a' } });
    stage.acquire(session, 'token');
    stage.now += 599_999;
    const before = stage.snapshot();
    const words = [
      stage.do({ kind: 'remind-ticket', by, ticket }),
      stage.do({ kind: 'lapse-heartbeat', by, org: 'acme' }),
      stage.do({ kind: 'expire-lease', by, session }),
    ];
    expect(words).toEqual(words.map(() => 'permission-denied'));
    expect(stage.snapshot()).toEqual(before);
    expect(stage.do({ kind: 'remind-ticket', by: cast.system, ticket })).toBe('done');
    expect(stage.do({ kind: 'lapse-heartbeat', by: cast.system, org: 'acme' })).toBe('done');
    expect(stage.do({ kind: 'expire-lease', by: cast.system, session })).toBe('done');
  }
});

test('nor does the control plane itself before it is due', () => {
  const approvals = { timeoutMs: 600_000, remindMs: 60_000 };
  const stage = Stage.ready(policyDocument(1, { approvals }));
  const session = stage.open();
  const ask = (host: string) => stage.ask({ session, tool: 'restart', args: { host } });
  const [granted, waiting] = [ask('a'), ask('b')];
  const grant = { actions: ['ops.*'], cost: {}, uses: 5, expiresAt: stage.now + 500_000 };
  stage.do({ kind: 'approve-ticket', by: cast.pat, ticket: granted, grant });
  const [held] = stage.all('grants');
  if (held === undefined) throw new Error('no grant');
  const { org, principal, agent } = held;
  const revoke = () =>
    stage.do({
      kind: 'revoke-grant',
      by: cast.system,
      grant: granted,
      holder: { org, principal, agent },
    });
  stage.now += 59_999;
  const remind = () => stage.do({ kind: 'remind-ticket', by: cast.system, ticket: waiting });
  expect([revoke(), remind()]).toEqual(['not-due', 'not-due']);
  stage.now += 1;
  stage.kill({ kind: 'agent', org, name: agent });
  expect([revoke(), remind()]).toEqual(['done', 'done']);
});
