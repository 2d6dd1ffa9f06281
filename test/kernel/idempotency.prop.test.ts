/** Keys and versions: the same question has one answer, and configuration goes one way. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Command } from '../../src/kernel/index.ts';
import { play, policyVariant, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { cast, policyDocument, Stage } from './stage.ts';

const args = { name: 'a' };
const committed = { commitments: { reason: 'salted' } };

/** A command with a key on a stage that is ready for it, and the same key with another payload. */
type Keyed = (stage: Stage) => { readonly first: Command; readonly other: Command };

const keyed: Readonly<Record<string, Keyed>> = {
  authorize: (stage) => {
    const session = stage.open();
    const call = { session, tool: 'pay', args: { to: 'x', amount: '5' }, key: 'k' };
    stage.authorize(call);
    const first = stage.commands.at(-1) as Extract<Command, { kind: 'authorize' }>;
    return { first, other: { ...first, argumentsDigest: 'another' } };
  },
  'open-session': () => {
    const first: Command = {
      kind: 'open-session',
      id: 'x',
      by: cast.ann,
      session: 's-x',
      agent: 'bot',
      mode: 'live',
      budget: { usd: 5 },
      activate: true,
      idempotencyKey: 'k',
    };
    return { first, other: { ...first, budget: { usd: 6 } } };
  },
  'settle-permit': (stage) => {
    const permit = stage.ask({ session: stage.open(), tool: 'read', args, start: true });
    const first: Command = {
      kind: 'settle-permit',
      id: 'x',
      by: cast.ann,
      permit,
      idempotencyKey: 'k',
      outcome: 'succeeded',
      usage: { usd: 1 },
    };
    return { first, other: { ...first, usage: { usd: 2 } } };
  },
  'approve-ticket': (stage) => {
    const session = stage.open();
    const ticket = stage.ask({ session, tool: 'restart', args: { host: 'h' } });
    const second = stage.ask({ session, tool: 'restart', args: { host: 'i' } });
    const first: Command = {
      kind: 'approve-ticket',
      id: 'x',
      by: cast.pat,
      ticket,
      idempotencyKey: 'k',
    };
    return { first, other: { ...first, ticket: second } };
  },
  'engage-kill': () => {
    const scope = { kind: 'agent', org: 'acme', name: 'bot' } as const;
    const first: Command = {
      kind: 'engage-kill',
      id: 'x',
      by: cast.ada,
      scope,
      idempotencyKey: 'k',
      ...committed,
    };
    return { first, other: { ...first, scope: { ...scope, name: 'clerk' } } };
  },
};

test.each(Object.entries(keyed))('same id, same payload, same answer: %s', (_, make) => {
  const stage = Stage.ready();
  const { first } = make(stage);
  const answer = stage.submit({ ...first, id: 'one' });
  const before = stage.snapshot();
  const size = stage.log.length;
  const again = stage.submit({ ...first, id: 'two' });
  expect(again).toEqual({ events: [], answer: answer.answer, replayed: true });
  expect(stage.snapshot()).toEqual(before);
  expect(stage.log.length).toBe(size);
});

test.each(Object.entries(keyed))(
  'same id, other payload is refused and changes nothing: %s',
  (_, make) => {
    const stage = Stage.ready();
    const { first, other } = make(stage);
    const { answer } = stage.submit({ ...first, id: 'one' });
    const before = stage.snapshot();
    const refused = stage.submit({ ...other, id: 'two' });
    expect(refused.answer).toMatchObject({ rejection: { code: 'idempotency-mismatch' } });
    expect(stage.snapshot()).toEqual(before);
    expect(stage.submit({ ...first, id: 'three' }).answer).toEqual(answer);
  },
);

test('in any sequence, a mismatch changes nothing and a replay writes nothing', () => {
  assertHolds(steps, 60, (sequence) => {
    const stage = Stage.ready();
    let before = stage.snapshot();
    play(sequence, stage, (_, word) => {
      if (word === 'idempotency-mismatch') expect(stage.snapshot()).toEqual(before);
      before = stage.snapshot();
    });
  });
});

test('the order of members is no other payload', () => {
  const stage = Stage.ready();
  const { first } = keyed['open-session']?.(stage) ?? {};
  if (first === undefined) throw new Error('no command');
  const turned = Object.fromEntries(Object.entries(first).toReversed()) as unknown as Command;
  stage.submit({ ...first, id: 'one' });
  expect(stage.submit({ ...turned, id: 'two' }).replayed).toBe(true);
});

test('a denial under a key is sticky', () => {
  const stage = Stage.ready();
  const session = stage.open({ budget: { usd: 1 } });
  const call = { session, tool: 'read', args: { name: 'secret-1' }, key: 'k' };
  expect(stage.authorize(call)).toBe('deny policy-denied');
  stage.policy({ ...policyDocument(2), rules: [] });
  expect(stage.authorize(call)).toBe('deny policy-denied');
  expect(stage.authorize({ ...call, key: 'another' })).toBe('allow');
  const unknown = { ...call, session: 'later', args, key: 'early' };
  expect(stage.authorize(unknown)).toBe('session-unknown');
  stage.open({ id: 'later' });
  expect(stage.authorize(unknown)).toBe('session-unknown');
});

test('a call that waits for approval goes on under its key, and then stays answered', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const call = { session, tool: 'pay', args: { to: 'x', amount: '60' }, key: 'k' };
  const ticket = stage.ask(call);
  expect(stage.authorize(call)).toBe('require-approval');
  stage.approve(ticket);
  expect(stage.authorize(call)).toBe('allow');
  const size = stage.log.length;
  expect(stage.authorize(call)).toBe('allow');
  expect(stage.log.length).toBe(size);
});

test('a key belongs to one principal, one org and one kind of command', () => {
  const stage = Stage.ready();
  for (const by of [cast.ann, cast.bob, cast.otherAnn]) {
    const session = stage.open({ by });
    expect(stage.authorize({ session, tool: 'read', args, by, key: 'k' })).toBe('allow');
    const permit = stage.commands.at(-1)?.id ?? '';
    expect(stage.do({ kind: 'start-permit', by, permit, idempotencyKey: 'k' })).toBe('done');
  }
});

test('a policy that does not check never becomes active and versions only go up', () => {
  const offers = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: -1, max: 12 })), {
    maxLength: 15,
  });
  assertHolds(fc.tuple(offers, steps), 40, ([sequence, rest]) => {
    const stage = Stage.ready();
    let version = 1;
    stage.watch = ({ event }) => {
      if (event.type !== 'policy-activated') return;
      expect(event.data.document.version).toBeGreaterThan(version);
      version = event.data.document.version;
    };
    for (const [variant, offered] of sequence) {
      const active = stage.get('policy', 'active');
      const document = policyVariant(variant, offered);
      const word = stage.policy(document);
      if (JSON.stringify(document).includes('blockd')) expect(word).toBe('policy-invalid');
      if (word === 'done') continue;
      expect(['policy-invalid', 'policy-version-behind']).toContain(word);
      expect(stage.get('policy', 'active')).toBe(active);
    }
    play(rest, stage);
    expect(stage.get('policy', 'active')?.version).toBe(version);
  });
});

test('a version cannot be given other content, and can be sent again', () => {
  const stage = Stage.ready();
  expect(stage.policy({ ...policyDocument(1), name: 'other' })).toBe('policy-version-behind');
  const size = stage.log.length;
  expect(stage.policy(policyDocument(1))).toBe('done');
  expect(stage.log.length).toBe(size);
});
