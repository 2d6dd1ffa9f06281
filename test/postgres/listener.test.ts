/** The connection that hears of others' commits: lost at any moment, it is made anew, once. */
import { expect, test, vi } from 'vitest';
import { Connections } from '../../src/storage/postgres/connections.ts';
import { Listener } from '../../src/storage/postgres/listener.ts';
import { newPool } from '../../src/storage/postgres/pool.ts';
import { schemaName } from '../../src/storage/postgres/schema-name.ts';
import { Proxy } from './proxy.ts';
import { ScriptedPool } from './scripted-pool.ts';
import { newSchema } from './schema.ts';

const timeoutMs = 100_000;

test('what fails late of a connection that was lost does not close the one after it', async () => {
  const { url, schema } = newSchema();
  const proxy = await Proxy.start(url);
  const pool = await newPool(proxy.url, timeoutMs);
  const connections = new Connections(pool, 'test', timeoutMs);
  const listener = new Listener(connections, schemaName(schema), 1, () => {});
  try {
    // It waits for the notification that shows whether there are any, and its connection is lost meanwhile.
    proxy.dropsNotifications = true;
    const first = listener.start();
    await expect.poll(() => proxy.dropped).toBe(1);
    proxy.reset();
    proxy.dropsNotifications = false;
    await expect.poll(() => listener.state).toBe('listening');
    await first;
    expect(listener.state).toBe('listening');
  } finally {
    listener.close();
    await pool.end();
    await proxy.close();
  }
});

test('a trial that ends late leaves the trial of the connection after it alone', async () => {
  const pool = new ScriptedPool();
  const listener = new Listener(
    new Connections(pool, 'test', timeoutMs),
    schemaName('some_schema'),
    1,
    () => {},
  );
  // The first connection is lost while its trial is on its way by another.
  const first = listener.start();
  const firstTrial = await pool.asked(1, 'pg_notify');
  pool.lose(0);
  const secondTrial = await pool.asked(3, 'pg_notify');
  firstTrial.fail();
  await first;
  secondTrial.answer();
  pool.notify(2, 'some_schema', String(secondTrial.values[1]));
  await expect.poll(() => listener.state).not.toBe('lost');
  expect(listener.state).toBe('listening');
  listener.close();
});

test('a connection that hears nothing is not kept', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const pool = new ScriptedPool();
  const listener = new Listener(
    new Connections(pool, 'test', timeoutMs),
    schemaName('some_schema'),
    1,
    () => {},
  );
  const started = listener.start();
  (await pool.asked(1, 'pg_notify')).answer();
  await started;
  expect(listener.state).toBe('not-delivered');
  expect([pool.isDestroyed(0), pool.isDestroyed(1)]).toEqual([true, false]);
  expect(warned).toHaveBeenCalledOnce();
  warned.mockRestore();
  listener.close();
});
