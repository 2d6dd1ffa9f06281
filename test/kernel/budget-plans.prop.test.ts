/** Budget plans under random calls, plans and times: what a slow ledger counts is what the accounts say. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BudgetPlanDocument, Event } from '../../src/kernel/index.ts';
import { assertHolds } from './sampling.ts';
import { cast, Stage } from './stage.ts';

const scope = fc.constantFrom<BudgetPlanDocument['scope']>(
  { kind: 'org', id: 'acme' },
  { kind: 'principal', every: true },
  { kind: 'principal', id: 'ann' },
  { kind: 'team', every: true },
  { kind: 'session', every: true },
  { kind: 'tool', id: 'pay' },
  { kind: 'action', every: true },
);
const window = fc.constantFrom<BudgetPlanDocument['window']>(
  'unlimited',
  { everyMs: 5_000 },
  { rollingMs: 6_000 },
  { every: 'day', zone: 'Europe/Berlin' },
);
const plan = fc.record({
  unit: fc.constantFrom('actions', 'usd', 'concurrent', 'seconds'),
  limit: fc.nat(12),
  scope,
  window,
  onOverrun: fc.constantFrom<'freeze' | 'continue'>('freeze', 'continue'),
});

const step = fc.oneof(
  fc.record({
    do: fc.constant('call' as const),
    who: fc.constantFrom('ann' as const, 'bob' as const),
    tool: fc.constantFrom('read' as const, 'pay' as const),
    amount: fc.constantFrom('0', '1', '2.5'),
    start: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('settle' as const),
    nth: fc.nat(9),
    used: fc.constantFrom<'reserved' | number>('reserved', 0, 1_000_000, 9_000_000),
  }),
  fc.record({ do: fc.constant('void' as const), nth: fc.nat(9) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 900, 4_000, 70_000) }),
  fc.record({ do: fc.constant('limit' as const), nth: fc.nat(2), limit: fc.nat(12) }),
);

/** Amounts by account, added up from nothing but the events of permits. */
class Ledger {
  readonly reserved = new Map<string, number>();
  readonly posted = new Map<string, number>();
  /** The most that any account of a key was ever allowed, with what overran. */
  readonly most = new Map<string, number>();

  add(event: Event): void {
    if (event.type === 'action-decided') {
      for (const { budget, amount, limit = Infinity } of event.data.reservations) {
        count(this.reserved, budget, amount);
        this.most.set(budget, Math.max(this.most.get(budget) ?? 0, limit));
      }
    } else if ('resolved' in event.data) {
      for (const { budget, amount, used } of event.data.resolved) {
        count(this.reserved, budget, -amount);
        count(this.posted, budget, used);
        count(this.most, budget, Math.max(0, used - amount));
      }
    }
  }
}

function count(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}

const people = { ann: { ...cast.ann, teams: ['blue'] }, bob: { ...cast.bob, teams: ['red'] } };

test('accounts are what the ledger says, and hold no more than their limit and overruns', () => {
  let admitted = 0;
  const asked = fc.record({
    plans: fc.array(plan, { minLength: 1, maxLength: 3 }),
    steps: fc.array(step, { minLength: 5, maxLength: 40 }),
  });
  assertHolds(asked, 300, ({ plans, steps }) => {
    const stage = Stage.ready();
    const ledger = new Ledger();
    stage.watch = ({ event }) => ledger.add(event);
    const set = (nth: number, limit: number): void => {
      const each = plans[nth];
      if (each === undefined) return;
      const sharing = 'every' in each.scope ? 'perMember' : 'shared';
      const counted = each.unit === 'concurrent' ? { window: 'unlimited' } : {};
      const document = { ...each, ...counted, id: `p-${nth}`, limit, sharing };
      stage.do({ kind: 'set-budget', by: cast.ada, org: 'acme', plan: document });
    };
    for (const [nth, { limit }] of plans.entries()) set(nth, limit);
    const sessions = {
      ann: stage.open({ by: people.ann, budget: {} }),
      bob: stage.open({ by: people.bob, budget: { usd: 20_000_000 } }),
    };
    const permits: { readonly id: string; readonly by: (typeof people)['ann'] }[] = [];
    for (const each of steps) {
      if (each.do === 'wait') stage.now += each.ms;
      else if (each.do === 'limit') set(each.nth, each.limit);
      else if (each.do === 'call') {
        const by = people[each.who];
        const args = { name: 'a', to: 'x', amount: each.amount };
        const { tool, start } = each;
        const id = stage.ask({ session: sessions[each.who], tool, by, args, start });
        if (stage.get('decision', id)?.outcome === 'allow') permits.push({ id, by });
      } else {
        const permit = permits[each.nth];
        if (permit === undefined) continue;
        if (each.do === 'void') stage.void(permit.id, permit.by);
        else {
          const usage = each.used === 'reserved' ? 'reserved' : { usd: each.used };
          stage.settle(permit.id, usage, permit.by);
        }
      }
      for (const { scope: name, unit, reserved, posted } of stage.all('budget')) {
        const key = `${name}|${unit}`;
        expect([key, reserved]).toEqual([key, ledger.reserved.get(key) ?? 0]);
        expect([key, posted]).toEqual([key, ledger.posted.get(key) ?? 0]);
        expect(posted + reserved).toBeLessThanOrEqual(ledger.most.get(key) ?? Infinity);
      }
    }
    admitted += permits.length;
  });
  expect(admitted).toBeGreaterThan(100);
});
