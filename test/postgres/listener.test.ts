/** The connection that hears of others' commits: lost at any moment, it is made anew, once. */
import { expect, test } from 'vitest';
import { Connections } from '../../src/storage/postgres/connections.ts';
import { Listener } from '../../src/storage/postgres/listener.ts';
import { newPool } from '../../src/storage/postgres/pool.ts';
import { schemaName } from '../../src/storage/postgres/schema-name.ts';
import { Proxy } from './proxy.ts';
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
