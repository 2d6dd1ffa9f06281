/** Permits and sessions: what starts, how often, and until when. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogEntry } from './kernel-world.ts';
import { play, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { cast, policyDocument, Stage, tools } from './stage.ts';

const read = { tool: 'read', args: { name: 'a' } } as const;

/** Checks each event of a random sequence; the state is the one after the event. */
function assertEvents(count: number, check: (entry: LogEntry, stage: Stage) => void): void {
  assertHolds(steps, count, (sequence) => {
    const stage = Stage.ready();
    stage.watch = (entry) => check(entry, stage);
    play(sequence, stage);
  });
}

/** The permit that an event starts. */
function startedBy({ event }: LogEntry): string | undefined {
  if (event.type === 'permit-started') return event.data.permit;
  if (event.type === 'action-decided' && event.data.permit === 'started')
    return event.data.decision;
  return undefined;
}

test('a permit starts at most once', () => {
  assertHolds(steps, 100, (sequence) => {
    const started = new Set<string>();
    const stage = Stage.ready();
    stage.watch = (entry) => {
      const permit = startedBy(entry);
      if (permit === undefined) return;
      expect(started).not.toContain(permit);
      started.add(permit);
    };
    play(sequence, stage);
  });
});

test('nothing starts but what was allowed, in an active session, before it lapses', () => {
  assertEvents(100, (entry, stage) => {
    const permit = startedBy(entry);
    if (permit === undefined) return;
    const decision = stage.get('decision', permit);
    const session = stage.get('session', decision?.session ?? '');
    expect(decision).toMatchObject({ outcome: 'allow', permit: 'started', mode: 'live' });
    expect(session).toMatchObject({ status: 'active', mode: 'live' });
    expect(entry.by).toMatchObject({ id: session?.principal, org: session?.org });
    expect(entry.at - (decision?.decidedAt ?? 0)).toBeLessThan(60_000);
    expect(stage.get('agent', decision?.agent ?? '') === undefined).toBe(false);
    expect(stage.get('tool', decision?.tool ?? '')?.definition).toBe(decision?.definition);
    expect(stage.get('policy', 'active')?.version).toBe(decision?.policyVersion);
  });
});

test('only an allowed call has a permit, and it has one exactly in a live session', () => {
  assertEvents(60, ({ event }, stage) => {
    if (event.type !== 'action-decided') return;
    const live = stage.get('session', event.session ?? '')?.mode === 'live';
    const wanted = live && event.data.outcome === 'allow';
    expect(event.data.permit !== 'none').toBe(wanted);
    if (!wanted) expect(event.data.reservations).toEqual([]);
  });
});

test('dry-run and replay sessions never get a permit, a reservation or a ticket', () => {
  const modes = fc.constantFrom('dry-run', 'replay');
  assertHolds(fc.tuple(modes, steps), 60, ([mode, sequence]) => {
    const stage = Stage.ready();
    const session = stage.open({ mode, budget: { usd: 100_000_000 } });
    expect(stage.authorize({ session, ...read, start: true })).toBe('allow');
    expect(stage.start(stage.commands.at(-1)?.id ?? '')).toBe('permit-unknown');
    const args = { to: 'x', amount: '60' };
    expect(stage.authorize({ session, tool: 'pay', args })).toBe('require-approval');
    play(sequence, stage);
    const dry = stage.all('session').filter((each) => each.mode !== 'live');
    for (const { id, openPermits, hadTickets, units } of dry) {
      expect([openPermits, hadTickets]).toEqual([0, false]);
      for (const unit of units) {
        expect(stage.get('budget', `session:${id}|${unit}`)?.reservedEver).toBe(0);
      }
    }
    const modesOfPermits = stage.all('decision').filter(({ permit }) => permit !== 'none');
    expect(modesOfPermits.every((each) => each.mode === 'live')).toBe(true);
  });
});

test('a terminal session stays terminal', () => {
  assertHolds(steps, 80, (sequence) => {
    const ended = new Map<string, string>();
    const stage = Stage.ready();
    stage.watch = (entry) => {
      for (const { id, status } of stage.all('session')) {
        if (ended.has(id)) expect(status).toBe(ended.get(id));
        if (status === 'completed' || status === 'aborted') ended.set(id, status);
      }
      const decision = stage.get('decision', startedBy(entry) ?? '');
      if (decision !== undefined) expect([...ended.keys()]).not.toContain(decision.session);
    };
    play(sequence, stage);
    for (const ticket of stage.all('ticket').filter(({ session }) => ended.has(session))) {
      expect(ticket.status).not.toBe('pending');
    }
  });
});

test('only an active session gets anything allowed', () => {
  for (const moves of [['pause'], ['complete'], ['abort'], ['pause', 'abort']] as const) {
    const stage = Stage.ready();
    const session = stage.open();
    const permit = stage.ask({ session, ...read });
    for (const move of moves) expect(stage.transition(session, move, cast.ann)).toBe('done');
    expect(stage.authorize({ session, ...read })).toBe('deny session-not-active');
    expect(stage.start(permit)).toBe('session-not-active');
  }
  const stage = Stage.ready();
  const created = stage.open({ activate: false });
  expect(stage.authorize({ session: created, ...read })).toBe('deny session-not-active');
});

test('an agent that was paused cannot resume itself', () => {
  const stage = Stage.ready();
  const session = stage.open();
  stage.transition(session, 'pause', cast.olga);
  expect(stage.transition(session, 'resume', cast.ann)).toBe('permission-denied');
  expect(stage.transition(session, 'resume', cast.olga)).toBe('done');
});

test('time cannot be gamed: what has expired cannot be used though nothing swept it', () => {
  assertHolds(fc.integer({ min: -3, max: 3 }), 20, (late) => {
    const stage = Stage.ready();
    const session = stage.open();
    const permit = stage.ask({ session, ...read });
    stage.now += 60_000 + late;
    expect(stage.start(permit)).toBe(late < 0 ? 'done' : 'permit-expired');

    const args = { to: 'x', amount: '60' };
    const asked = stage.ask({ session, tool: 'pay', args });
    stage.now += 100_000 + late;
    expect(stage.approve(asked)).toBe(late < 0 ? 'done' : 'ticket-expired');
    if (late >= 0) expect(stage.get('ticket', asked)?.status).toBe('expired');

    const again = stage.ask({ session, tool: 'pay', args: { ...args, to: 'y' } });
    expect(stage.approve(again)).toBe('done');
    stage.now += 100_000 + late;
    const word = stage.authorize({ session, tool: 'pay', args: { ...args, to: 'y' } });
    expect(word).toBe(late < 0 ? 'allow' : 'require-approval');
  });
});

test('an expiry is taken only when it is due, and only from the control plane', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const permit = stage.ask({ session, ...read });
  const ticket = stage.ask({ session, tool: 'restart', args: { host: 'h' } });
  const expirePermit = (by = cast.system) => stage.do({ kind: 'expire-permit', by, permit });
  const expireTicket = (by = cast.system) => stage.do({ kind: 'expire-ticket', by, ticket });
  stage.now += 59_999;
  expect([expirePermit(), expireTicket()]).toEqual(['not-due', 'not-due']);
  stage.now += 1_000_000;
  expect(expirePermit(cast.ada)).toBe('permission-denied');
  expect(expireTicket(cast.ada)).toBe('permission-denied');
  expect([expirePermit(), expireTicket()]).toEqual(['done', 'done']);
  expect([expirePermit(), expireTicket()]).toEqual(['not-due', 'not-due']);
});

test('a permit given up before its start is given back, after it is charged in full', () => {
  for (const start of [false, true]) {
    const stage = Stage.ready();
    const session = stage.open();
    const permit = stage.ask({ session, tool: 'pay', args: { to: 'x', amount: '5' }, start });
    stage.now += 60_000;
    stage.do({ kind: 'expire-permit', by: cast.system, permit });
    const budget = stage.get('budget', `session:${session}|usd`);
    expect(budget).toMatchObject({ reserved: 0, posted: start ? 5_000_000 : 0 });
    expect(stage.get('decision', permit)?.permit).toBe(start ? 'unknown' : 'expired');
  }
});

test('a permit that waited does not start under another policy or another tool', () => {
  const stage = Stage.ready();
  const session = stage.open();
  const pay = { session, tool: 'pay', args: { to: 'x', amount: '5' } } as const;
  const first = stage.ask(pay);
  stage.policy(policyDocument(2));
  expect(stage.start(first)).toBe('permit-not-startable');
  const second = stage.ask(pay);
  const tool = { ...tools.pay, definition: 'another' };
  stage.do({ kind: 'register-tool', by: cast.ada, tool, replace: true });
  expect(stage.start(second)).toBe('tool-changed');
});
