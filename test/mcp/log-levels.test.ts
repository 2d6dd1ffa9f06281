/** A client hears of servers' logs what it asked for, in both eras on both sides, and nothing else. */
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { type Era, HttpStage } from './http-stage.ts';
import { program } from '../programs.ts';
import { policyFor, Stage } from './stage.ts';

const server = program('log-server');
const policy = policyFor(['logs.work', 'logs.die']);
const levelKey = 'io.modelcontextprotocol/logLevel';

let stage: { close(): Promise<void> } | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

const servers = (protocol: Era, ...more: readonly string[]) => ({
  logs: { command: [process.execPath, server, ...more], protocol },
});

/** Keeps the levels of what a client hears. */
function listening(heard: string[]): (client: Client) => void {
  return (client) =>
    client.setNotificationHandler('notifications/message', ({ params }) => {
      heard.push(params.level);
    });
}

function work(client: Client, level?: string) {
  const meta = level === undefined ? {} : { _meta: { [levelKey]: level } };
  return client.callTool({ name: 'logs__work', arguments: {}, ...meta });
}

const eras: readonly Era[] = ['legacy', 'modern'];

test.each(eras)(
  'a request of 2026-07-28 is told what it asks for, of a server of the %s era',
  async (protocol) => {
    const on = await HttpStage.open({ servers: servers(protocol), policy });
    stage = on;
    const heard: string[] = [];
    const client = await on.client('modern', on.keys.ada, {}, listening(heard));
    await work(client, 'info');
    await expect.poll(() => heard.length).toBe(2);
    expect(heard).toEqual(['info', 'error']);
    await work(client);
    await work(client, 'error');
    await expect.poll(() => heard.length).toBeGreaterThan(2);
    await work(client, 'debug');
    await expect.poll(() => heard).toContain('debug');
    await expect.poll(() => heard.length).toBeGreaterThan(5);
    expect(heard).toEqual(['info', 'error', 'error', 'debug', 'info', 'error']);
  },
);

test('so it is over stdio', async () => {
  const on = await Stage.open({ servers: servers('legacy'), policy });
  stage = on;
  const heard: string[] = [];
  const client = await on.modernClient({}, listening(heard));
  await work(client, 'error');
  await work(client);
  await work(client, 'debug');
  await expect.poll(() => heard.length).toBeGreaterThan(3);
  expect(heard).toEqual(['error', 'debug', 'info', 'error']);
});

test('a server that was started again is told anew from which level on', async () => {
  const on = await Stage.open({ servers: servers('legacy', 'quiet'), policy });
  stage = on;
  const heard: string[] = [];
  const client = await on.modernClient({}, listening(heard));
  await work(client, 'error');
  await client.callTool({ name: 'logs__die', arguments: {} });
  await expect.poll(async () => (await work(client, 'error')).isError ?? false).toBe(false);
  await expect.poll(() => heard.length).toBeGreaterThan(1);
  expect(heard).toEqual(['error', 'error']);
});

test('a server that does not take the level is called all the same', async () => {
  const on = await Stage.open({ servers: servers('legacy', 'deaf'), policy });
  stage = on;
  const client = await on.modernClient();
  expect(await work(client, 'debug')).not.toHaveProperty('isError', true);
  expect(on.reports.join('\n')).toContain('log level was not set');
});
