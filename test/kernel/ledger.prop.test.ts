/** Money: what every sequence of commands leaves true of every budget, after every single event. */
/* oxlint-disable vitest/no-conditional-expect -- each random case has its own duties */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BudgetRecord } from '../../src/kernel/index.ts';
import type { LogEntry } from './kernel-world.ts';
import { play, steps } from './random-commands.ts';
import { assertHolds } from './sampling.ts';
import { cast, Stage } from './stage.ts';

/** Checks every budget after every event of a random sequence. */
function assertBudgets(count: number, check: (budget: BudgetRecord) => void): void {
  assertHolds(steps, count, (sequence) => {
    const stage = Stage.ready();
    stage.watch = () => {
      for (const budget of stage.all('budget')) check(budget);
    };
    play(sequence, stage);
  });
}

function fail(promise: string, what: unknown): never {
  throw new Error(`${promise}: ${JSON.stringify(what)}`);
}

test('no overspend under any sequence of commands', () => {
  assertBudgets(100, (budget) => {
    const { posted, reserved, limit, overrun, frozen } = budget;
    if (posted + reserved > limit + overrun) fail('overspent', budget);
    if (overrun > 0 && !frozen) fail('an overrun that did not freeze', budget);
  });
});

test('a tool whose cost is not exceeded never passes the limit', () => {
  assertHolds(steps, 100, (sequence) => {
    const capped = sequence.map((step) =>
      // The last kind of usage is the one that reports more than was reserved.
      step[0] === 'settle' ? ([step[0], step[1], step[2], step[3] - (step[3] % 6)] as const) : step,
    );
    const stage = Stage.ready();
    stage.watch = () => {
      for (const budget of stage.all('budget')) {
        const { posted, reserved, limit } = budget;
        if (!budget.frozen && posted + reserved > limit) fail('overspent', budget);
      }
    };
    play(capped, stage);
  });
});

test('every amount is conserved', () => {
  assertHolds(steps, 100, (sequence) => {
    const stage = Stage.ready();
    stage.watch = () => {
      const held = new Map<string, number>();
      for (const { permit, reservations } of stage.all('decision')) {
        if (permit !== 'issued' && permit !== 'started') continue;
        for (const { budget, amount } of reservations) {
          held.set(budget, (held.get(budget) ?? 0) + amount);
        }
      }
      for (const budget of stage.all('budget')) {
        const { scope, unit, reserved, reservedEver, posted, overrun, released } = budget;
        if (reservedEver !== posted - overrun + released + reserved) fail('not conserved', budget);
        if (reserved !== (held.get(`${scope}|${unit}`) ?? 0)) fail('held by no permit', budget);
      }
    };
    play(sequence, stage);
  });
});

test('what is posted is the sum of what the log says was used', () => {
  assertHolds(steps, 60, (sequence) => {
    const stage = play(sequence);
    const used = new Map<string, number>();
    for (const { event } of stage.log) {
      const { data } = event;
      const parts = [
        ...('resolved' in data
          ? data.resolved.map((each) => [each.budget, each.used] as const)
          : []),
        ...('debts' in data ? data.debts.map((each) => [each.budget, each.debt] as const) : []),
      ];
      for (const [budget, amount] of parts) used.set(budget, (used.get(budget) ?? 0) + amount);
    }
    for (const { scope, unit, posted } of stage.all('budget')) {
      expect(posted).toBe(used.get(`${scope}|${unit}`) ?? 0);
    }
  });
});

test('a reservation resolves once', () => {
  assertHolds(steps, 80, (sequence) => {
    const resolved = new Set<string>();
    const stage = Stage.ready();
    stage.watch = ({ event }: LogEntry) => {
      if (!('resolved' in event.data)) return;
      const { permit } = event.data;
      if (resolved.has(permit)) fail('resolved twice', permit);
      resolved.add(permit);
    };
    play(sequence, stage);
  });
});

test('whoever resolves a permit again gets the first outcome, and at most a debt is told once', () => {
  const ways = fc.array(fc.constantFrom('settle', 'more', 'expire', 'void'), { minLength: 2 });
  assertHolds(fc.tuple(ways, fc.boolean()), 80, ([sequence, start]) => {
    const stage = Stage.ready();
    const session = stage.open();
    const args = { to: 'x', amount: '5' };
    const permit = stage.ask({ session, tool: 'pay', args, start });
    stage.now += 1_000_000;
    let first: { status: string; ledger: string } | undefined;
    let told = false;
    for (const way of sequence) {
      if (way === 'settle') stage.settle(permit);
      if (way === 'more') stage.settle(permit, { usd: 900_000_000 });
      if (way === 'void') stage.void(permit);
      if (way === 'expire') stage.do({ kind: 'expire-permit', by: cast.system, permit });
      const { permit: status = '', late } = stage.get('decision', permit) ?? {};
      const ledger = JSON.stringify(stage.all('budget'));
      if (status === 'issued' || status === 'started') continue;
      // What a permit that was given up had used is told by whoever settles it first.
      const isTold = late === 'told' && way === 'more' && !told;
      told ||= late === 'told';
      first = {
        status: first?.status ?? status,
        ledger: isTold ? ledger : (first?.ledger ?? ledger),
      };
      expect({ status, ledger }).toEqual(first);
    }
  });
});

test('all budgets or none', () => {
  const budgets = fc.record({ usd: fc.nat(9), tokens: fc.nat(9), actions: fc.nat(3) });
  assertHolds(fc.tuple(budgets, budgets, fc.boolean()), 120, ([budget, estimate, start]) => {
    const stage = Stage.ready();
    const session = stage.open({ budget });
    const word = stage.authorize({ session, tool: 'read', args: { name: 'a' }, estimate, start });
    const needed = { ...estimate, actions: Math.max(1, estimate.actions) };
    const fits = Object.entries(needed).every(([unit, n]) => n <= budget[unit as 'usd']);
    expect(word).toBe(fits ? 'allow' : 'deny budget-exceeded');
    for (const { unit, reserved } of stage.all('budget')) {
      expect(reserved).toBe(fits ? needed[unit as 'usd'] : 0);
    }
  });
});

test('a refused call leaves every budget as it was', () => {
  assertHolds(steps, 80, (sequence) => {
    const stage = Stage.ready();
    let before = stage.all('budget');
    play(sequence, stage, (command, word) => {
      const budgets = stage.all('budget');
      if (command.kind === 'authorize' && word !== 'allow') expect(budgets).toEqual(before);
      before = budgets;
    });
  });
});

test('a budget for ten calls gives ten permits, however many ask', () => {
  assertHolds(fc.array(fc.boolean(), { minLength: 11, maxLength: 40 }), 20, (starts) => {
    const stage = Stage.ready();
    const session = stage.open({ budget: { actions: 10 } });
    const words = starts.map((start) =>
      stage.authorize({ session, tool: 'read', args: { name: 'a' }, start }),
    );
    expect(words.filter((word) => word === 'allow').length).toBe(10);
  });
});

test('a zero limit means zero', () => {
  const amounts = fc.integer({ min: 1, max: 1_000_000 });
  assertHolds(
    fc.tuple(amounts, fc.constantFrom('usd', 'tokens', 'actions')),
    40,
    ([amount, unit]) => {
      const stage = Stage.ready();
      const session = stage.open({ budget: { [unit]: 0 } });
      const call = { session, tool: 'read', args: { name: 'a' }, estimate: { [unit]: amount } };
      expect(stage.authorize(call)).toBe('deny budget-exceeded');
      expect(stage.get('budget', `session:${session}|${unit}`)?.limit).toBe(0);
    },
  );
});

test('a unit named after a member of every object is a unit like another', () => {
  for (const unit of ['constructor', 'toString', 'valueOf', 'hasOwnProperty']) {
    const stage = Stage.ready();
    const session = stage.open({ budget: { [unit]: 5 } });
    const call = { session, tool: 'read', args: { name: 'a' } };
    expect(stage.authorize({ ...call })).toBe('allow');
    expect(stage.authorize({ ...call, estimate: { [unit]: 6 } })).toBe('deny budget-exceeded');
    const permit = stage.ask({ ...call, estimate: { [unit]: 5 }, start: true });
    expect(stage.settle(permit)).toBe('done');
    expect(stage.get('budget', `session:${session}|${unit}`)?.posted).toBe(5);
  }
});

test('a caller can raise a reservation, never lower it', () => {
  assertHolds(fc.nat(20_000_000), 40, (usd) => {
    const stage = Stage.ready();
    const session = stage.open();
    stage.authorize({ session, tool: 'pay', args: { to: 'x', amount: '5' }, estimate: { usd } });
    expect(stage.all('budget').map(({ reserved }) => reserved)).toEqual([Math.max(5_000_000, usd)]);
  });
});

test('an overrun is booked in full, is an event, and freezes the budget', () => {
  assertHolds(fc.integer({ min: 5_000_001, max: 2 ** 50 }), 40, (usd) => {
    const stage = Stage.ready();
    const session = stage.open();
    const args = { to: 'x', amount: '5' };
    const permit = stage.ask({ session, tool: 'pay', args, start: true });
    stage.settle(permit, { usd });
    expect(stage.get('budget', `session:${session}|usd`)).toMatchObject({
      posted: usd,
      overrun: usd - 5_000_000,
      frozen: true,
    });
    expect(stage.log.at(-1)?.event.type).toBe('budget-frozen');
    expect(stage.authorize({ session, tool: 'read', args: { name: 'a' } })).toBe(
      'deny budget-frozen',
    );
  });
});

test('every state equals the fold of its log', () => {
  assertHolds(steps, 120, (sequence) => {
    play(sequence).assertFoldsToItself();
  });
});
