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
