/** Errand: callers of one process that spend from budgets in PostgreSQL, next to those of others. */
import { awakeClock, machineMs } from './awake.ts';
import { Meeting, type Place } from './postgres-database.ts';
import { openSpender, used, type Way } from './postgres-spending.ts';

export interface Writing {
  readonly place: Place;
  readonly way: Way;
  /** Of how many processes this is which, from 0. */
  readonly process: number;
  readonly processes: number;
  readonly callers: number;
  /** Whether all spend from budget 0, or each caller from one of its own. */
  readonly spread: boolean;
  readonly until: Until;
  /** For how long it works before anything is measured: a process that has just started runs cold code. */
  readonly warmUpMs: number;
}

export type Until = { readonly milliseconds: number } | { readonly calls: number };

export interface Written {
  /** All but those of the warm-up. */
  readonly actions: number;
  readonly refused: number;
  /** What the callers say they used, the warm-up's included. */
  readonly spent: number;
  readonly seconds: number;
  readonly times: readonly number[];
}

export async function run(input: Writing): Promise<Written> {
  const { place, way, process, processes, callers, spread, until, warmUpMs } = input;
  const budgetOf = (caller: number): number => (spread ? process * callers + caller : 0);
  const all = Array.from({ length: callers }, (_, caller) => caller);
  const budgets = [...new Set(all.map(budgetOf))];
  const spender = await openSpender(way, place, { callers, budgets });
  const meeting = new Meeting(place);
  const clock = await awakeClock();
  const work = (limit: Until) =>
    callAll(limit, async (act) => {
      await Promise.all(all.map((each) => act(() => spender.act(budgetOf(each)))));
    });
  await meeting.arrive('start', process);
  await meeting.waitFor('start', processes);
  const warmUp = await work({ milliseconds: warmUpMs });
  let measured: Calls = { times: [], refused: 0 };
  const ms = await clock.during(async () => {
    measured = await work(until);
  });
  await meeting.close();
  await spender.close();
  const times = measured.times.map(([from, to]) => clock.between(from, to));
  return {
    actions: times.length,
    refused: measured.refused + warmUp.refused,
    spent: (times.length + warmUp.times.length) * used,
    seconds: ms / 1_000,
    times,
  };
}

interface Calls {
  /** When each that was let through began and ended. */
  readonly times: readonly (readonly [from: number, to: number])[];
  readonly refused: number;
}

/** One call after the other by each caller, until the limit of all of them is reached. */
async function callAll(
  until: Until,
  callers: (act: (call: () => Promise<boolean>) => Promise<void>) => Promise<void>,
): Promise<Calls> {
  const end = 'milliseconds' in until ? machineMs() + until.milliseconds : Infinity;
  const most = 'calls' in until ? until.calls : Infinity;
  const times: (readonly [from: number, to: number])[] = [];
  let [started, refused] = [0, 0];
  await callers(async (call) => {
    while (machineMs() < end && started < most) {
      started += 1;
      const from = machineMs();
      if (await call()) times.push([from, machineMs()]);
      else refused += 1;
    }
  });
  return { times, refused };
}
