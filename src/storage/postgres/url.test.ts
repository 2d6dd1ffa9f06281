/** A URL that asks for what nothing reads is refused, and one that leads nowhere is answered. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { postgres } from './postgres-storage.ts';

test.each([
  'postgres://db/agents?sslmod=require',
  'postgresql://db/agents?sslmode=require&schema=trial',
  'postgres://db/agents?timeoutMs=5',
  'postgres:///agents?host=/tmp&SSLMODE=require',
])('%s asks for something that the driver does not read, and is refused', (url) => {
  expect(() => postgres(url)).toThrow(/`(?:sslmod|schema|timeoutMs|SSLMODE)`, which its driver/);
});

test.each([
  'postgres://db/agents?sslmode=verify-full&application_name=worker&options=-c%20search_path%3Dx',
  'postgres:///agents?host=/tmp&port=5433&user=worker',
  'postgres://worker@db/agents#?sslmod',
])('%s asks for nothing else', (url) => {
  expect(() => postgres(url)).not.toThrow();
});

test.each(['99999', '-1', 'abc'])('where the port is %s opening is answered', async (port) => {
  const storage = postgres(`postgres://127.0.0.1/agents?port=${port}`, { timeoutMs: 500 });
  await expect(storage.open('main')).rejects.toMatchObject({ code: 'unavailable' });
  await storage.close();
});

test.each([
  'postgres://ada:hunter2@db:abc/agents',
  'postgres://ada:hunter2@db:99999/agents',
  'postgres://ada:hunter2@[::1/agents',
])(
  'opening %s, which is no URL, is answered, and the answer has no password in it',
  async (url) => {
    const storage = postgres(url, { timeoutMs: 500 });
    const failure: unknown = await storage.open('main').catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain('hunter2');
    expect((failure as Error).cause).toBeUndefined();
    await storage.close();
  },
);

/** A server that asks for a password by SCRAM and waits, as PostgreSQL does for a minute. */
async function serverThatWaits(): Promise<{ readonly port: number; readonly left: Promise<void> }> {
  const server = createServer();
  const left = new Promise<void>((resolve) => {
    server.on('connection', (socket: Socket) => {
      const asks = [message(10, 'SCRAM-SHA-256\0\0'), message(11, 'r=x,s=AAAA,i=4096')];
      socket.on('data', () => socket.write(asks.shift() ?? ''));
      socket.on('error', () => {});
      socket.on('close', () => {
        resolve();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, left };
}

/** A message of the protocol that is about signing in. */
function message(kind: number, text: string): Buffer {
  const bytes = Buffer.alloc(9 + text.length);
  bytes.write('R');
  bytes.writeInt32BE(8 + text.length, 1);
  bytes.writeInt32BE(kind, 5);
  bytes.write(text, 9);
  return bytes;
}

test('a connection that could not sign in for want of a password is let go of', async () => {
  vi.stubEnv('PGPASSWORD', undefined);
  vi.stubEnv('PGPASSFILE', '/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { port, left } = await serverThatWaits();
  const storage = postgres(`postgres://ada@127.0.0.1:${port}/agents`, { timeoutMs: 5_000 });
  await expect(storage.open('main')).rejects.toThrow('password');
  await left;
  await storage.close();
}, 20_000);
