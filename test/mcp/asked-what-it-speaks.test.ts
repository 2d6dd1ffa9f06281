/** A server is asked what it speaks in the one life that it has, and loses nothing where it does not survive it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { program } from '../programs.ts';
import { policyFor, Stage, temporaryFolder } from './stage.ts';

/** How often a server was started until its tool was there. */
async function startsOf(manner: string, more: object = {}): Promise<number> {
  const journal = join(temporaryFolder(), 'journal');
  const server = program('asked-server');
  const servers = { jobs: { command: [process.execPath, server, journal, manner], ...more } };
  const stage = await Stage.open({ servers, policy: policyFor(['jobs.run']) });
  try {
    const client = await stage.client();
    await expect
      .poll(async () => (await client.listTools()).tools.map(({ name }) => name))
      .toEqual(['jobs__run']);
    return readFileSync(journal, 'utf8').split('\n').length - 1;
  } finally {
    await stage.close();
  }
}

test('a server that answers is started once', async () => {
  expect(await startsOf('answers')).toBe(1);
});

test('a server that ends at the question is started again, and not asked', async () => {
  expect(await startsOf('ends')).toBe(2);
});

test('a server that answers nothing once it was asked is started again, and not asked', async () => {
  expect(await startsOf('mute', { startTimeoutMs: 2_000 })).toBeGreaterThan(1);
});

test('a server of which it is known what it speaks is not asked', async () => {
  expect(await startsOf('ends', { protocol: 'legacy' })).toBe(1);
});
