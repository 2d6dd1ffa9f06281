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
  'postgres://worker:12/S3CR37@db/agents',
  'postgres://worker:S3CR37/x@db/agents',
  'postgres://worker:12?S3CR37@db/agents',
  'postgres://worker:a?S3CR37@db/agents',
  'postgres://worker:12?S3CR37=x@db/agents',
  'postgres://worker:12#S3CR37@db/agents',
  'postgres://worker:a@b/S3CR37@db/agents',
  'postgres://worker:a@b?S3CR37=x@db/agents',
  'postgres://worker:S3CR37@a:1,b:2/agents',
  'postgres://worker:S3CR37@db:abc/agents',
  'postgres://worker:S3CR37@db:99999/agents',
  'postgres://worker:S3CR37@[::1/agents',
  'postgres:worker:S3CR37@db/agents',
  'host=db user=worker password=S3CR37',
])('%s is refused, and nothing of its password is said', (url) => {
  expect(() => postgres(url)).toThrow(/^(?!.*S3CR37).*the URL of the database/);
});

test.each(['sslmode=', 'ssl=', 'sslmode=&user=worker'])(
  '%s, which would be a connection in the open, is refused',
  (query) => {
    expect(() => postgres(`postgres://db/agents?${query}`)).toThrow(/without a value/);
  },
);

test('a certificate that is not there is said to be missing by the store', async () => {
  const storage = postgres('postgres://db/agents?sslmode=verify-full&sslrootcert=/not/there.pem');
  await expect(storage.open('main')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('/not/there.pem') as string,
  });
  await storage.close();
});

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

test.each([undefined, null, '', 0, {}, { connect: () => {} }, { options: {} }])(
  '%j, which is neither the URL of a database nor a pool, is refused',
  (target) => {
    expect(() => postgres(target as never)).toThrow(/takes the URL of a database or a pool/);
  },
);

test.each([
  [{ listen: 'no' }, '`listen` is neither true nor false'],
  [{ acceptLostCommits: 'yes' }, '`acceptLostCommits` is neither'],
  [{ mode: 'read-only', acceptAlteredSchema: 1 }, '`acceptAlteredSchema` is neither'],
  [{ timeoutMs: '5000' }, '`timeoutMs` is not a number above 0'],
  [{ timeoutMs: 0 }, '`timeoutMs` is not a number above 0'],
  [{ timeoutMs: Number.POSITIVE_INFINITY }, '`timeoutMs` is not a number above 0'],
])('no store is made with %j', (options, sentence) => {
  expect(() => postgres('postgres://db/agents', options as never)).toThrow(sentence);
});
