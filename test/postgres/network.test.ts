/** What networks do to the connections of a store: every call is answered in its time, and nothing is lost. */
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { poolSizeMin } from '../../src/storage/postgres/pool.ts';
import { suffer } from './suffering.ts';

const timeoutMs = 1_000;
/**
 * An append and the five looks for its outcome, each with a connection to get, and what they wait in between.
 */
const boundMs = 6 * 2 * timeoutMs + 1_000;
/** For a machine that does other things. */
const patience = 5;

test('through half-open connections a call is answered, and when they are whole again all goes on', async () => {
  await suffer({ options: { timeoutMs } }, async (suffering) => {
    const { proxy } = suffering;
    await suffering.actWell(5);
    const acknowledged = suffering.acknowledged;
    proxy.isHalfOpen = true;
    const started = performance.now();
    let calls = 0;
    await suffering.actUntil(() => {
      calls += 1;
      return suffering.failures.length >= 12;
    });
    const waitedMs = performance.now() - started;
    // At most so many waves of calls: each is answered after its bound at the latest.
    expect(waitedMs).toBeLessThan(patience * boundMs * calls);
    // What was on its way through was answered before; nothing is said to be decided after that.
    expect(suffering.acknowledged - acknowledged).toBeLessThan(calls);
    for (const code of suffering.failures) {
      expect(['store-unavailable', 'outcome-unknown']).toContain(code);
    }
    proxy.isHalfOpen = false;
    await suffering.recover();
    await suffering.actWell();
  });
});

test('connections that do not answer are closed: after every outage there are no more than pools have', async () => {
  await suffer({ options: { timeoutMs: 500 } }, async (suffering) => {
    const { proxy, planes } = suffering;
    for (let outages = 0; outages < 4; outages += 1) {
      const failures = suffering.failures.length + 6;
      proxy.isHalfOpen = true;
      await suffering.actUntil(() => suffering.failures.length >= failures);
      proxy.isHalfOpen = false;
      await suffering.recover();
    }
    expect(proxy.kept).toBeLessThanOrEqual(planes.length * (poolSizeMin + 1));
  });
});

test('a control plane whose connections are half-open closes', async () => {
  await suffer({ options: { timeoutMs } }, async (suffering) => {
    const { proxy } = suffering;
    await suffering.actWell(5);
    proxy.isHalfOpen = true;
    await suffering.actUntil(() => suffering.failures.length >= 6);
    const started = performance.now();
    await suffering.close();
    expect(performance.now() - started).toBeLessThan(patience * boundMs);
  });
});

// Those that mostly wait, wait together. The ones above have a short timeout, and the process for themselves.
test.concurrent('through a slow network everything is decided as ever', async () => {
  const size = await suffer({}, async (suffering) => {
    suffering.proxy.delayMs = 50;
    await suffering.actWell();
  });
  expect(size).toBeGreaterThan(0);
});

test.concurrent('connections that are reset under load are made anew, and no outcome is guessed', async () => {
  const size = await suffer({}, async (suffering) => {
    for (let resets = 0; resets < 10; resets += 1) {
      const more = suffering.acknowledged + 4;
      await suffering.actDuring(async () => suffering.proxy.reset());
      await suffering.actUntil(() => suffering.acknowledged >= more);
    }
    await suffering.recover();
    await suffering.actWell();
  });
  expect(size).toBeGreaterThan(0);
});

test.concurrent('a commit that stands still on its way holds the others up for a bounded time only', async () => {
  const size = await suffer({}, async (suffering) => {
    const { proxy } = suffering;
    await suffering.actWell(5);
    // The server has done the work and holds the head's lock; the word to commit never comes.
    proxy.onCommit = () => (proxy.struck === 0 ? 'stall' : undefined);
    await suffering.actUntil(() => proxy.struck > 0);
    await suffering.recover();
    await suffering.actWell();
  });
  expect(size).toBeGreaterThan(0);
});

test.concurrent('a connection that is ended in the moment it is made ends no process', async () => {
  const size = await suffer({}, async (suffering) => {
    const { proxy } = suffering;
    proxy.endsNew = 12;
    // An error that nobody listens for is one that nobody catches: the test run fails with it.
    while (proxy.endsNew > 0) {
      const more = suffering.lines.length + 5;
      proxy.reset();
      await suffering.actUntil(() => suffering.lines.length >= more);
    }
    await suffering.recover();
    await suffering.actWell();
  });
  expect(size).toBeGreaterThan(0);
});
