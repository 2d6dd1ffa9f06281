/** A standby can be read and not worked on; one that took over without the last commits is noticed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openControlPlane, type Storage, withHeadFile } from '../../src/index.ts';
import { postgres } from '../../src/storage/postgres/postgres-storage.ts';
import { cli, fillExample } from '../cli/run-cli.ts';
import { newSchema } from './schema.ts';
import { type PostgresServer, startServer, startStandby } from './server.ts';

const schema = 'agents';
let primary: PostgresServer;
let standby: PostgresServer;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'control-plane-heads-'));
  primary = await startServer();
  await fillExample(postgres(primary.url, { schema }));
  standby = await startStandby(primary);
});
afterAll(async () => {
  await standby.remove();
  await primary.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Appends a little. */
async function openedSession(storage: Storage): Promise<void> {
  const plane = await openControlPlane({ storage });
  const principal = plane.identity.assert({ id: 'service:desk', org: 'acme', roles: ['agent'] });
  await plane.openSession({ principal, agent: 'bot' });
  await plane.close();
}

async function sizeAt(url: string): Promise<number> {
  const storage = postgres(url, { schema, mode: 'read-only' });
  try {
    return (await storage.open('main')).size;
  } finally {
    await storage.close();
  }
}

test('a standby is read and verified, and follows', async () => {
  const before = await sizeAt(standby.url);
  await openedSession(postgres(primary.url, { schema }));
  const after = await sizeAt(primary.url);
  expect(after).toBeGreaterThan(before);
  await expect.poll(() => sizeAt(standby.url)).toBe(after);
  expect(await cli('verify', standby.url, '--schema', schema)).toMatchObject({ code: 0 });
});

test('a standby permits nothing, and a check says that it is one', async () => {
  const opened = openControlPlane({ storage: postgres(standby.url, { schema, listen: false }) });
  await expect(opened).rejects.toMatchObject({ code: 'read-only' });
  const { code, stdout } = await cli('postgres', 'check', standby.url, '--schema', schema);
  expect(code).toBe(1);
  expect(stdout).toMatch(/BAD.*standby/);
});

test('a standby that took over without the last commits is refused until that is accepted', async () => {
  const headFile = join(folder, 'head.json');
  const on = (url: string) => withHeadFile(postgres(url, { schema, listen: false }), headFile);
  await expect.poll(() => sizeAt(standby.url)).toBe(await sizeAt(primary.url));
  await standby.stop();
  // Acknowledged by the primary alone, which then is gone.
  await openedSession(on(primary.url));
  await primary.stop();
  await standby.start();
  await newSchema(standby.url).sql('SELECT pg_promote()');
  await expect(openControlPlane({ storage: on(standby.url) })).rejects.toMatchObject({
    code: 'rolled-back',
  });
  const words = [standby.url, '--schema', schema, '--head-file', headFile, '--yes'];
  expect(await cli('accept-restore', ...words)).toMatchObject({ code: 0 });
  await openedSession(on(standby.url));
  expect(await cli('verify', standby.url, '--schema', schema)).toMatchObject({ code: 0 });
});
