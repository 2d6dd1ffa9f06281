/**
 * A file that another process locks, and a store whose thread is killed: no permit, a code,
 * recovery.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bindTool } from '../../src/engine/index.ts';
import { guard } from '../../src/enforce/guard.ts';
import { codeOf, entryTypes, read, staff } from '../engine/shop.ts';
import { temporaryFolder } from './disk.ts';
import { Governed } from './governed.ts';

const threads: Worker[] = [];
const watch = (worker: Worker): void => {
  threads.push(worker);
};
let folder = '';
let path = '';

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, 'log.db');
  threads.length = 0;
  process.on('worker', watch);
});

afterEach(() => {
  process.off('worker', watch);
  rmSync(folder, { recursive: true });
});

/** Another process takes the write lock; the returned function lets it go. */
async function lock(): Promise<() => Promise<void>> {
  const script = join(import.meta.dirname, 'lock-holder.ts');
  const child = spawn(process.execPath, [script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  };
}

test('a locked file: no permit after the busy timeout, and calls run again after it', async () => {
  const governed = await Governed.open(path, { busyTimeoutMs: 300 });
  const release = await lock();
  expect(await governed.call()).toEqual({ code: 'store-unavailable', store: 'busy' });
  expect(await governed.call()).toEqual({ code: 'store-unavailable', store: 'busy' });
  expect(governed.runs).toBe(0);
  await release();
  expect((await governed.call()).code).toBe('ran');
  expect(await governed.account()).toEqual([]);
});

test('a lock shorter than the busy timeout only delays', async () => {
  const governed = await Governed.open(path, { busyTimeoutMs: 20_000 });
  const release = await lock();
  const call = governed.call();
  await release();
  expect((await call).code).toBe('ran');
  expect(await governed.account()).toEqual([]);
});

test('a kill while the file is locked stops work at once and is logged afterwards', async () => {
  const governed = await Governed.open(path, { busyTimeoutMs: 300 });
  const { plane, session } = governed;
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const slow = guard(session, {
    ...read,
    execute: (_, { signal }) => {
      enter();
      signal.addEventListener('abort', () => aborted.resolve());
      return new Promise<object>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      });
    },
  });
  const running = codeOf(slow({ orderId: 'o-1' }));
  await entered;
  const release = await lock();
  const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
  let answered = false;
  const kill = codeOf(plane.kill({ scope, by: staff(plane).ops, reason: 'smoke' })).finally(() => {
    answered = true;
  });
  await aborted.promise;
  // The tool does not wait for what becomes of the entry.
  expect(answered).toBe(false);
  expect(await kill).toBe('kill-local-only');
  // The tool was stopped, and its settlement could not be written either.
  expect(await running).toBe('outcome-unrecorded');
  expect((await governed.call()).code).toBe('store-unavailable');
  await release();
  // The poll writes the kill; nobody has to ask for anything.
  while (!(await entryTypes(plane)).includes('kill-engaged')) {
    await new Promise((resolve) => void setTimeout(resolve, 50));
  }
  expect((await governed.call()).code).toBe('killed');
  expect(await governed.account()).toEqual([]);
});

test('a store thread killed during an append: the answer is found, once', async () => {
  const governed = await Governed.open(path);
  const { session, plane } = governed;
  for (let round = 0; round < 3; round += 1) {
    const request = {
      tool: bindTool(read),
      arguments: session.read({ orderId: `o-${round}` }),
      idempotencyKey: `round-${round}`,
    };
    // Decided again under its key, whatever the first sending came to.
    const first = session.authorize(request);
    if (round > 0) await Promise.resolve();
    await new Promise((resolve) => void setImmediate(resolve));
    await threads.at(-1)?.terminate();
    const code = await codeOf(first);
    expect(['resolved', 'store-unavailable', 'outcome-unknown']).toContain(code);
    const second = await session.authorize(request);
    expect(second.outcome).toBe('allow');
    expect(second.replayed).toBe(code === 'resolved' || second.permit === undefined);
  }
  const decided = (await entryTypes(plane)).filter((type) => type === 'action-decided');
  expect(decided).toHaveLength(3);
  expect((await governed.call()).code).toBe('ran');
  expect(await governed.account()).toEqual([]);
});
