/** A refusal says where it stands in the order of the log, whether or not it has an entry. */
import { expect, test } from 'vitest';
import { guard } from '../../src/enforce/guard.ts';
import { bindTool, ControlPlaneError } from '../../src/engine/index.ts';
import { readEntry } from '../../src/log/index.ts';
import { openOneTool } from './one-tool.ts';

const tool = { name: 'read', action: 'order.read' };

/** The error that the work ends with. */
async function refusalOf(work: Promise<unknown>): Promise<ControlPlaneError> {
  const failure: unknown = await work.catch((error: unknown) => error);
  if (ControlPlaneError.is(failure)) return failure;
  throw new Error(`not refused: ${String(failure)}`);
}

test('a refusal that is recorded stands at its entry', async () => {
  const { plane, session, storage } = await openOneTool({ tool });
  const request = { tool: bindTool(tool), arguments: session.read({}), start: 'later' } as const;
  const { permit } = await session.authorize(request);
  if (permit === undefined) throw new Error('no permit');
  const by = plane.identity.assert({ id: 'ops', org: 'acme', roles: ['admin'] });
  const scope = { kind: 'session', org: 'acme', id: session.id } as const;
  await plane.kill({ scope, by, reason: 'enough' });
  const { size } = await plane.head();
  const { code, index } = await refusalOf(session.start(permit));
  expect({ code, index }).toEqual({ code: 'killed', index: size });
  const [entry] = await storage.readEntries(size, 10);
  const recorded = { index, type: 'command-rejected', data: { rejection: { code } } };
  expect(readEntry(entry?.body ?? '')).toMatchObject(recorded);
});

test('a guarded call that is denied stands at its decision', async () => {
  const { plane, session, storage } = await openOneTool({
    tool,
    policy: { tiers: { blocked: [tool.action] } },
  });
  const { size } = await plane.head();
  const call = guard(session, { ...tool, execute: async () => 'never' });
  const { index } = await refusalOf(call({}));
  const [entry] = await storage.readEntries(size, 10);
  expect(readEntry(entry?.body ?? '')).toMatchObject({ index, type: 'action-decided' });
});

test('a refusal that is repeated stands where the log has got to', async () => {
  const { plane, session } = await openOneTool({ tool });
  const by = plane.identity.assert({ id: 'ann', org: 'acme', roles: ['agent'] });
  const scope = { kind: 'session', org: 'acme', id: session.id } as const;
  const kill = { scope, by, reason: 'mine', idempotencyKey: 'k-1' };
  const first = await refusalOf(plane.kill(kill));
  await session.authorize({ tool: bindTool(tool), arguments: session.read({}) });
  const { size } = await plane.head();
  const again = await refusalOf(plane.kill(kill));
  expect(again).toMatchObject({ code: first.code, index: size });
  expect(first.index).toBeLessThan(size - 1);
  expect((await plane.head()).size).toBe(size);
});
