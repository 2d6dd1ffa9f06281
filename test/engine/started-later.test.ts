/** Permits that were issued for later: what happened meanwhile counts when they are started. */
import { expect, test } from 'vitest';
import { bindTool, type ControlPlaneOptions, modelTool } from '../../src/engine/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { defineEvaluator, memory } from '../../src/index.ts';
import { ann, modelPolicy, openModels } from '../enforce/models.ts';
import { codeOf, openShop, read, shopPolicy, staff } from './shop.ts';

/** A session that asks for a model call to be started later. */
async function stage(options: Partial<ControlPlaneOptions> = {}) {
  const plane = await openModels(options);
  const roles = ['admin', 'platform-admin'];
  const by = plane.identity.assert({ id: 'user:root', org: 'acme', roles });
  const session = await plane.openSession({ principal: ann(plane), agent: 'bot' });
  const permitted = async () => {
    const { permit, code } = await session.authorize({
      tool: bindTool(modelTool),
      arguments: session.read({ model: 'small-alias' }),
      model: { name: 'small-alias', inputTokensMax: 1, outputTokensMax: 1 },
      start: 'later',
    });
    if (permit === undefined) throw new Error(`no permit: ${code}`);
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
    await expect(permitted()).rejects.toThrow('no permit: killed');
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

test('a permit is not started once its agent is registered for less', async () => {
  const plane = await openShop(memory());
  const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
  const callArguments = session.read({ orderId: 'o-1' });
  const permitted = async () => {
    const request = { tool: bindTool(read), arguments: callArguments, start: 'later' } as const;
    const { permit } = await session.authorize(request);
    if (permit === undefined) throw new Error('no permit');
    return permit;
  };
  const register = (actions: readonly string[], resources: readonly string[]) =>
    plane.registerAgent({ name: 'bot', capabilities: [{ actions, resources }] });
  const [first, second, third] = [await permitted(), await permitted(), await permitted()];
  await register(['order.pay'], ['order/*']);
  expect(await codeOf(session.start(first))).toBe('agent-not-capable');
  await register(['order.read'], ['order/x*']);
  expect(await codeOf(session.start(second))).toBe('agent-not-capable');
  await register(['order.read'], ['order/o*']);
  expect(await codeOf(session.start(third))).toBe('resolved');
  await plane.close();
});

test('nor where an agent above it in the line is', async () => {
  const plane = await openShop(memory());
  const { billing: principal } = staff(plane);
  const above = await plane.openSession({ principal, agent: 'bot' });
  const session = await plane.openSession({ principal, agent: 'other-bot', parent: above.id });
  const request = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
  const { permit } = await session.authorize({ ...request, start: 'later' });
  if (permit === undefined) throw new Error('no permit');
  await plane.registerAgent({ name: 'bot', capabilities: [{ actions: ['order.pay'] }] });
  expect(await codeOf(session.start(permit))).toBe('agent-not-capable');
  await plane.close();
});

test.each([
  ['refused', 'enforce', 'permit-not-startable'],
  ['refused', 'shadow', 'resolved'],
  ['good', 'enforce', 'resolved'],
] as const)(
  'a permit in a session into which came what is %s under a policy in mode %s is %s',
  async (said, mode, code) => {
    const evaluator = defineEvaluator({
      name: 'word',
      description: 'refuses what says so',
      evaluate: ({ text }) =>
        text.includes('refused') ? { outcome: 'refuse', reason: 'said so' } : { outcome: 'pass' },
    });
    const guardrails = { input: [{ id: 'in', evaluator: 'word' }] };
    const policy = { ...shopPolicy, mode, guardrails };
    const plane = await openShop(memory(), { policy, evaluators: [evaluator] });
    const session = await plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
    await session.screenInput('good');
    const request = { tool: bindTool(read), arguments: session.read({ orderId: 'o-1' }) };
    const { permit } = await session.authorize({ ...request, start: 'later' });
    if (permit === undefined) throw new Error('no permit');
    await session.screenInput(said);
    expect(await codeOf(session.start(permit))).toBe(code);
    await plane.close();
  },
);
