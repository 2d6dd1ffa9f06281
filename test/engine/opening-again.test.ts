/**
 * A host declares its agents, tools and policy each time that it opens: after an operator did something to
 * them, and where another one of a newer version is open already.
 */
import { expect, test, vi } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { type ControlPlaneOptions, openControlPlane } from '../../src/engine/index.ts';
import { memory, memoryFleet } from '../../src/storage/memory.ts';
import { codeOf } from './shop.ts';

test('a host opens although an operator revoked one of its agents, which stays revoked', async () => {
  const store = memoryFleet();
  const open = () => openControlPlane({ storage: store(), agents: ['bot', 'other', 'idle'] });
  const before = await open();
  const root = { id: 'root', org: 'acme', roles: ['platform-admin'] };
  const by = before.identity.assert(root);
  const reason = 'it was taken over';
  await before.controlAgent({ agent: 'bot', transition: 'revoke', by, reason });
  await before.controlAgent({ agent: 'idle', transition: 'suspend', by, reason });
  await before.close();
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const plane = await open();
  const warnings = warned.mock.calls.map(([text]) => text);
  warned.mockRestore();
  expect(warnings).toEqual([
    expect.stringMatching(/^agent `bot` was revoked: it opens no session/),
  ]);
  const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const opened = ['bot', 'other', 'idle'].map((agent) =>
    codeOf(plane.openSession({ principal, agent })),
  );
  expect(await Promise.all(opened)).toEqual(['agent-disabled', 'resolved', 'agent-disabled']);
  expect(await codeOf(plane.registerAgent('bot'))).toBe('agent-disabled');
  await plane.close();
});

test.each([
  ['no name'],
  [{ name: 'bot', version: 'no version' }],
  [{ name: 'bot', owner: 'no id' }],
])('a host does not open with an agent that cannot be registered: %j', async (agent) => {
  const opening = openControlPlane({ storage: memory(), agents: [agent] });
  expect(await codeOf(opening)).toBe('agent-invalid');
});

const action = 'order.read';
const policyOf = (version: number) => ({
  format: 1,
  version,
  name: `version ${version}`,
  actions: { [action]: {} },
  tiers: { unrestricted: [action] },
});
const toolOf = (version: number) => ({
  name: 'read',
  action,
  description: `version ${version}`,
  execute: () => version,
});

/** Hosts of several versions on one log. */
function versions() {
  const store = memoryFleet();
  return (version: number, more: Partial<ControlPlaneOptions> = {}) =>
    openControlPlane({
      storage: store(),
      policy: policyOf(version),
      tools: [toolOf(version)],
      agents: [{ name: 'bot', actions: version === 1 ? ['**'] : [action] }],
      ...more,
    });
}

test('a tool whose declaration was changed is replaced where that is said, and its old calls are denied', async () => {
  const open = versions();
  const old = await open(1);
  const terms = { id: 'ann', org: 'acme', roles: ['agent'] };
  const sessionOf = (plane: typeof old) =>
    plane.openSession({ principal: plane.identity.assert(terms), agent: 'bot' });
  const before = guard(await sessionOf(old), toolOf(1));
  expect(await before({})).toBe(1);
  expect(await codeOf(open(2))).toBe('tool-changed');
  expect(await before({})).toBe(1);
  const next = await open(2, { replaceTools: ['read'] });
  expect(await guard(await sessionOf(next), toolOf(2))({})).toBe(2);
  expect(await codeOf(before({}))).toBe('tool-changed');
  // It may stay there, and need not.
  await (await open(2, { replaceTools: ['read'] })).close();
  await (await open(2)).close();
  expect(await guard(await sessionOf(next), toolOf(2))({})).toBe(2);
  await next.close();
  await old.close();
});

test('a tool in quarantine stays there, although its name is among those to be replaced', async () => {
  const open = versions();
  const plane = await open(1);
  const { execute: _, ...changed } = toolOf(2);
  await plane.tools.quarantine(changed);
  await plane.close();
  for (const version of [1, 2]) {
    expect(await codeOf(open(version, { replaceTools: ['read'] }))).toBe('tool-quarantined');
  }
});

test.each<[unknown, string]>([
  [['raed'], 'names `raed`, which `tools` does not declare'],
  [['twice'], 'names `twice`, which `tools` declares more than once'],
  [[undefined], 'which `tools` does not declare'],
  ['read', 'is no list'],
])('a control plane does not open that is to replace %j', async (replaceTools, problem) => {
  const twice = { ...toolOf(1), name: 'twice' };
  const given = { tools: [toolOf(1), twice, twice], replaceTools } as object;
  await expect(versions()(1, given)).rejects.toThrow(problem);
});

test('a host that is too old to open puts no agent back to what it was', async () => {
  const open = versions();
  await (await open(1)).close();
  const next = await open(2, { replaceTools: ['read'] });
  const old = { tools: [toolOf(2)] };
  expect(await codeOf(open(1, old))).toBe('policy-version-behind');
  await next.sync();
  expect(next.agents('acme')).toMatchObject([{ capabilities: [{ actions: [action] }] }]);
  await next.close();
});

test('a policy that was changed and kept its version is told as such', async () => {
  const plane = await openControlPlane({ storage: memory(), policy: policyOf(2) });
  const offer = (version: number) =>
    plane.activatePolicy({ ...policyOf(version), name: 'changed' });
  await expect(offer(2)).rejects.toThrow(
    'version 2 is active, with other content than what is offered',
  );
  await expect(offer(1)).rejects.toThrow('version 1 is offered and version 2 is active');
  await plane.close();
});
