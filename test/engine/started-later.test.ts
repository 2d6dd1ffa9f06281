/** Permits that were issued for later: what happened meanwhile counts when they are started. */
import { expect, test } from 'vitest';
import { bindTool, type ControlPlaneOptions, modelTool } from '../../src/engine/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { ann, modelPolicy, openModels } from '../enforce/models.ts';
import { codeOf } from './shop.ts';

/** A session that asks for a model call to be started later. */
async function stage(options: Partial<ControlPlaneOptions> = {}) {
  const plane = await openModels(options);
  const roles = ['admin', 'platform-admin'];
  const by = plane.identity.assert({ id: 'user:root', org: 'acme', roles });
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot' });
  const permitted = async () => {
    const { permit } = await session.authorize({
      tool: bindTool(modelTool),
      arguments: session.read({ model: 'small-alias' }),
      model: { name: 'small-alias', inputTokensMax: 1, outputTokensMax: 1 },
      start: 'later',
    });
    if (permit === undefined) throw new Error('no permit');
    return permit;
  };
  return { plane, by, session, permitted };
}

test.each([
  { kind: 'model', org: 'acme', name: 'small' },
  { kind: 'model', org: '*', name: 'small' },
  { kind: 'budget', org: 'acme', name: 'month' },
  { kind: 'action', org: 'acme', name: 'model.call' },
] as const)(
  'a permit is not started once its $kind of $org is killed, released or not',
  async (scope) => {
    const { plane, by, session, permitted } = await stage();
    const window = { every: 'month', zone: 'UTC' } as const;
    const of = { scope: { kind: 'org', id: 'acme' }, sharing: 'shared' } as const;
    const plan = { id: 'month', unit: 'usd', limit: '10', ...of, window };
    await plane.setBudget({ org: 'acme', plan });
    const permit = await permitted();
    await plane.kill({ scope, by, reason: 'stop' });
    expect(await codeOf(session.start(permit))).toBe('killed');
    await plane.release({ scope, by, reason: 'over' });
    expect(await codeOf(session.start(permit))).toBe('killed');
    expect(await codeOf(session.start(await permitted()))).toBe('resolved');
    await plane.close();
  },
);

test('a permit is not started once no operator was heard of for as long as the policy says', async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const policy = { ...modelPolicy, operatorHeartbeatMs: 60_000 };
  const { plane, session, permitted } = await stage({ clock, policy });
  clock.advance(59_000);
  const [first, second] = [await permitted(), await permitted()];
  expect(await codeOf(session.start(first))).toBe('resolved');
  clock.advance(1_000);
  expect(await codeOf(session.start(second))).toBe('operator-absent');
  await plane.close();
});
