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
  readonly until: { readonly milliseconds: number } | { readonly calls: number };
}

export interface Written {
  readonly actions: number;
  readonly refused: number;
  /** What the callers say they used. */
  readonly spent: number;
  readonly seconds: number;
  readonly times: readonly number[];
}

export async function run(input: Writing): Promise<Written> {
  const { place, way, process, processes, callers, spread, until } = input;
  const budgetOf = (caller: number): number => (spread ? process * callers + caller : 0);
  const all = Array.from({ length: callers }, (_, caller) => caller);
  const budgets = [...new Set(all.map(budgetOf))];
  const spender = await openSpender(way, place, { callers, budgets });
  const meeting = new Meeting(place);
  const calls: (readonly [from: number, to: number])[] = [];
  let [started, refused] = [0, 0];
  const clock = await awakeClock();
  await meeting.arrive('start', process);
  await meeting.waitFor('start', processes);
  const end = 'milliseconds' in until ? machineMs() + until.milliseconds : Infinity;
  const most = 'calls' in until ? until.calls : Infinity;
  const caller = async (budget: number): Promise<void> => {
    while (machineMs() < end && started < most) {
      started += 1;
      const from = machineMs();
      if (await spender.act(budget)) calls.push([from, machineMs()]);
      else refused += 1;
    }
  };
  const ms = await clock.during(async () => {
    await Promise.all(all.map((each) => caller(budgetOf(each))));
  });
  await meeting.close();
  await spender.close();
  const times = calls.map(([from, to]) => clock.between(from, to));
  const spent = calls.length * used;
  return { actions: calls.length, refused, spent, seconds: ms / 1_000, times };
}
