/** Resource locks: one open permit of a locked action on a resource, from its issue to its end. */
import { expect, test } from 'vitest';
import type { PolicyDocument } from '../../src/kernel/index.ts';
import { cast, policyDocument, Stage } from './stage.ts';

const locks: NonNullable<PolicyDocument['locks']> = [
  { actions: ['pay.*', 'ops.restart'], mode: 'exclusive' },
];

function locking(more: Partial<PolicyDocument> = {}) {
  const stage = Stage.ready(policyDocument(1, { locks, ...more }));
  const pay = { tool: 'pay', args: { to: 'x', amount: '1' } } as const;
  return { stage, pay, first: stage.open(), second: stage.open({ by: cast.bob }) };
}

test('while a permit is open on a resource, no other session of the org gets one on it', () => {
  const { stage, pay, first, second } = locking();
  const holder = stage.ask({ session: first, ...pay });
  expect(stage.authorize({ session: second, by: cast.bob, ...pay })).toBe('deny resource-locked');
  expect(stage.authorize({ session: first, ...pay })).toBe('deny resource-locked');
  expect(stage.all('decision').at(-1)).toMatchObject({
    step: 'permit',
    message: expect.stringContaining(holder) as string,
  });
  stage.start(holder);
  expect(stage.authorize({ session: second, by: cast.bob, ...pay })).toBe('deny resource-locked');
  stage.settle(holder);
  expect(stage.authorize({ session: second, by: cast.bob, ...pay })).toBe('allow');
});

test('another resource, an action without a lock, and another org are not held up', () => {
  const { stage, pay, first, second } = locking();
  stage.ask({ session: first, ...pay });
  const other = { tool: 'pay', args: { to: 'y', amount: '1' } } as const;
  expect(stage.authorize({ session: second, by: cast.bob, ...other })).toBe('allow');
  const read = { tool: 'read', args: { name: 'a' } } as const;
  expect(stage.authorize({ session: second, by: cast.bob, ...read })).toBe('allow');
  expect(stage.authorize({ session: second, by: cast.bob, ...read })).toBe('allow');
  const elsewhere = stage.open({ by: cast.otherAnn });
  expect(stage.authorize({ session: elsewhere, by: cast.otherAnn, ...pay })).toBe('allow');
});

test('a resource of any length has a lock of its own, whose key is short', () => {
  const { stage, first, second } = locking();
  const ideographs = '\u6f22'.repeat(1_000);
  const pay = (to: string) => ({ tool: 'pay', args: { to, amount: '1' } }) as const;
  expect(stage.authorize({ session: first, ...pay(`${ideographs}1`) })).toBe('allow');
  const held = { session: second, by: cast.bob };
  expect(stage.authorize({ ...held, ...pay(`${ideographs}1`) })).toBe('deny resource-locked');
  expect(stage.authorize({ ...held, ...pay(`${ideographs}2`) })).toBe('allow');
  const elsewhere = { session: stage.open({ by: cast.otherAnn }), by: cast.otherAnn };
  expect(stage.authorize({ ...elsewhere, ...pay(`${ideographs}1`) })).toBe('allow');
  const keys = [`acme#`, `acme|account/${ideographs}1`];
  expect(keys.map((key) => stage.get('lock', key))).toEqual([undefined, undefined]);
  stage.assertFoldsToItself();
});

test('a permit that is voided, or expires before or after its start, frees its resource', () => {
  const { stage, pay, first } = locking();
  const call = { session: first, ...pay };
  stage.void(stage.ask(call));
  const issued = stage.ask(call);
  expect(stage.get('lock', 'acme|account/x')?.decision).toBe(issued);
  stage.now += 60_000;
  stage.do({ kind: 'expire-permit', by: cast.system, permit: issued });
  const started = stage.ask({ ...call, start: true });
  expect(stage.get('lock', 'acme|account/x')?.decision).toBe(started);
  stage.now += 60_000;
  stage.do({ kind: 'expire-permit', by: cast.system, permit: started });
  expect(stage.get('lock', 'acme|account/x')?.decision).toBe('');
  expect(stage.authorize(call)).toBe('allow');
  stage.assertFoldsToItself();
});

test('a tool that is killed, and a session that is aborted, keep the lock until the permit is resolved', () => {
  const { stage, pay, first, second } = locking();
  const holder = stage.ask({ session: first, ...pay, start: true });
  stage.kill({ kind: 'session', org: 'acme', id: first });
  stage.transition(first, 'abort', cast.olga);
  const call = { session: second, by: cast.bob, ...pay };
  expect(stage.authorize(call)).toBe('deny resource-locked');
  stage.settle(holder, 'reserved');
  expect(stage.authorize(call)).toBe('allow');
});

test('a locked resource uses no approval up, and nobody is asked in vain', () => {
  const { stage, first, second } = locking();
  const restart = { tool: 'restart', args: { host: 'h' } } as const;
  const ticket = stage.ask({ session: first, ...restart });
  const other = stage.ask({ session: second, by: cast.bob, ...restart });
  stage.approve(ticket);
  stage.approve(other);
  const holder = stage.ask({ session: first, ...restart });
  expect(stage.get('decision', holder)?.permit).toBe('issued');
  const again = { session: second, by: cast.bob, ...restart };
  expect(stage.authorize(again)).toBe('deny resource-locked');
  expect(stage.get('ticket', other)?.status).toBe('approved');
  const third = stage.open();
  expect(stage.authorize({ session: third, ...restart })).toBe('deny resource-locked');
  expect(stage.all('ticket').filter(({ session }) => session === third)).toEqual([]);
  stage.void(holder);
  expect(stage.authorize(again)).toBe('allow');
  expect(stage.get('ticket', other)?.status).toBe('consumed');
});

test('a rehearsal takes no lock', () => {
  const { stage, pay, second } = locking();
  const rehearsal = stage.open({ mode: 'dry-run' });
  expect(stage.authorize({ session: rehearsal, ...pay })).toBe('allow');
  expect(stage.authorize({ session: second, by: cast.bob, ...pay })).toBe('allow');
});

test('a policy in shadow mode locks nothing', () => {
  const { stage, pay, first, second } = locking({ mode: 'shadow' });
  expect(stage.authorize({ session: first, ...pay })).toBe('allow');
  expect(stage.authorize({ session: second, by: cast.bob, ...pay })).toBe('allow');
});

test('a lock that was taken is freed though the policy locks nothing any more', () => {
  const { stage, pay, first } = locking();
  const holder = stage.ask({ session: first, ...pay, start: true });
  stage.policy(policyDocument(2));
  expect(stage.settle(holder)).toBe('done');
  expect(stage.get('lock', 'acme|account/x')?.decision).toBe('');
});
