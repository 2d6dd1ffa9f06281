/**
 * Errand: callers of one process that spend from budgets in PostgreSQL, next to those of others. The machine
 * is watched for stalls by whoever sent it: a watcher in each of eight processes takes a tenth of two cores.
 */
import { machineMs } from './awake.ts';
import { Meeting, type Place } from './postgres-database.ts';
import { openSpender, used, warmUpOurs, type Way } from './postgres-spending.ts';

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

/** When something began and ended, on the clock that all processes of the machine share. */
export type Span = readonly [from: number, to: number];

export interface Written {
  /** Of each call that was let through, the warm-up's left out. */
  readonly calls: readonly Span[];
  readonly refused: number;
  /** What the callers say they used, the warm-up's included. */
  readonly spent: number;
  readonly measured: Span;
}

export async function run(input: Writing): Promise<Written> {
  const { place, way, process, processes, callers, spread, until, warmUpMs } = input;
  const budgetOf = (caller: number): number => (spread ? process * callers + caller : 0);
  const all = Array.from({ length: callers }, (_, caller) => caller);
  const budgets = [...new Set(all.map(budgetOf))];
  const spender = await openSpender(way, place, { callers, budgets });
  if (way === 'ours' && warmUpMs > 0) await warmUpOurs();
  const meeting = new Meeting(place);
  const work = (limit: Until) =>
    callAll(limit, async (act) => {
      await Promise.all(all.map((each) => act(() => spender.act(budgetOf(each)))));
    });
  await meeting.arrive('start', process);
  await meeting.waitFor('start', processes);
  const warmUp = await work({ milliseconds: warmUpMs });
  const from = machineMs();
  const { calls, refused } = await work(until);
  const to = machineMs();
  await meeting.close();
  await spender.close();
  return {
    calls,
    refused: refused + warmUp.refused,
    spent: (calls.length + warmUp.calls.length) * used,
    measured: [from, to],
  };
}

type Calls = Pick<Written, 'calls' | 'refused'>;

/** One call after the other by each caller, until the limit of all of them is reached. */
async function callAll(
  until: Until,
  callers: (act: (call: () => Promise<boolean>) => Promise<void>) => Promise<void>,
): Promise<Calls> {
  const end = 'milliseconds' in until ? machineMs() + until.milliseconds : Infinity;
  const most = 'calls' in until ? until.calls : Infinity;
  const calls: Span[] = [];
  let [started, refused] = [0, 0];
  await callers(async (call) => {
    while (machineMs() < end && started < most) {
      started += 1;
      const from = machineMs();
      if (await call()) calls.push([from, machineMs()]);
      else refused += 1;
    }
  });
  return { calls, refused };
}
