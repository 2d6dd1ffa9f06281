/** Tools of somebody else: nothing of them runs until an operator approved exactly what is there. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  bindTool,
  type ControlPlane,
  openControlPlane,
  type Session,
  type ToolDeclaration,
  verify,
} from '../../src/engine/index.ts';
import type { Principal } from '../../src/identity/principal.ts';
import { memoryFleet } from '../../src/storage/memory.ts';

const policy = {
  format: 1,
  version: 1,
  actions: {
    'files.read': {},
    'files.write': {},
    'files.wipe': {},
    'files.move': {},
    'files.send': {},
  },
  tiers: { unrestricted: ['files.read'], blocked: ['files.wipe'], steer: ['files.move'] },
  rules: [
    { id: 'never', effect: 'deny', match: { action: 'files.write', agent: 'guest-*' } },
    { id: 'some', effect: 'deny', match: { action: 'files.read', resource: 'secret' } },
    { id: 'ask', effect: 'require-approval', match: { action: 'files.write' } },
  ],
};

let fleet: ReturnType<typeof memoryFleet>;
let plane: ControlPlane;
let session: Session;
let admin: Principal;

beforeEach(async () => {
  fleet = memoryFleet();
  const agents = ['bot', 'guest-bot', { name: 'reader', actions: ['files.read'] }];
  plane = await openControlPlane({ storage: fleet(), policy, agents });
  const principal = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['agent'] });
  admin = plane.identity.assert({ id: 'user:root', org: 'acme', roles: ['platform-admin'] });
  session = await plane.openSession({ principal, agent: 'bot' });
});

afterEach(async () => {
  const store = fleet();
  await store.open('main');
  const { faults } = await verify(store);
  await store.close();
  await plane.close();
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
});

function read(description: string): ToolDeclaration {
  return { name: 'read', action: 'files.read', description, foreign: { title: 'Read' } };
}

async function codeOfCall(declaration: ToolDeclaration): Promise<string> {
  const decision = await session.authorize({
    tool: bindTool(declaration),
    arguments: session.read({}),
  });
  return decision.code;
}

test('a tool that was only met runs nothing, and runs once it is approved as it is', async () => {
  const { definition } = await plane.tools.quarantine(read('reads'));
  expect(await codeOfCall(read('reads'))).toBe('tool-quarantined');
  await plane.tools.approve({ tool: 'read', definition, by: admin });
  expect(await codeOfCall(read('reads'))).toBe('allowed');
});

test('an approval of another definition than the one that waits approves nothing', async () => {
  const { definition } = await plane.tools.quarantine(read('reads'));
  await plane.tools.quarantine(read('reads, and sends'));
  const approval = plane.tools.approve({ tool: 'read', definition, by: admin });
  await expect(approval).rejects.toMatchObject({ code: 'tool-changed' });
  expect(await codeOfCall(read('reads, and sends'))).toBe('tool-quarantined');
});

test('a change stops the tool, in its old and in its new form, and shows both', async () => {
  await plane.registerTool(read('reads'));
  await plane.tools.quarantine(read('reads, and sends'));
  expect(await codeOfCall(read('reads'))).toBe('tool-quarantined');
  expect(await codeOfCall(read('reads, and sends'))).toBe('tool-quarantined');
  const { approved = '', waiting = '' } = await plane.tools.definitions('read');
  expect(
    [approved, waiting].map((text) => (JSON.parse(text) as ToolDeclaration).description),
  ).toEqual(['reads', 'reads, and sends']);
});

test('a permit issued for later is not started once another definition of its tool waits', async () => {
  await plane.registerTool(read('reads'));
  const request = { tool: bindTool(read('reads')), arguments: session.read({}) };
  const { permit } = await session.authorize({ ...request, start: 'later' });
  await plane.tools.quarantine(read('reads, and sends'));
  if (permit === undefined) throw new Error('no permit');
  await expect(session.start(permit)).rejects.toMatchObject({ code: 'tool-quarantined' });
});

test('a tool that changes back stays where it is until somebody approves it', async () => {
  const { definition } = await plane.registerTool(read('reads'));
  await plane.tools.quarantine(read('reads, and sends'));
  await plane.tools.quarantine(read('reads'));
  expect(await codeOfCall(read('reads'))).toBe('tool-quarantined');
  await plane.tools.approve({ tool: 'read', definition, by: admin });
  expect(await codeOfCall(read('reads'))).toBe('allowed');
});

test('meeting what is approved, or what waits already, changes nothing', async () => {
  await plane.registerTool(read('reads'));
  const { size } = await plane.head();
  await plane.tools.quarantine(read('reads'));
  expect((await plane.head()).size).toBe(size);
  await plane.tools.quarantine(read('other'));
  await plane.tools.quarantine(read('other'));
  expect((await plane.head()).size).toBe(size + 1);
});

test('what waits cannot be registered over in passing', async () => {
  await plane.tools.quarantine(read('reads'));
  const again = plane.registerTool(read('reads'));
  await expect(again).rejects.toMatchObject({ code: 'tool-quarantined' });
  await plane.registerTool(read('reads'), { replace: true, by: admin });
  expect(await codeOfCall(read('reads'))).toBe('allowed');
});

test('nobody without the right to register tools quarantines or approves one', async () => {
  const { definition } = await plane.tools.quarantine(read('reads'));
  for (const role of ['agent', 'operator', 'approver', 'auditor', 'admin'] as const) {
    const by = plane.identity.assert({ id: 'user:eve', org: 'acme', roles: [role] });
    const attempts = [
      plane.tools.approve({ tool: 'read', definition, by }),
      plane.tools.quarantine(read('other'), { by }),
    ];
    for (const attempt of attempts) {
      await expect(attempt).rejects.toMatchObject({ code: 'permission-denied' });
    }
  }
});

test('whatever else is pinned of a foreign definition is a part of it', async () => {
  const one = bindTool(read('reads')).record.definition;
  const other = bindTool({ ...read('reads'), foreign: { title: 'Lesen' } }).record.definition;
  expect(other).not.toBe(one);
});

test('a list shows a tool only where some call of it could be allowed', async () => {
  const tools = ['read', 'write', 'wipe', 'move', 'send', 'fly'];
  for (const name of tools) await plane.registerTool({ name, action: `files.${name}` });
  const shown = async (agent: string): Promise<string[]> => {
    const principal = plane.identity.assert({ id: 'user:ada', org: 'acme', roles: ['agent'] });
    const { id } = await plane.openSession({ principal, agent });
    const refusals = await Promise.all(tools.map((tool) => plane.tools.refusal(id, tool)));
    return tools.filter((_, position) => refusals[position] === undefined);
  };
  expect(await shown('bot')).toEqual(['read', 'write']);
  expect(await shown('guest-bot')).toEqual(['read']);
  expect(await shown('reader')).toEqual(['read']);
  const scope = { kind: 'tool', org: 'acme', name: 'read' } as const;
  await plane.kill({ scope, by: admin, reason: 'an incident' });
  expect(await shown('bot')).toEqual(['write']);
  await plane.tools.quarantine({ name: 'write', action: 'files.write', description: 'other' });
  expect(await shown('bot')).toEqual([]);
});
