/** When a credential is over, to the millisecond, and what is left of that where its client went before. */
import { expect, test } from 'vitest';
import type { LogEvent } from '../../src/engine/index.ts';
import { CredentialEnd, CredentialOver } from '../../src/enforce/mcp/http/credential-end.ts';
import { FakeClock } from '../../src/testing/fake-clock.ts';

const day = 86_400_000;

/** Waits no longer at a time than a timer of Node does. */
class NodesClock extends FakeClock {
  override after(delayMs: number, run: () => void): () => void {
    return super.after(Math.min(delayMs, 2_147_483_647), run);
  }
}

/** One who listens to a log in which the test says what happens. */
function watched(key: string | undefined, lastsMs: number, clock: FakeClock = new NodesClock()) {
  const listeners = new Set<(event: LogEvent) => void>();
  const plane = {
    subscribe: (listener: (event: LogEvent) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const ended: string[] = [];
  const expiresAt = clock.now() + lastsMs;
  const end = new CredentialEnd(
    { plane, clock },
    { key, expiresAt },
    { leave: () => ended.push('leave'), letGo: () => ended.push('let go') },
  );
  /** In one commit: who listened to the first of them is told of all. */
  const happens = (...events: readonly Pick<LogEvent, 'type' | 'at' | 'data'>[]): void => {
    for (const listener of listeners) {
      for (const event of events) listener(event as LogEvent);
    }
  };
  const left = () => ({ timers: clock.waiting, listeners: listeners.size });
  return { end, ended, clock, happens, left, expiresAt };
}

const nothing = { timers: 0, listeners: 0 };
const revoked = (key: string) => ({ type: 'key-revoked', at: 0, data: { key } }) as const;

test('a token that is good for longer than a timer can wait is over at its time, and no earlier', () => {
  const { ended, clock, left } = watched(undefined, 100 * day);
  clock.advance(100 * day - 1);
  expect(ended).toEqual([]);
  clock.advance(1);
  expect([ended, left()]).toEqual([['leave'], nothing]);
});

test('a clock that was set back has it wait until its time', () => {
  const { ended, clock } = watched(undefined, 1_000);
  clock.step(-500);
  clock.advance(1_000);
  expect(ended).toEqual([]);
  clock.advance(500);
  expect(ended).toEqual(['leave']);
});

test('a clock that was set forward, or a machine that slept, is noticed within ten seconds', () => {
  const { ended, clock, left } = watched(undefined, day);
  clock.step(day);
  clock.advance(10_000);
  expect([ended, left()]).toEqual([['leave'], nothing]);
});

test('it is over by the time of the log, where another process’s clock is ahead', () => {
  const { ended, happens, expiresAt, left } = watched('key-1', 1_000);
  const opened = { type: 'agent-registered', data: {} as LogEvent['data'] } as const;
  happens({ ...opened, at: expiresAt - 1 });
  expect(ended).toEqual([]);
  happens({ ...opened, at: expiresAt });
  expect([ended, left()]).toEqual([['let go'], nothing]);
});

test('a key is over once it is revoked, and not when another one is', () => {
  const { ended, happens, left } = watched('key-1', Number.POSITIVE_INFINITY);
  expect(left()).toEqual({ timers: 0, listeners: 1 });
  happens(revoked('key-2'));
  expect(ended).toEqual([]);
  happens(revoked('key-1'), revoked('key-1'));
  expect([ended, left()]).toEqual([['let go'], nothing]);
});

test('the later of two ends counts, whichever came last', () => {
  const { end, ended, clock, left, expiresAt } = watched(undefined, 1_000);
  end.renew({ expiresAt: expiresAt + 1_000 });
  end.renew({ expiresAt });
  expect(left().timers).toBe(1);
  clock.advance(1_999);
  expect(ended).toEqual([]);
  clock.advance(1);
  expect(ended).toEqual(['leave']);
  end.renew({ expiresAt: expiresAt + 9_000 });
  expect(left()).toEqual(nothing);
});

test('what a client that was let go of waited for is gone', () => {
  const { end, ended, clock, left } = watched('key-1', 1_000);
  end.forget();
  expect(left()).toEqual(nothing);
  clock.advance(2_000);
  expect(ended).toEqual([]);
});

test('an answer that was begun before the end and comes after it is not given, and its stream ended', async () => {
  const { end, happens } = watched('key-1', 1_000);
  expect(await (await end.during(async () => new Response('in time'))).text()).toBe('in time');
  let cancelled = 0;
  const stream = new ReadableStream({ cancel: () => void (cancelled += 1) });
  const { promise, resolve } = Promise.withResolvers<Response>();
  const given = end.during(() => promise);
  happens(revoked('key-1'));
  resolve(new Response(stream));
  await expect(given).rejects.toThrow(CredentialOver);
  expect(cancelled).toBe(1);
  const broken = end.during(() => Promise.reject(new Error('it should not have been asked')));
  await expect(broken).rejects.toThrow(CredentialOver);
});
