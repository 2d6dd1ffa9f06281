/** A call that a server of 2026-07-28 answers with a task is one call, settled when its end is known. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test } from 'vitest';
import { program } from '../programs.ts';
import { policyFor, Stage, temporaryFolder, textOf } from './stage.ts';

const server = program('extension-server');
const policy = policyFor(['jobs.slow', 'jobs.always']);

let stage: Stage | undefined;
let journal = '';

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(more: object = {}): Promise<Stage> {
  journal = join(temporaryFolder(), 'journal');
  const command = [process.execPath, server, journal];
  const servers = { jobs: { command, protocol: 'modern' } };
  stage = await Stage.open({ servers, policy, ...more });
  return stage;
}

interface Noted {
  readonly called?: string;
  readonly method?: string;
  readonly id?: string;
  readonly knowsTasks?: boolean;
}

function noted(): readonly Noted[] {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Noted);
}

const cancelled = () => noted().filter(({ method }) => method === 'tasks/cancel');

const call = (client: Client, how: string, options = {}) =>
  client.callTool({ name: 'jobs__slow', arguments: { how } }, options);

const answering = (client: Client): void =>
  client.setRequestHandler('elicitation/create', () => ({
    action: 'accept',
    content: { name: 'Ada' },
  }));

describe.each(['client', 'modernClient'] as const)('a %s', (era) => {
  test('gets the result of a call that its server runs as a task, settled with its end', async () => {
    const on = await open();
    const client = await on[era]();
    const called = call(client, 'file');
    await expect
      .poll(() => noted().filter(({ method }) => method === 'tasks/get').length > 1)
      .toBe(true);
    expect(await on.eventsOf('permit-settled')).toEqual([]);
    writeFileSync(`${journal}.end`, '');
    expect(textOf(await called)).toBe('done');
    expect(await on.eventsOf('permit-settled')).toMatchObject([{ outcome: 'succeeded' }]);
    expect(noted().every(({ knowsTasks }) => knowsTasks)).toBe(true);
    expect(noted().filter(({ called: name }) => name === 'slow')).toHaveLength(1);
  });

  test('is asked what the task asks for, once', async () => {
    const client = await (await open())[era]({ capabilities: { elicitation: {} } }, answering);
    expect(textOf(await call(client, 'ask'))).toBe('hello Ada');
    expect(noted().filter(({ method }) => method === 'tasks/update')).toHaveLength(1);
  });
});

describe('how such a task ends is how its call is settled', () => {
  const rows = [
    { how: 'fail', outcome: 'failed', says: 'the disk is full', cancels: 0 },
    { how: 'wrong', outcome: 'failed', says: 'it went wrong', cancels: 0 },
    { how: 'garbage', outcome: 'unknown', says: 'is not known', cancels: 0 },
    { how: 'cancelled', outcome: 'unknown', says: 'is not known', cancels: 0 },
    { how: 'odd', outcome: 'unknown', says: 'is not known', cancels: 1 },
    // Nobody is there who could be asked.
    { how: 'ask', outcome: 'unknown', says: 'is not known', cancels: 1 },
  ];
  test.each(rows)('$how: $outcome', async ({ how, outcome, says, cancels }) => {
    const on = await open();
    const result = await call(await on.client(), how);
    expect([result.isError, textOf(result)]).toEqual([true, expect.stringContaining(says)]);
    expect(await on.eventsOf('permit-settled')).toMatchObject([{ outcome }]);
    await expect.poll(() => cancelled()).toHaveLength(cancels);
  });
});

test('such a task is not told of the client’s roots, which are not for its server', async () => {
  const on = await open();
  let isAsked = false;
  const client = await on.client({ capabilities: { roots: {} } }, (each) => {
    each.setRequestHandler('roots/list', () => {
      isAsked = true;
      return { roots: [] };
    });
  });
  expect(textOf(await call(client, 'roots'))).toContain('is not known');
  expect(isAsked).toBe(false);
  await expect.poll(() => cancelled()).toHaveLength(1);
});

test('a kill switch stops such a task, and it is cancelled at its server', async () => {
  const on = await open();
  const called = call(await on.client(), 'file');
  await expect.poll(() => noted().length).toBeGreaterThan(1);
  const by = on.principal('user:olga', 'operator');
  const scope = { kind: 'agent', org: 'acme', name: 'desk-bot' } as const;
  await on.plane.kill({ scope, by, reason: 'stop' });
  expect(textOf(await called)).toContain('killed');
  await expect.poll(() => cancelled()).toMatchObject([{ id: 'task-1' }]);
  expect(await on.eventsOf('permit-settled')).toMatchObject([{ outcome: 'unknown' }]);
});

test('a client that gives up has such a task cancelled at its server', async () => {
  const on = await open();
  const giveUp = new AbortController();
  const called = call(await on.client(), 'file', { signal: giveUp.signal });
  await expect.poll(() => noted().length).toBeGreaterThan(1);
  giveUp.abort();
  await expect(called).rejects.toThrow('abort');
  await expect.poll(() => cancelled()).toMatchObject([{ id: 'task-1' }]);
});
