/** A host declares its agents each time that it opens, whatever an operator did to them since. */
import { expect, test, vi } from 'vitest';
import { openControlPlane } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import { codeOf } from './shop.ts';

const store = memoryFleet();
const open = (...agents: string[]) => openControlPlane({ storage: store(), agents });

test('a host opens although an operator revoked one of its agents, which stays revoked', async () => {
  const before = await open('bot', 'other', 'idle');
  const root = { id: 'root', org: 'acme', roles: ['platform-admin'] };
  const by = before.identity.assert(root);
  const reason = 'it was taken over';
  await before.controlAgent({ agent: 'bot', transition: 'revoke', by, reason });
  await before.controlAgent({ agent: 'idle', transition: 'suspend', by, reason });
  await before.close();
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const plane = await open('bot', 'other', 'idle');
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

test('a host does not open with an agent that cannot be registered', async () => {
  expect(await codeOf(open('no name'))).toBe('agent-invalid');
});
