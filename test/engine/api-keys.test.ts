/** API keys: what they establish, who may issue them, and that a revoked one establishes nothing. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';
import { codeOf, openShop, pay, read, refund, shopPolicy, staff } from './shop.ts';

const hour = 3_600_000;

async function open() {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const fleet = memoryFleet();
  const plane = await openShop(fleet(), { clock });
  return { plane, clock, fleet, people: staff(plane) };
}

const order = { principal: 'service:night', roles: ['agent'], teams: ['desk'] };

test('a key establishes the principal that it was issued for, and says so in the log', async () => {
  const { plane, people } = await open();
  const { id, key } = await plane.keys.issue({ ...order, by: people.root });
  const principal = await plane.identity.authenticate(key);
  expect(principal.toJSON()).toEqual({
    id: 'service:night',
    org: 'acme',
    roles: ['agent'],
    teams: ['desk'],
    via: 'api-key',
    credential: id,
  });
  const session = await plane.openSession({ principal, agent: 'bot' });
  const authors: unknown[] = [];
  for await (const event of plane.events()) {
    if (event.session === session.id) authors.push(event.by);
  }
  expect(authors).toEqual([principal.toJSON()]);
  await plane.close();
});

test('no listing has the hash by which a key is known', async () => {
  const { plane, people } = await open();
  const { id } = await plane.keys.issue({ ...order, by: people.root });
  const listed = [
    ...plane.keys.list('acme'),
    await plane.keys.revoke({ key: id, by: people.root, reason: 'stolen' }),
  ];
  expect(listed.map((key) => 'secretHash' in key)).toEqual([false, false]);
  await plane.close();
});

test('the text of a key is in no entry, record or listing', async () => {
  const { plane, people } = await open();
  const { key } = await plane.keys.issue({ ...order, by: people.root });
  const secret = key.slice(-64);
  const seen = [JSON.stringify(plane.keys.list('acme'))];
  for await (const event of plane.events()) seen.push(JSON.stringify(event));
  expect(seen.join()).not.toContain(secret);
  expect(plane.keys.list('acme')).toMatchObject([{ principal: 'service:night', revoked: false }]);
  expect(plane.keys.list('globex')).toEqual([]);
  await plane.close();
});

test('whoever revokes a key by its text is told its id, and the text is in no entry', async () => {
  const { plane, people } = await open();
  const { id, key } = await plane.keys.issue({ ...order, by: people.root });
  const secret = key.slice(-64);
  for (const text of [key, `${key}\n`, `ACP_API_KEY=${key}`, key.slice(0, -1)]) {
    const failure: unknown = await plane.keys
      .revoke({ key: text, by: people.root, reason: 'stolen' })
      .catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: 'input-invalid' });
    expect((failure as Error).message).toContain(`\`${id}\``);
    expect((failure as Error).message).not.toContain(secret.slice(0, 8));
  }
  for await (const event of plane.events()) {
    expect(JSON.stringify(event)).not.toContain(secret.slice(0, -1));
  }
  await plane.keys.revoke({ key: id, by: people.root, reason: 'stolen' });
  await plane.close();
});

test('A54 a key that was altered by one character, cut or made up establishes nobody', async () => {
  const { plane, people } = await open();
  const { key } = await plane.keys.issue({ ...order, by: people.root });
  const other = (character: string | undefined): string => (character === '0' ? '1' : '0');
  const altered = [
    `${key.slice(0, -1)}${other(key.at(-1))}`,
    `${key.slice(0, -64)}${other(key.at(-64))}${key.slice(-63)}`,
    key.slice(0, -1),
    `${key}0`,
    key.toUpperCase(),
    key.replace('acp_', 'acp_0'),
    ` ${key}`,
    '',
    'acp__',
  ];
  for (const text of altered) {
    expect(await codeOf(plane.identity.authenticate(text))).toBe('credential-invalid');
  }
  expect(await codeOf(plane.identity.authenticate(null as unknown as string))).toBe(
    'credential-invalid',
  );
  await plane.close();
});

test('A76 a revoked key is refused at its next command, in every process that holds it', async () => {
  const { plane, fleet, people, clock } = await open();
  const other = await openShop(fleet(), { clock });
  const { id, key } = await plane.keys.issue({ ...order, by: people.root });
  const [here, there] = [
    await plane.identity.authenticate(key),
    await other.identity.authenticate(key),
  ];
  const session = await other.openSession({ principal: there, agent: 'bot' });
  await plane.keys.revoke({ key: id, by: people.root, reason: 'stolen' });
  // Nothing was followed in between: the command itself meets the revocation.
  expect(await codeOf(session.pause())).toBe('credential-revoked');
  expect(await codeOf(other.openSession({ principal: there, agent: 'bot' }))).toBe(
    'credential-revoked',
  );
  expect(await codeOf(plane.openSession({ principal: here, agent: 'bot' }))).toBe(
    'credential-revoked',
  );
  expect(await codeOf(plane.identity.authenticate(key))).toBe('credential-invalid');
  expect(await codeOf(plane.attachSession(here, session.id))).toBe('credential-revoked');
  expect(await codeOf(session.editedArguments('any'))).toBe('credential-revoked');
  await other.close();
  await plane.close();
});

test('a key that was revoked is not good again after a restart', async () => {
  const { plane, fleet, people, clock } = await open();
  const { id, key } = await plane.keys.issue({ ...order, by: people.root });
  await plane.keys.revoke({ key: id, by: people.root });
  const later = await openShop(fleet(), { clock });
  expect(await codeOf(later.identity.authenticate(key))).toBe('credential-invalid');
  await later.close();
  await plane.close();
});

test('a key ends when it says, for whoever it established before too', async () => {
  const { plane, people, clock } = await open();
  const expiresAt = new Date(clock.now() + hour);
  const { key } = await plane.keys.issue({ ...order, expiresAt, by: people.root });
  const principal = await plane.identity.authenticate(key);
  clock.advance(hour - 1);
  await plane.openSession({ principal, agent: 'bot' });
  clock.advance(1);
  expect(await codeOf(plane.openSession({ principal, agent: 'bot' }))).toBe('credential-expired');
  expect(await codeOf(plane.identity.authenticate(key))).toBe('credential-invalid');
  await plane.close();
});

test('the host, which is of no org, says which one a key is of', async () => {
  const { plane } = await open();
  const terms = { principal: 'service:night', roles: ['agent'] };
  expect(await codeOf(plane.keys.issue(terms))).toBe('input-invalid');
  await plane.keys.issue({ ...terms, org: 'acme' });
  expect(plane.keys.list('acme')).toHaveLength(1);
  expect(plane.keys.list('host')).toEqual([]);
  await plane.close();
});

test('nobody issues a key for more than they may do themselves, nor in another org', async () => {
  const { plane, people } = await open();
  const admin = plane.identity.assert({ id: 'user:adm', org: 'acme', roles: ['admin'] });
  const issue = (more: object) => codeOf(plane.keys.issue({ ...order, ...more }));
  expect(await issue({ by: admin, roles: ['admin'] })).toBe('resolved');
  expect(await issue({ by: admin, roles: ['platform-admin'] })).toBe('permission-denied');
  expect(await issue({ by: admin, org: 'globex' })).toBe('permission-denied');
  expect(await issue({ by: people.root, org: 'globex' })).toBe('resolved');
  expect(await issue({ by: people.ops })).toBe('permission-denied');
  expect(await issue({ by: admin, roles: ['system'] })).toBe('key-invalid');
  expect(await issue({ by: admin, roles: ['sorcerer'] })).toBe('key-invalid');
  expect(await issue({ by: admin, roles: [] })).toBe('key-invalid');
  expect(await issue({ by: admin, principal: 'a b' })).toBe('key-invalid');
  expect(await issue({ by: admin, expiresAt: new Date(0) })).toBe('key-invalid');
  await plane.close();
});

test('a key is revoked by an admin of its org or by whom it establishes, and unknown to others', async () => {
  const { plane, people } = await open();
  const { id, key } = await plane.keys.issue({ ...order, by: people.root });
  expect(await codeOf(plane.keys.revoke({ key: id, by: people.eve }))).toBe('key-unknown');
  expect(await codeOf(plane.keys.revoke({ key: id, by: people.billing }))).toBe('key-unknown');
  const principal = await plane.identity.authenticate(key);
  expect((await plane.keys.revoke({ key: id, by: principal })).revoked).toBe(true);
  await plane.close();
});

test('what ran under a key is still settled after it was revoked', async () => {
  const { plane, people } = await open();
  const { id, key } = await plane.keys.issue({ ...order, by: people.root });
  const principal = await plane.identity.authenticate(key);
  const session = await plane.openSession({ principal, agent: 'bot', budget: { actions: 3 } });
  const { permit } = await session.authorize({
    tool: bindTool(read),
    arguments: session.read({ orderId: 'o-1' }),
  });
  if (permit === undefined) throw new Error('no permit');
  await plane.keys.revoke({ key: id, by: people.root });
  await session.settle(permit, { outcome: 'succeeded', result: 1 });
  expect((await plane.budget(session.id, 'actions'))?.posted).toBe(1);
  // What it gave is told to nobody any more.
  expect(await codeOf(session.resultOf(permit.id))).toBe('credential-revoked');
  await plane.close();
});

test('what was approved for a key is void once the key is revoked', async () => {
  const { plane, people } = await open();
  const issue = async () => {
    const { id, key } = await plane.keys.issue({ ...order, by: people.root });
    return { id, principal: await plane.identity.authenticate(key) };
  };
  const stolen = await issue();
  const session = await plane.openSession({ principal: stolen.principal, agent: 'bot' });
  const callArguments = { orderId: 'o-1', amount: '5' };
  const ask = (of: typeof session) =>
    of.authorize({ tool: bindTool(refund), arguments: of.read(callArguments) });
  const { ticket = '' } = await ask(session);
  await plane.approve({ ticket, by: people.ada });
  await plane.keys.revoke({ key: stolen.id, by: people.root });
  const anew = await plane.attachSession((await issue()).principal, session.id);
  expect((await ask(anew)).outcome).toBe('require-approval');
  await plane.close();
});

test('a role of the active policy permits what it lists, for as long as the policy has it', async () => {
  const { plane, people } = await open();
  const assert = () => plane.identity.assert({ id: 'user:tess', org: 'acme', roles: ['stopper'] });
  expect(assert).toThrow(/stopper/);
  const roles = { stopper: { permissions: ['engage-kill'] } };
  await plane.activatePolicy({ ...shopPolicy, version: 2, roles }, people.root);
  const by = assert();
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  expect(await codeOf(plane.kill({ scope, by, reason: 'odd' }))).toBe('resolved');
  expect(await codeOf(plane.release({ scope, by, reason: 'fine' }))).toBe('permission-denied');
  const elsewhere = { ...scope, org: 'globex' };
  expect(await codeOf(plane.kill({ scope: elsewhere, by, reason: 'odd' }))).toBe(
    'permission-denied',
  );
  await plane.activatePolicy({ ...shopPolicy, version: 3 }, people.root);
  expect(await codeOf(plane.kill({ scope, by, reason: 'odd' }))).toBe('permission-denied');
  await plane.close();
});

test('a policy neither redefines a built-in role nor gives rights over the installation', async () => {
  const { plane, people } = await open();
  const attempt = (roles: object) =>
    codeOf(plane.activatePolicy({ ...shopPolicy, version: 2, roles }, people.root));
  expect(await attempt({ approver: { permissions: ['engage-kill'] } })).toBe('policy-invalid');
  expect(await attempt({ system: { permissions: ['engage-kill'] } })).toBe('policy-invalid');
  expect(await attempt({ boss: { permissions: ['activate-policy'] } })).toBe('policy-invalid');
  expect(await attempt({ boss: { permissions: ['any-org'] } })).toBe('policy-invalid');
  expect(await attempt({ boss: { permissions: ['expire'] } })).toBe('policy-invalid');
  expect(await attempt({ boss: { permissions: [] } })).toBe('policy-invalid');
  await plane.close();
});

test('an org’s admin changes nothing that concerns other orgs', async () => {
  const { plane, people } = await open();
  const { eve: by } = people;
  const changes: readonly (() => Promise<unknown>)[] = [
    () => plane.registerTool({ ...pay, action: 'order.read' }, { replace: true, by }),
    () => plane.activatePolicy({ ...shopPolicy, version: 9 }, by),
    () => plane.activatePrices({ format: 1, version: 1, currency: 'USD', models: {} }, by),
    () => plane.registerAgent({ name: 'bot', org: '*' }, by),
    () => plane.registerAgent({ name: 'bot', org: 'acme' }, by),
    () => plane.controlAgent({ agent: 'bot', transition: 'revoke', by, reason: 'mine' }),
    () => plane.kill({ scope: { kind: 'system' }, by, reason: 'mine' }),
  ];
  for (const change of changes) expect(await codeOf(change())).toBe('permission-denied');
  await plane.close();
});
