/** Notifications are a hint: without them other processes' events are polled for, and nothing else changes (A63). */
import { expect, test } from 'vitest';
import { bindTool, type ControlPlane } from '../../src/engine/index.ts';
import { codeOf, openShop, read, staff } from '../engine/shop.ts';
import { Proxy } from './proxy.ts';
import { newSchema, type TestSchema } from './schema.ts';

const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
/** Longer than any test takes. */
const neverMs = 3_600_000;

async function behindProxy(
  work: (proxy: Proxy, schema: TestSchema, there: TestSchema) => Promise<void>,
): Promise<void> {
  const schema = newSchema();
  const proxy = await Proxy.start(schema.url);
  try {
    const url = new URL(proxy.url);
    url.searchParams.set('application_name', schema.schema);
    await work(proxy, schema, newSchema(url.href, schema.schema));
  } finally {
    await proxy.close();
    await schema.drop();
  }
}

async function sessionOf(plane: ControlPlane) {
  return plane.openSession({ principal: staff(plane).billing, agent: 'bot' });
}

async function decided(session: Awaited<ReturnType<typeof sessionOf>>, start: 'now' | 'later') {
  const { permit } = await session.authorize({
    tool: bindTool(read),
    arguments: session.read({ orderId: 'o-1' }),
    start,
  });
  if (permit === undefined) throw new Error('it was refused');
  return permit;
}

test('where none are delivered it warns and polls, and a kill elsewhere stops what runs here', async () => {
  await behindProxy(async (proxy, schema, there) => {
    proxy.dropsNotifications = true;
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    const here = await openShop(there.open());
    const elsewhere = await openShop(schema.open());
    await expect.poll(() => warnings.join()).toContain('hears no notifications');
    process.removeListener('warning', onWarning);
    const session = await sessionOf(here);
    const [running, issued] = [await decided(session, 'now'), await decided(session, 'later')];
    const aborted = new Promise((resolve) => running.signal.addEventListener('abort', resolve));
    await elsewhere.kill({ scope, by: staff(elsewhere).ops, reason: 'odd' });
    expect(await codeOf(session.start(issued))).toBe('killed');
    await aborted;
    await here.close();
    await elsewhere.close();
  });
});

test('where its connection is lost a kill elsewhere holds at the next start', async () => {
  await behindProxy(async (proxy, schema, there) => {
    const here = await openShop(there.open(), { pollMs: neverMs });
    const elsewhere = await openShop(schema.open());
    const issued = await decided(await sessionOf(here), 'later');
    const session = await here.attachSession(staff(here).billing, issued.session);
    proxy.reset();
    await elsewhere.kill({ scope, by: staff(elsewhere).ops, reason: 'odd' });
    await expect.poll(() => codeOf(session.start(issued))).toBe('killed');
    await here.close();
    await elsewhere.close();
  });
});

test('a connection for them that was lost is made anew, and what was missed is read', async () => {
  await behindProxy(async (proxy, schema, there) => {
    // Nothing is polled for: what is heard, is heard by notification.
    const here = await openShop(there.open(), { pollMs: neverMs });
    const elsewhere = await openShop(schema.open());
    for (let losses = 0; losses < 3; losses += 1) {
      const running = await decided(await sessionOf(here), 'now');
      const aborted = new Promise((resolve) => running.signal.addEventListener('abort', resolve));
      proxy.reset();
      await elsewhere.kill({ scope, by: staff(elsewhere).ops, reason: 'odd' });
      await aborted;
      await elsewhere.release({ scope, by: staff(elsewhere).root, reason: 'it is over' });
      await expect.poll(() => codeOf(sessionOf(here))).toBe('resolved');
    }
    await here.close();
    await elsewhere.close();
  });
});
