/** A URL that asks for what nothing reads is refused, and one that leads nowhere is answered. */
import { expect, test } from 'vitest';
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
