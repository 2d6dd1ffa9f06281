/** The millisecond at which a permit ends: it starts no more, and is expired, in one and the same. */
import { expect, test } from 'vitest';
import { limits } from '../../src/kernel/index.ts';
import { cast, policyDocument, Stage } from './stage.ts';

const call = { tool: 'read', args: { name: 'a' } } as const;

/** A permit, issued or started, and so many ms after its end what becomes of it. */
function atEnd(afterMs: number, start: boolean, move: 'start-permit' | 'expire-permit'): string {
  const stage = Stage.ready();
  const permit = stage.ask({ ...call, session: stage.open({ budget: {} }), start });
  stage.now = (stage.get('decision', permit)?.expiresAt ?? Number.NaN) + afterMs;
  const by = move === 'start-permit' ? cast.ann : cast.system;
  return stage.do({ kind: move, by, permit });
}

test.each([
  [-1, 'done', 'not-due'],
  [0, 'permit-expired', 'done'],
  [1, 'permit-expired', 'done'],
])('%i ms after its end a permit’s start is %s, and its expiry %s', (afterMs, started, expired) => {
  expect(atEnd(afterMs, false, 'start-permit')).toBe(started);
  expect(atEnd(afterMs, false, 'expire-permit')).toBe(expired);
  expect(atEnd(afterMs, true, 'expire-permit')).toBe(expired);
});

test('a permit that is not started ends once its time to start is over', () => {
  const stage = Stage.ready();
  const permit = stage.ask({ ...call, session: stage.open({ budget: {} }) });
  expect(stage.get('decision', permit)?.expiresAt).toBe(stage.now + limits.permitStartMs);
});

test('a permit that waited for its start may run for its whole time from then on', () => {
  const actions = { 'file.read': { resource: 'file/*', runTimeoutMs: 7_000 } };
  const more = { actions, tiers: { unrestricted: ['file.read'] }, rules: [] };
  const stage = Stage.ready(policyDocument(1, more));
  const permit = stage.ask({ ...call, session: stage.open({ budget: {} }) });
  stage.now += 20_000;
  const startedAt = stage.now;
  stage.start(permit);
  expect(stage.get('decision', permit)?.expiresAt).toBe(startedAt + 7_000);
  stage.now = startedAt + 6_999;
  expect(stage.do({ kind: 'expire-permit', by: cast.system, permit })).toBe('not-due');
  stage.now += 1;
  expect(stage.do({ kind: 'expire-permit', by: cast.system, permit })).toBe('done');
});

test('what is only rehearsed has no permit, and nothing of it ends', () => {
  const stage = Stage.ready();
  const id = stage.ask({ ...call, session: stage.open({ mode: 'dry-run' }), start: true });
  expect(stage.get('decision', id)).toMatchObject({ permit: 'none', expiresAt: 0 });
});

test('a permit that ran out before its start had nothing, and whoever gives it back then is told so', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const permit = stage.ask({ tool: 'pay', args: { to: 'x', amount: '5' }, session });
  stage.now = stage.get('decision', permit)?.expiresAt ?? Number.NaN;
  stage.do({ kind: 'expire-permit', by: cast.system, permit });
  const { permit: status, posted } = stage.get('decision', permit) ?? {};
  expect([status, posted]).toEqual(['expired', {}]);
  const size = stage.log.length;
  expect(stage.void(permit)).toBe('done');
  expect(stage.log).toHaveLength(size);
});
