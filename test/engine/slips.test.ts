/** Slips that everybody makes once: what refuses them says in a sentence what to do instead. */
import { expect, test } from 'vitest';
import {
  ActionRefused,
  ControlPlaneError,
  guard,
  memory,
  openControlPlane,
} from '../../src/index.ts';
import type { ControlPlane } from '../../src/index.ts';
import { readPolicyTests, starterPolicy } from '../../src/policy/index.ts';

interface Call {
  readonly orderId?: string;
  readonly amount?: string | number;
}

const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  estimate: { usd: { argument: 'amount' } },
  execute: ({ amount }: Call) => String(amount),
};
const policy = {
  format: 1,
  version: 1,
  actions: { 'order.refund': { resource: 'order/*' } },
  tiers: { unrestricted: ['order.refund'] },
};
const good = { orderId: 'o-1', amount: '4.50' };

async function opened(options: object = {}): Promise<ControlPlane> {
  const tools = [refundTool];
  return openControlPlane({ storage: memory(), policy, agents: ['desk'], tools, ...options });
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
}

async function told(options: object, tool: typeof refundTool, call: Call) {
  const plane = await opened(options);
  const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['agent'] });
  const session = await plane.openSession({ principal, agent: 'desk' });
  const refusal = await failure(guard(session, tool)(call));
  await plane.close();
  if (!ActionRefused.is(refusal)) throw new Error('it was not refused', { cause: refusal });
  return [refusal.code, refusal.decision.message, refusal.decision.help];
}

const misspelt = { ...refundTool, action: 'order.refunds' };
const numbers = 'write it as a text with quotes, such as "4.50", or as a whole number';
const segments = 'a `{name}` takes a text that is not empty, or a whole number';
test.each([
  [
    'a misspelt action',
    { tools: [misspelt] },
    misspelt,
    good,
    ['action-unknown', 'action `order.refunds` is not declared'],
    'declare it in `actions` of the policy, or correct the `action` of the tool',
  ],
  [
    'an action that nothing allows',
    { policy: { ...policy, tiers: {} } },
    refundTool,
    good,
    ['policy-no-match', 'no rule or tier allows `order.refund`'],
    'what nothing allows is denied: it takes a tier or a rule of the policy',
  ],
  [
    'a tool that was not registered',
    { tools: [] },
    refundTool,
    good,
    ['tool-unknown', 'tool `refund` is not registered'],
    'register it when the control plane is opened, in `tools`',
  ],
  [
    'a tool that is not the registered one',
    {},
    { ...refundTool, resource: 'orders/{orderId}' },
    good,
    ['tool-changed', 'tool `refund` differs from its registered definition'],
    'guard what was registered, or register it as it is now',
  ],
  [
    'no policy',
    { policy: undefined },
    refundTool,
    good,
    ['policy-missing', 'no policy is active'],
    'open the control plane with a `policy`, or activate one',
  ],
  [
    'a number with a fraction',
    {},
    refundTool,
    { orderId: 'o-1', amount: 4.5 },
    ['amount-out-of-range', 'the argument `amount` is no exact amount in `usd`'],
    numbers,
  ],
  [
    'no amount',
    {},
    refundTool,
    { orderId: 'o-1' },
    ['amount-out-of-range', 'the argument `amount`, which says the cost in `usd`, is missing'],
    numbers,
  ],
  [
    'no resource',
    {},
    refundTool,
    { amount: '4.50' },
    ['resource-invalid', 'no resource can be derived with `order/{orderId}`'],
    segments,
  ],
] as const)(
  '%s is refused with what to do',
  async (_slip, options, tool, call, [code, message], help) => {
    expect(await told(options, tool, call)).toEqual([code, message, help]);
  },
);

test('whoever lacks a permission is told which, and which roles have it', async () => {
  const plane = await opened();
  const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['approver'] });
  const refusal = await failure(plane.openSession({ principal, agent: 'desk' }));
  expect(refusal).toMatchObject({
    code: 'permission-denied',
    message: 'no role of the principal permits `open-session`',
    help: 'use a principal with one of the roles agent, operator, admin, platform-admin',
  });
  const scope = { kind: 'agent', org: 'globex', name: 'desk' } as const;
  const by = plane.identity.assert({ id: 'olga', org: 'acme', roles: ['operator'] });
  expect(await failure(plane.kill({ scope, by, reason: 'odd' }))).toMatchObject({
    message: 'no role of the principal permits `engage-kill` in another org',
    help: 'use a principal of that org, or one with the role platform-admin',
  });
  // One who may not stop anything in any org is told of the roles, and not of other orgs.
  expect(await failure(plane.kill({ scope, by: principal, reason: 'odd' }))).toMatchObject({
    message: 'no role of the principal permits `engage-kill`',
    help: expect.stringContaining('operator') as unknown,
  });
  await plane.close();
});

test('an idempotency key of another session is refused with how far keys reach', async () => {
  const plane = await opened();
  const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['agent'] });
  const call = async () => {
    const session = await plane.openSession({ principal, agent: 'desk' });
    return guard(session, refundTool)(good, { idempotencyKey: 'call-1' });
  };
  await call();
  expect(await failure(call())).toMatchObject({
    code: 'idempotency-mismatch',
    help: 'give each thing that is to happen once a key of its own: a principal’s keys hold in all its sessions',
  });
  await plane.close();
});

test.each([
  [{ id: 'Ada Lovelace' }, 'principal id `Ada Lovelace` is not valid: it may have'],
  [{ org: 'Acme Inc.' }, 'org `Acme Inc.` is not valid: it may have'],
  [
    { roles: ['viewer'] },
    'role `viewer` is not known; built in are agent, operator, approver, auditor, admin, platform-admin',
  ],
])('an identity of %j is refused with what would do', async (given, message) => {
  const plane = await opened();
  const assertion = { id: 'ada', org: 'acme', roles: ['agent'], ...given };
  expect(() => plane.identity.assert(assertion)).toThrow(message);
  await plane.close();
});

test('a principal made by hand is refused with where to get one', async () => {
  const plane = await opened();
  const principal = { id: 'ada', org: 'acme', roles: ['agent'] } as never;
  const refusal = await failure(plane.openSession({ principal, agent: 'desk' }));
  expect(ControlPlaneError.is(refusal) && [refusal.code, refusal.help]).toEqual([
    'principal-not-minted',
    'take one from `identity.assert` or `identity.authenticate` of this control plane',
  ]);
  await plane.close();
});

test.each([
  ['a policy that is a text', { policy: 'format: 1' }, 'a text is read with `readPolicyText`'],
  [
    'an estimate with a fraction',
    { tools: [{ ...refundTool, estimate: { usd: 0.5 } }] },
    'estimate `0.5` is no exact amount in `usd`; write it as a text with quotes',
  ],
])('%s is refused with how it is written', async (_slip, options, message) => {
  const refusal = await failure(opened(options));
  if (!ControlPlaneError.is(refusal)) throw new Error('it was not refused', { cause: refusal });
  expect(`${refusal.message}; ${refusal.help}`).toContain(message);
});

test('a misspelt role of approvers is refused with roles that would do', async () => {
  const refusal = await failure(
    opened({ policy: { ...policy, approvals: { roles: ['aprover'] } } }),
  );
  expect(ControlPlaneError.is(refusal) && refusal.message).toBe(
    'wrong-type: `approvals.roles[0]` must be a role that decides tickets, such as approver or admin',
  );
});

test('a policy in place of the cases is told from cases', () => {
  const read = readPolicyTests(starterPolicy, { file: 'policy.yaml' });
  expect('findings' in read && read.findings.map(({ message }) => message)).toEqual([
    'is a policy; give the file of its cases, which names it',
  ]);
});

test('cents in a unit without decimals are refused with how a unit says its decimals', async () => {
  const plane = await opened();
  const principal = plane.identity.assert({ id: 'ada', org: 'acme', roles: ['agent'] });
  const budget = { eur: '60.50' };
  const refusal = await failure(plane.openSession({ principal, agent: 'desk', budget }));
  expect(ControlPlaneError.is(refusal) && refusal.message).toContain(
    '`60.50` is none in `eur`, which has at most 0 decimals; a unit with two of them is `eur@2`',
  );
  await plane.close();
});

test('a limit with a fraction is refused with how it is written', async () => {
  const plane = await opened();
  const scope = { kind: 'org', id: 'acme' } as const;
  const plan = {
    id: 'm',
    unit: 'usd',
    limit: 2.5,
    scope,
    sharing: 'shared',
    window: 'unlimited',
  } as const;
  const refusal = await failure(plane.setBudget({ org: 'acme', plan }));
  expect(ControlPlaneError.is(refusal) && refusal.message).toBe(
    'budget plan `m`: `limit` must be an exact amount in `usd` from 0 up; write it as a text with quotes, such as "4.50", or as a whole number',
  );
  await plane.close();
});
