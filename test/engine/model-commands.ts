/**
 * What the model-based suite does to a model and to a real control plane at once. Each command asks
 * both and compares the answers.
 */
import { expect } from 'vitest';
import * as fc from 'fast-check';
import type { KillScope } from '../../src/kernel/index.ts';
import type { ModelSession, ShopModel } from './model.ts';
import { modelledTools, type Reality } from './model-reality.ts';
import { codeOf } from './shop.ts';

export type ShopCommand = fc.AsyncCommand<ShopModel, Reality>;

/** A command from a name, a guard and what it does. */
function command(
  name: string,
  run: (model: ShopModel, real: Reality) => Promise<void>,
  check: (model: ShopModel) => boolean = () => true,
): ShopCommand {
  return { check, run, toString: () => name };
}

const any = <T>(items: readonly T[], at: number): readonly [number, T] => {
  const index = at % items.length;
  return [index, items[index] as T];
};
const someSessions = (model: ShopModel): boolean => model.sessions.length > 0;
const someTickets = (model: ShopModel): boolean => model.tickets.length > 0;

function open(usd: number, actions: number): ShopCommand {
  return command(`open(${usd}, ${actions})`, async (model, real) => {
    const expected = model.open({ usd, actions });
    const answer = real.plane.openSession({
      principal: real.principal('ops'),
      agent: 'bot',
      budget: { usd: micro(usd), actions },
    });
    expect(await codeOf(answer)).toBe(expected);
    if (expected === 'resolved') real.keep(await answer);
  });
}

function transition(at: number, name: 'pause' | 'resume' | 'complete' | 'abort'): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    const [number, session] = any(model.sessions, at);
    const handle = await real.session(number);
    const expected = model.transition(session, name);
    expect(await codeOf(handle[name]())).toBe(expected);
  };
  return command(`${name}(${at})`, run, someSessions);
}

function authorize(
  at: number,
  tool: 'pay' | 'refund' | 'erase',
  amount: number,
  options: { readonly later?: boolean; readonly copies?: number } = {},
): ShopCommand {
  const { later = false, copies = 1 } = options;
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    const [number, session] = any(model.sessions, at);
    const handle = await real.session(number);
    const bound = modelledTools.get(tool);
    if (bound === undefined) throw new Error('no such tool');
    real.keys += 1;
    const request = {
      tool: bound,
      arguments: handle.read({ amount: micro(amount) }),
      start: later ? 'later' : 'now',
      ...(copies > 1 ? { idempotencyKey: `key-${real.keys}` } : {}),
    } as const;
    const sent = Array.from({ length: copies }, () => handle.authorize(request));
    const expected = model.authorize(session, tool, amount, later);
    // A copy of a call that waits continues it: the ticket is the same.
    const decisions = await Promise.all(sent);
    for (const decision of decisions) {
      const { outcome, code } = decision;
      expect({ outcome, code }).toEqual({ outcome: expected.outcome, code: expected.code });
    }
    const permits = decisions.flatMap(({ permit }) => permit ?? []);
    expect(permits.length).toBe(expected.permit === undefined ? 0 : 1);
    if (expected.permit !== undefined && permits[0] !== undefined) {
      real.permits.set(model.permits.indexOf(expected.permit), permits[0]);
    }
    if (expected.ticket === undefined) return;
    const place = model.tickets.indexOf(expected.ticket);
    const ids = new Set(decisions.map(({ ticket }) => ticket));
    expect(ids.size).toBe(1);
    const [id = ''] = ids;
    expect(real.tickets[place] ?? id).toBe(id);
    real.tickets[place] = id;
  };
  const name = `authorize(${at}, ${tool}, ${amount}, ${later}, ${copies})`;
  return command(name, run, someSessions);
}

function resolve(at: number, how: 'start' | 'void' | 'settle', used: number): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    const held = [...real.permits];
    if (held.length === 0) return;
    const [, [place, permit]] = any(held, at);
    const modelled = model.permits[place];
    if (modelled === undefined) throw new Error('a permit that the model does not know');
    const handle = await real.session(modelled.session.number);
    if (how === 'settle') {
      const expected = model.settle(modelled, used);
      const answer = handle.settle(permit, {
        outcome: 'succeeded',
        usage: { usd: micro(used) },
      });
      expect(await codeOf(answer)).toBe(expected);
      if (expected === 'resolved') expect((await answer).posted).toEqual(modelled.posted);
      return;
    }
    const expected = model[how](modelled);
    expect(await codeOf(handle[how](permit))).toBe(expected);
  };
  return command(`${how}(${at}, ${used})`, run);
}

type Ruling = 'approve' | 'deny' | 'cancel';

function rule(at: number, ruling: Ruling): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    const [place, ticket] = any(model.tickets, at);
    const expected = model.rule(ticket, ruling);
    const order = { ticket: real.tickets[place] ?? '', by: real.principal('ada') };
    expect(await codeOf(real.plane[ruling](order))).toBe(expected);
  };
  return command(`${ruling}(${at})`, run, someTickets);
}

/** A refund from its question to its answer, so that some are under way. */
function refund(at: number, usd: number, later: boolean): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    await authorize(at, 'refund', usd).run(model, real);
    const asked = model.tickets.findIndex(({ status }) => status === 'pending');
    if (asked !== -1) await rule(asked, 'approve').run(model, real);
    await authorize(at, 'refund', usd, { later }).run(model, real);
  };
  return command(`refund(${at}, ${usd}, ${later})`, run, someSessions);
}

function switchKill(kind: 'kill' | 'release', which: number): ShopCommand {
  return command(`${kind}(${which})`, async (model, real) => {
    const [key, scope] = scopeOf(which, real);
    const expected = kind === 'kill' ? 'resolved' : model.release(key);
    if (kind === 'kill') model.kill(key);
    const order = { scope, by: real.principal('ops'), reason: 'modelled' };
    expect(await codeOf(real.plane[kind](order))).toBe(expected);
  });
}

/** A refund that was asked for, ruled on, killed and released, and is asked for once more. */
function askAgain(at: number, usd: number, ruling: Ruling, which: number): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    await authorize(at, 'refund', usd).run(model, real);
    const asked = model.tickets.findLastIndex(({ status }) => status === 'pending');
    if (asked !== -1) await rule(asked, ruling).run(model, real);
    await switchKill('kill', which).run(model, real);
    await switchKill('release', which).run(model, real);
    await authorize(at, 'refund', usd).run(model, real);
  };
  return command(`askAgain(${at}, ${usd}, ${ruling}, ${which})`, run, someSessions);
}

function scopeOf(which: number, { sessions }: Reality): readonly [string, KillScope] {
  const org = 'acme';
  if (which % 3 === 0) return ['org', { kind: 'org', org }];
  if (which % 3 === 1) return ['tool pay', { kind: 'tool', org, name: 'pay' }];
  if (sessions.length === 0) return ['nobody', { kind: 'agent', org, name: 'nobody' }];
  const number = which % sessions.length;
  return [`session ${number}`, { kind: 'session', org, id: sessions[number] ?? 'none' }];
}

function advance(sevens: number): ShopCommand {
  return command(`advance(${sevens})`, async (model, real) => {
    for (let step = 0; step < sevens; step += 1) {
      model.advance(7_000);
      real.clock.advance(7_000);
      await real.plane.sync();
    }
  });
}

/** The wall clock is set back: nothing that is over comes back, and the log's time stands. */
function stepBack(sevens: number): ShopCommand {
  return command(`stepBack(${sevens})`, async (model, real) => {
    const ms = Math.min(model.wall, sevens * 7_000);
    model.wall -= ms;
    real.clock.step(-ms);
  });
}

/** Sets, raises or lowers one budget of the org, beside those of its sessions. */
function setPurse(limit: number): ShopCommand {
  return command(`setPurse(${limit})`, async (model, real) => {
    model.setPurse(limit);
    const plan = {
      id: 'purse',
      unit: 'usd',
      limit: micro(limit),
      scope: { kind: 'org', id: 'acme' },
      sharing: 'shared',
      window: 'unlimited',
    } as const;
    await real.plane.setBudget({ org: 'acme', plan, by: real.principal('ada') });
  });
}

async function raisePolicy(model: ShopModel, real: Reality): Promise<void> {
  model.raisePolicy();
  expect((await real.activate(model.version)).version).toBe(model.version);
}

async function reopen(model: ShopModel, real: Reality): Promise<void> {
  await real.close();
  await real.open(model.version);
  model.forget();
}

/** Longer than a script lasts: it is neither renewed nor lost but by the end of its worker. */
const termMs = 86_400_000;

function takeLease(at: number): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    const [number, session] = any(model.sessions, at);
    const handle = await real.session(number);
    const taking = handle.lease({ holder: 'worker', termMs });
    const expected = model.takeLease(session);
    expect(await codeOf(taking)).toBe(expected);
    if (expected === 'resolved') real.leases.set(number, await taking);
  };
  return command(`takeLease(${at})`, run, someSessions);
}

const isOurs = ({ lease, status }: ModelSession): boolean =>
  lease === 'ours' && (status === 'active' || status === 'paused');
const someLeases = ({ sessions }: ShopModel): boolean => sessions.some(isOurs);

function giveBack(at: number): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    const [, session] = any(model.sessions.filter(isOurs), at);
    model.giveBack(session);
    await real.leases.get(session.number)?.release();
  };
  return command(`giveBack(${at})`, run, someLeases);
}

/** Another worker goes on with a session that this one drives. */
function intrude(at: number): ShopCommand {
  const run = async (model: ShopModel, real: Reality): Promise<void> => {
    const [, session] = any(model.sessions.filter(isOurs), at);
    const { number } = session;
    const other = await real.plane.attachSession(
      real.principal('ops'),
      real.sessions[number] ?? '',
    );
    const bound = modelledTools.get('pay');
    if (bound === undefined) throw new Error('no such tool');
    model.begin();
    const { code } = await other.authorize({ tool: bound, arguments: other.read({ amount: '1' }) });
    expect(code).toBe(session.status === 'active' ? 'lease-lost' : 'session-not-active');
  };
  return command(`intrude(${at})`, run, someLeases);
}

async function heartbeat(model: ShopModel, real: Reality): Promise<void> {
  model.heartbeat();
  await real.plane.heartbeat({ by: real.principal('ops') });
}

/** Every budget is what the model says. */
export async function inspect(model: ShopModel, real: Reality): Promise<void> {
  for (const [number, session] of model.sessions.entries()) {
    const id = real.sessions[number] ?? '';
    expect((await real.plane.session(id))?.status).toBe(session.status);
    for (const unit of ['usd', 'actions'] as const) {
      const budget = await real.plane.budget(id, unit);
      expect(budget).toMatchObject({
        limit: session.limit[unit],
        reserved: session.reserved[unit],
        posted: session.posted[unit],
        overrun: unit === 'usd' ? session.overrun : 0,
      });
    }
  }
  const [purse] = await real.plane.budgets('acme');
  expect(purse?.limit).toBe(model.purse === undefined ? undefined : plain(model.purse.limit));
  const [account] = purse?.accounts ?? [];
  if (account !== undefined && model.purse !== undefined) {
    const { limit, seen, frozen, reserved, posted } = model.purse;
    expect(account).toMatchObject({
      reserved: plain(reserved),
      posted: plain(posted),
      frozen: frozen && limit <= seen,
    });
  }
  const pending = model.tickets.filter(({ status }) => status === 'pending').length;
  expect(real.plane.pendingTickets('acme')).toHaveLength(pending);
}

const at = fc.nat({ max: 20 });
const amount = fc.constantFrom(0, 1, 2_000_000, 3_500_000);
const tool = fc.constantFrom('pay' as const, 'pay' as const, 'refund' as const);

export const shopCommands: fc.Arbitrary<ShopCommand>[] = [
  fc.tuple(fc.constantFrom(0, 5_000_000, 9_000_000), fc.nat({ max: 6 })).map((a) => open(...a)),
  fc.tuple(at, tool, amount).map((a) => authorize(...a)),
  fc.tuple(at, tool, amount).map((a) => authorize(...a)),
  fc.tuple(at, tool, amount).map((a) => authorize(...a, { later: true })),
  fc.tuple(at, tool, amount).map((a) => authorize(...a, { copies: 3 })),
  fc.tuple(at, amount).map(([s, a]) => authorize(s, 'erase', a)),
  fc.tuple(at, fc.constant('start' as const), fc.constant(0)).map((a) => resolve(...a)),
  fc.tuple(at, fc.constant('void' as const), fc.constant(0)).map((a) => resolve(...a)),
  fc.tuple(at, fc.constant('settle' as const), amount).map((a) => resolve(...a)),
  fc.tuple(at, fc.constantFrom('approve', 'approve', 'deny', 'cancel')).map((a) => rule(...a)),
  fc.tuple(at, fc.constant('approve' as const)).map((a) => rule(...a)),
  fc.tuple(fc.constant('kill' as const), at).map((a) => switchKill(...a)),
  fc.tuple(fc.constant('release' as const), at).map((a) => switchKill(...a)),
  fc.tuple(at, fc.constantFrom('pause', 'resume')).map((a) => transition(...a)),
  fc.tuple(at, fc.constantFrom('complete', 'abort')).map((a) => transition(...a)),
  fc.integer({ min: 1, max: 6 }).map(advance),
  fc.integer({ min: 1, max: 3 }).map(stepBack),
  fc.constantFrom(2_000_000, 7_000_000, 12_000_000).map(setPurse),
  fc.constant(command('raisePolicy', raisePolicy)),
  fc.constant(command('reopen', reopen)),
  fc.tuple(at, amount, fc.boolean()).map((a) => refund(...a)),
  fc.tuple(at, amount, fc.boolean()).map((a) => refund(...a)),
  fc
    .tuple(at, amount, fc.constantFrom<Ruling[]>('approve', 'deny', 'cancel'), at)
    .map((a) => askAgain(...a)),
  // Longer than an operator may stay away.
  fc.constant(advance(15)),
  at.map(takeLease),
  at.map(giveBack),
  at.map(intrude),
  fc.constant(command('heartbeat', heartbeat)),
  fc.constant(command('heartbeat', heartbeat)),
  fc.constant(command('inspect', inspect)),
];

/** As the library writes amounts: without zeros at the end. */
function plain(amountMicros: number): string {
  return String(amountMicros / 1e6);
}

function micro(amountMicros: number): string {
  return `${Math.floor(amountMicros / 1e6)}.${String(amountMicros % 1e6).padStart(6, '0')}`;
}
