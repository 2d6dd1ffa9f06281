/** What is told of a call after it was given up, in accounts of budget plans: a debt as any overrun is one. */
import { expect, test } from 'vitest';
import type { BudgetPlanDocument } from '../../src/kernel/index.ts';
import { cast, Stage } from './stage.ts';

/** A payment of 2 USD under a plan, charged in full since nobody said how it ended. */
function givenUp(more: Partial<BudgetPlanDocument>) {
  const stage = Stage.ready();
  const set = (limit: string) => {
    const plan = {
      id: 'p',
      unit: 'usd',
      scope: { kind: 'org', id: 'acme' },
      sharing: 'shared',
      window: 'unlimited',
      ...more,
      limit,
    };
    return stage.do({ kind: 'set-budget', by: cast.ada, org: 'acme', plan });
  };
  expect(set('10')).toBe('done');
  const session = stage.open({ budget: {} });
  const pay = { session, tool: 'pay', args: { to: 'x', amount: '2' }, start: true } as const;
  const permit = stage.ask(pay);
  stage.now = stage.get('decision', permit)?.expiresAt ?? Number.NaN;
  stage.do({ kind: 'expire-permit', by: cast.system, permit });
  const account = () => stage.all('budget').find(({ scope }) => scope.startsWith('plan:acme/p:'));
  const tell = (usd: number) => stage.settle(permit, { usd });
  return { stage, set, tell, account, again: () => stage.authorize(pay) };
}

const lastType = (stage: Stage) => stage.log.at(-1)?.event.type;

test('a debt freezes its account, and where the plan says that work goes on, it does', () => {
  const frozen = givenUp({});
  expect([frozen.tell(3_000_000), lastType(frozen.stage)]).toEqual(['done', 'budget-frozen']);
  expect(frozen.account()).toMatchObject({ posted: 3_000_000, overrun: 1_000_000, frozen: true });
  expect(frozen.again()).toBe('deny budget-frozen');
  const open = givenUp({ onOverrun: 'continue' });
  expect([open.tell(3_000_000), lastType(open.stage)]).toEqual(['done', 'budget-overrun']);
  expect(open.account()).toMatchObject({ posted: 3_000_000, overrun: 1_000_000, frozen: false });
  expect(open.again()).toBe('allow');
});

test('whoever raised a plan before the debt was told has not seen it: only a further raise goes on', () => {
  const { set, tell, account, again } = givenUp({});
  set('20');
  tell(3_000_000);
  expect(account()).toMatchObject({ frozen: true, limit: 20_000_000 });
  expect(again()).toBe('deny budget-frozen');
  set('21');
  expect(again()).toBe('allow');
});

test('a debt is missing from a bucket until it has flowed back', () => {
  const { stage, tell, again } = givenUp({ window: { bucketMs: 100_000 }, onOverrun: 'continue' });
  tell(12_000_000);
  // 12 are missing of 10, less the 6 that flowed back within the minute in which it ran.
  expect(again()).toBe('allow');
  expect(again()).toBe('allow');
  expect(again()).toBe('deny budget-exceeded');
  stage.now += 20_000;
  expect(again()).toBe('allow');
});
