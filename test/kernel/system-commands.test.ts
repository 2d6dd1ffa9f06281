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
