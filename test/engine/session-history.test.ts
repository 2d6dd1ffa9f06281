/** What a session did decides what it may do next, in every process and after a restart. */
import { expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { ActionRefused, type ControlPlane, guard, openControlPlane } from '../../src/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';

const readTool = { name: 'read', action: 'file.read', resource: 'file/{name}' };
const mailTool = { name: 'mail', action: 'mail.send' };

const policy = {
  format: 1,
  version: 1,
  actions: { 'file.read': {}, 'mail.send': {} },
  tiers: { unrestricted: ['mail.send', 'file.read'] },
  rules: [
    {
      id: 'customer-files',
      effect: 'allow',
      match: { action: 'file.read', resource: 'file/customer-*' },
      labels: ['customer-data'],
    },
    {
      id: 'nothing-leaves',
      effect: 'deny',
      match: { action: 'mail.send' },
      when: '"customer-data" in session.labels && !arguments.to.endsWith("@acme.example")',
    },
    {
      id: 'three-mails-at-most',
      effect: 'deny',
      match: { action: 'mail.send' },
      when: { cel: 'session.allowed >= 6' },
    },
  ],
};

test('nothing is sent outside after a labelled file was read, by any process', async () => {
  const fleet = memoryFleet();
  const tools = [readTool, mailTool];
  const first = await openControlPlane({ storage: fleet(), policy, agents: ['bot'], tools });
  const second = await openControlPlane({ storage: fleet() });
  const principal = first.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const session = await first.openSession({ principal, agent: 'bot' });
  const read = guard(session, {
    ...readTool,
    execute: ({ name }: { readonly name: string }) => name,
  });
  const mail = guard(session, {
    ...mailTool,
    execute: ({ to }: { readonly to: string }) => `sent to ${to}`,
  });
  const word = (call: Promise<unknown>): Promise<unknown> =>
    call.catch((refusal: unknown) =>
      ActionRefused.is(refusal) ? refusal.decision.determinedBy : refusal,
    );
  expect(await word(mail({ to: 'eve@elsewhere.example' }))).toBe('sent to eve@elsewhere.example');
  await read({ name: 'customer-7' });
  expect(await word(mail({ to: 'eve@elsewhere.example' }))).toEqual(['rule:nothing-leaves']);
  expect(await word(mail({ to: 'bob@acme.example' }))).toBe('sent to bob@acme.example');
  expect(await word(mail({ to: 'bob@acme.example' }))).toBe('sent to bob@acme.example');
  await read({ name: 'plain' });
  await read({ name: 'plain' });
  expect(await word(mail({ to: 'bob@acme.example' }))).toEqual(['rule:three-mails-at-most']);
  await second.sync();
  const seen = await second.session(session.id);
  expect(seen?.history).toMatchObject({ allowed: 6, denied: 2, labels: ['customer-data'] });
  await first.close();
  await second.close();
});

test('a session’s risk adds up over processes and outlives them, and turns the call that crosses the line', async () => {
  const fleet = memoryFleet();
  const open = async (configure: boolean) =>
    openControlPlane({
      storage: fleet(),
      ...(configure
        ? {
            policy: {
              format: 1,
              version: 1,
              actions: { 'file.read': {} },
              tiers: { unrestricted: ['file.read'] },
              risk: { thresholds: { high: 3 }, effects: { high: 'deny' } },
            },
            agents: ['bot'],
            tools: [readTool],
          }
        : {}),
    });
  const first = await open(true);
  const opener = first.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const { id } = await first.openSession({ principal: opener, agent: 'bot' });
  const outcomeIn = async (plane: ControlPlane) => {
    const principal = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
    const session = await plane.attachSession(principal, id);
    const tool = bindTool(readTool);
    const request = { tool, arguments: session.read({ name: 'plain' }) };
    return (await session.authorize(request)).outcome;
  };
  const second = await open(false);
  expect([await outcomeIn(first), await outcomeIn(second)]).toEqual(['allow', 'allow']);
  await first.close();
  await second.close();
  const third = await open(false);
  expect(await outcomeIn(third)).toBe('deny');
  await third.close();
});
