/**
 * The auditor's ledger: every account by arithmetic of its own, from the raw entries alone.
 *
 * It objects where a permit reserves in other accounts than it has to, or more than is left; where a
 * reservation is resolved twice or by another amount; where what was used is told lower than it was;
 * where an overrun freezes nothing or is not told; and where a plan changes what it has counted.
 */
import { type ExpectedAccount, expectedAccounts } from './plan-model.ts';
import type { RawEntry, RawPlan, RawReservation } from './raw-entry.ts';
import { tokenPrices } from './scenario.ts';

export interface Account {
  readonly unit: string;
  /** Of a plan's account: the plan's when something was last reserved. */
  limit: number;
  reserved: number;
  posted: number;
  overrun: number;
  released: number;
  reservedEver: number;
  frozen: boolean;
  /** Limits under which a warning and the first refusal were told. */
  readonly told: Map<string, number>;
  /** Of a token bucket: what each permit took, and once it is resolved no more than it used. */
  readonly flows: { readonly at: number; readonly permit: string; amount: number }[];
  limitEver: number;
}

interface Hold {
  readonly entry: RawEntry;
  readonly reservations: ReadonlyMap<string, RawReservation>;
  readonly buckets: ReadonlySet<string>;
  startedAt: number;
  late: 'no' | 'awaited' | 'told';
}

export type Objection = (entry: RawEntry, problem: string) => void;

export class Ledger {
  readonly accounts = new Map<string, Account>();
  readonly #object: Objection;
  readonly #sessions = new Map<string, RawEntry>();
  readonly #plans = new Map<string, readonly [org: string, plan: RawPlan]>();
  readonly #closed = new Set<string>();
  readonly #groups = new Map<string, Map<number, Account>>();
  readonly #holds = new Map<string, Hold>();
  readonly #open = new Set<Hold>();
  /** Overruns that have to be told, by permit and account. */
  readonly #untold = new Map<string, { readonly entry: RawEntry; readonly overrun: number }>();

  constructor(object: Objection) {
    this.#object = object;
  }

  openSession(entry: RawEntry): void {
    const { session, budget, ancestors = [] } = entry.data;
    const parent = this.#sessions.get(ancestors[0] ?? '');
    if (ancestors.length > 0) {
      const line = [parent?.data.session, ...(parent?.data.ancestors ?? [])];
      this.#demand(line.join() === ancestors.join(), entry, 'has ancestors that are no line');
      this.#demand(parent?.by.org === entry.by.org, entry, 'works on behalf of another org');
    }
    this.#sessions.set(session, entry);
    for (const [unit, limit] of Object.entries(budget as Readonly<Record<string, number>>)) {
      for (const above of ancestors) {
        const most = this.accounts.get(`session:${above}|${unit}`)?.limit ?? limit;
        this.#demand(limit <= most, entry, `has more ${unit} than the session above`);
      }
      this.accounts.set(`session:${session}|${unit}`, newAccount(unit, limit));
    }
  }

  setPlan(entry: RawEntry): void {
    const { org, plan, before } = entry.data;
    const name = `${org}/${plan.id}`;
    const known = this.#plans.get(name)?.[1] ?? null;
    const same = JSON.stringify(known) === JSON.stringify(before);
    this.#demand(same, entry, 'has another plan before it than the log');
    this.#demand(!this.#closed.has(name), entry, 'sets a plan that was closed');
    this.#demand(mayPlan(entry), entry, 'sets a plan without the right');
    for (const member of ['unit', 'scope', 'sharing', 'window'] as const) {
      const kept = known === null || JSON.stringify(known[member]) === JSON.stringify(plan[member]);
      this.#demand(kept, entry, `changes the ${member} of a plan`);
    }
    this.#plans.set(name, [org, plan]);
  }

  closePlan(entry: RawEntry): void {
    const name = `${entry.data.org}/${entry.data.plan.id}`;
    this.#demand(this.#plans.delete(name), entry, 'closes no plan');
    this.#demand(mayPlan(entry), entry, 'closes a plan without the right');
    this.#closed.add(name);
  }

  /** A permit was given: it reserves in each account that applies, and in no other. */
  reserve(entry: RawEntry): void {
    const { data, session: id } = entry;
    const opened = this.#sessions.get(id ?? '');
    if (opened === undefined) return this.#object(entry, 'reserves in no session');
    const given = new Map(data.reservations.map((each) => [each.budget, each]));
    this.#demand(given.size === data.reservations.length, entry, 'reserves twice in one account');
    const line = [opened.data.session, ...(opened.data.ancestors ?? [])];
    const own = line.flatMap((each) =>
      Object.keys(this.#sessions.get(each)?.data.budget ?? {}).map(
        (unit) => `session:${each}|${unit}`,
      ),
    );
    const planned = expectedAccounts([...this.#plans.values()], opened, entry);
    if (planned === undefined) return this.#object(entry, 'passes by a plan for every member');
    const counting = new Set(planned.map(({ org, plan }) => `${org}/${plan.id}`));
    const told = new Set(data.plans);
    const isTold = counting.size === told.size && [...counting].every((plan) => told.has(plan));
    this.#demand(isTold, entry, 'names other plans than count it');
    const wanted = new Set([...own, ...planned.map(({ key }) => key)]);
    for (const key of wanted) {
      this.#demand(given.has(key), entry, `passes by the budget ${key}`);
    }
    for (const key of given.keys()) {
      this.#demand(wanted.has(key), entry, `reserves in ${key}, where it is not counted`);
    }
    this.#amounts(entry);
    for (const key of own) this.#reserveIn(entry, key, given.get(key), undefined);
    for (const each of planned) this.#reserveIn(entry, each.key, given.get(each.key), each);
    const buckets = planned.flatMap(({ key, bucketMs }) => (bucketMs === undefined ? [] : [key]));
    const hold: Hold = {
      entry,
      reservations: given,
      buckets: new Set(buckets),
      startedAt: entry.at,
      late: 'no',
    };
    this.#holds.set(data.decision, hold);
    this.#open.add(hold);
  }

  start(entry: RawEntry): void {
    const hold = this.#holds.get(entry.data.permit);
    if (hold !== undefined) hold.startedAt = entry.at;
  }

  /** Settled, voided or expired: each reservation once, by what it was. */
  resolve(entry: RawEntry): void {
    const { data, type } = entry;
    const hold = this.#holds.get(data.permit);
    if (hold === undefined || !this.#open.delete(hold)) {
      return this.#object(entry, 'resolves reservations that are not held');
    }
    const isGivenUp = type === 'permit-expired' && data.started;
    if (isGivenUp) hold.late = 'awaited';
    if (type === 'permit-settled') this.#usage(entry, hold);
    const left = new Map(hold.reservations);
    for (const { budget, amount, used, unit } of data.resolved) {
      this.#demand(left.get(budget)?.amount === amount, entry, `resolves another ${budget}`);
      left.delete(budget);
      const full = unit === 'concurrent' ? 0 : amount;
      const expected = type === 'permit-settled' ? (data.usage?.[unit] ?? 0) : isGivenUp ? full : 0;
      this.#demand(used === expected, entry, `charges ${used} in ${budget}, not ${expected}`);
      const account = this.accounts.get(budget);
      if (account === undefined) continue;
      account.reserved -= amount;
      account.posted += used;
      account.overrun += Math.max(0, used - amount);
      account.released += Math.max(0, amount - used);
      const flow = account.flows.find(({ permit }) => permit === data.permit);
      if (flow !== undefined) flow.amount = Math.min(amount, used);
      this.#overran(entry, hold, budget, used - amount);
    }
    this.#demand(left.size === 0, entry, 'leaves a reservation behind');
  }

  /** What a permit that was given up had used: booked beyond what it was charged. */
  late(entry: RawEntry): void {
    const { data } = entry;
    const hold = this.#holds.get(data.permit);
    if (hold?.late !== 'awaited') return this.#object(entry, 'tells usage that nobody waits for');
    hold.late = 'told';
    this.#usage(entry, hold);
    const debts = new Map(data.debts.map((each) => [each.budget, each.debt]));
    for (const { budget, unit, amount } of hold.reservations.values()) {
      const debt = Math.max(0, (data.usage?.[unit] ?? 0) - amount);
      this.#demand((debts.get(budget) ?? 0) === debt, entry, `owes ${budget} another debt`);
      debts.delete(budget);
      const account = this.accounts.get(budget);
      if (account === undefined || debt === 0) continue;
      account.posted += debt;
      account.overrun += debt;
      this.#overran(entry, hold, budget, debt);
    }
    this.#demand(debts.size === 0, entry, 'owes where nothing was reserved');
  }

  /** An overrun, a warning or an exhaustion is told. */
  notice(entry: RawEntry): void {
    const { type, data } = entry;
    const key = data.budget as string;
    if (type === 'budget-frozen' || type === 'budget-overrun') {
      const name = `${data.permit} ${key} ${type}`;
      const same = this.#untold.get(name)?.overrun === data.overrun;
      this.#demand(same, entry, 'tells an overrun that was none');
      this.#untold.delete(name);
      return;
    }
    const { unit, limit } = { unit: key.slice(key.lastIndexOf('|') + 1), limit: data.limit };
    const account = this.accounts.get(key) ?? this.#openPlanAccount(key, unit, limit);
    const toldAt = account.told.get(type) ?? -1;
    this.#demand(limit > toldAt, entry, `says twice of ${key} under one limit`);
    account.told.set(type, limit);
    const reached = type !== 'budget-warned' || data.used * 100 >= limit * data.percent;
    this.#demand(reached, entry, `warns of ${key} too early`);
  }

  /** What may only be said once all entries are in. */
  end(): void {
    for (const [name, { entry }] of this.#untold) this.#object(entry, `never tells ${name}`);
  }

  /** Amounts of open reservations by account. */
  held(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const { reservations } of this.#open) {
      for (const { budget, amount } of reservations.values()) {
        sums.set(budget, (sums.get(budget) ?? 0) + amount);
      }
    }
    return sums;
  }

  /** Open permits by principal. */
  openPermits(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { entry } of this.#open) {
      const by = this.#sessions.get(entry.session ?? '')?.by;
      const name = `${by?.org}/${by?.id}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  /** One call costs the same in every account of a unit, and no less than it can come to. */
  #amounts(entry: RawEntry): void {
    const { reservations, runTimeoutMs, modelTerms: terms } = entry.data;
    const known: Record<string, number> = {
      actions: 1,
      concurrent: 1,
      seconds: Math.ceil(runTimeoutMs / 1_000),
    };
    const least: Record<string, number> = {};
    if (terms !== undefined) {
      least['usd'] = costOf(terms.id, terms.inputTokensMax, terms.outputTokensMax);
      least['tokens'] = terms.inputTokensMax + terms.outputTokensMax;
    }
    for (const { unit, amount, budget } of reservations) {
      known[unit] ??= amount;
      this.#demand(amount === known[unit], entry, `reserves another amount in ${budget}`);
      this.#demand(amount >= (least[unit] ?? 0), entry, `reserves too little in ${budget}`);
    }
  }

  #reserveIn(
    entry: RawEntry,
    key: string,
    reservation: RawReservation | undefined,
    planned: ExpectedAccount | undefined,
  ): void {
    if (reservation === undefined) return;
    const { amount, unit } = reservation;
    const limit = planned?.plan.limit ?? this.accounts.get(key)?.limit ?? 0;
    if (planned !== undefined) {
      this.#demand(reservation.limit === limit, entry, `reserves in ${key} under another limit`);
      const goesOn = planned.plan.onOverrun === 'continue';
      const says = reservation.onOverrun === 'continue';
      this.#demand(goesOn === says, entry, `has other terms for an overrun than ${key}`);
    }
    const account = this.accounts.get(key) ?? this.#openPlanAccount(key, unit, limit);
    const counted = planned === undefined ? [account] : this.#counted(planned);
    let used = 0;
    for (const each of counted) {
      used += each.posted + each.reserved;
      const thawed = planned !== undefined && limit > each.limit;
      this.#demand(!each.frozen || thawed, entry, `reserves in the frozen ${key}`);
    }
    account.frozen &&= limit <= account.limit;
    account.limit = limit;
    account.limitEver = Math.max(account.limitEver, limit);
    account.reserved += amount;
    account.reservedEver += amount;
    if (planned?.bucketMs !== undefined) {
      account.flows.push({ at: entry.at, permit: entry.data.decision, amount });
      if (amount > 0) this.#bucket(entry, key, account, planned.bucketMs);
      return;
    }
    const fits = amount === 0 || used + amount <= limit;
    this.#demand(fits, entry, `overspends ${key}: ${used} + ${amount} of ${limit}`);
  }

  #counted({ group, counts }: ExpectedAccount): readonly Account[] {
    const accounts = [...(this.#groups.get(group) ?? [])];
    return accounts.flatMap(([start, account]) => (counts(start) ? [account] : []));
  }

  /** Over no stretch of time is more used than the bucket holds and what flows in. */
  #bucket(entry: RawEntry, key: string, account: Account, bucketMs: number): void {
    let sum = 0;
    for (const { at, amount } of account.flows.toReversed()) {
      sum += amount;
      const fits = sum * bucketMs <= account.limitEver * (bucketMs + entry.at - at);
      if (fits || amount <= 0) continue;
      return this.#object(entry, `takes ${sum} out of ${key} within ${entry.at - at} ms`);
    }
  }

  #openPlanAccount(key: string, unit: string, limit: number): Account {
    const account = newAccount(unit, limit);
    this.accounts.set(key, account);
    const [group = '', rest = ''] = key.split('@');
    const accounts = this.#groups.get(group) ?? new Map<number, Account>();
    this.#groups.set(group, accounts.set(Number.parseInt(rest, 10), account));
    return account;
  }

  /** What is counted here is counted here; what a provider says is charged at no less than its price. */
  #usage(entry: RawEntry, hold: Hold): void {
    const { usage = {}, model } = entry.data;
    const { reservations, entry: decided } = hold;
    const ranMs = Math.max(0, entry.at - hold.startedAt);
    const secondsMax = Math.ceil(decided.data.runTimeoutMs / 1_000);
    const counted: Readonly<Record<string, number>> = {
      actions: 1,
      concurrent: 0,
      seconds: Math.min(Math.ceil(ranMs / 1_000), secondsMax),
    };
    const least: Record<string, number> = {};
    const { modelTerms: terms } = decided.data;
    this.#demand((model === undefined) === (terms === undefined), entry, 'loses its model');
    if (terms !== undefined && model?.usage !== undefined && model.problem === undefined) {
      const { inputTokens, outputTokens } = model.usage;
      const ids = [terms.id, model.model].filter((id) => Object.hasOwn(tokenPrices, id));
      least['usd'] = Math.max(...ids.map((id) => costOf(id, inputTokens, outputTokens)));
      least['tokens'] = inputTokens + outputTokens;
    }
    for (const { unit, amount, budget } of reservations.values()) {
      const used = usage[unit] ?? 0;
      const same = counted[unit] === undefined || counted[unit] === used;
      this.#demand(same, entry, `counts ${used} in ${budget}, not ${counted[unit]}`);
      const floor = model?.problem !== undefined && counted[unit] === undefined ? amount : 0;
      const enough = used >= Math.max(floor, least[unit] ?? 0);
      this.#demand(enough, entry, `charges too little in ${budget}`);
    }
  }

  #overran(entry: RawEntry, hold: Hold, budget: string, overrun: number): void {
    const account = this.accounts.get(budget);
    if (overrun <= 0 || account === undefined) return;
    const goesOn = hold.reservations.get(budget)?.onOverrun === 'continue';
    account.frozen ||= !goesOn;
    // Whoever raises the plan after this has seen the overrun, and nobody before.
    if (!goesOn) account.limit = this.#limitOf(budget) ?? account.limit;
    const type = goesOn ? 'budget-overrun' : 'budget-frozen';
    this.#untold.set(`${entry.data.permit} ${budget} ${type}`, { entry, overrun });
  }

  /** The limit that the plan of an account has now; undefined of a session's own, or of a closed plan. */
  #limitOf(budget: string): number | undefined {
    const [, org, id] = /^plan:([^/]+)\/([^:]+):/.exec(budget) ?? [];
    return [...this.#plans.values()].find(([of, plan]) => of === org && plan.id === id)?.[1].limit;
  }

  #demand(holds: boolean, entry: RawEntry, problem: string): void {
    if (!holds) this.#object(entry, problem);
  }
}

function mayPlan({ by, data }: RawEntry): boolean {
  const isPlatform = by.roles.includes('platform-admin');
  return isPlatform || (by.roles.includes('admin') && by.org === data.org);
}

function costOf(model: string, inputTokens: number, outputTokens: number): number {
  const { input = 0, output = 0 } = tokenPrices[model] ?? {};
  return inputTokens * input + outputTokens * output;
}

function newAccount(unit: string, limit: number): Account {
  return {
    unit,
    limit,
    reserved: 0,
    posted: 0,
    overrun: 0,
    released: 0,
    reservedEver: 0,
    frozen: false,
    told: new Map(),
    flows: [],
    limitEver: limit,
  };
}
