/**
 * A model of one log per tenant over a database whose commits take as long as a quorum takes. It has what the
 * design fixes: a batch is decided and committed as a whole, one after the other within a log; processes
 * that share a log take turns; an action is two commits.
 *
 * All times are milliseconds. What is assumed stands in `costs` and in the arguments, and nowhere else.
 */
import { Dice } from './dice.ts';

/** What a worker's processor spends, from the bench's order of magnitude on one core. */
const costs = {
  /** Deciding, sealing and answering one command. */
  commandMs: 0.05,
  /** Building and sending one append, whatever is in it. */
  commitMs: 0.15,
  /** One poll of one log. */
  pollMs: 0.1,
} as const;

export interface Latency {
  /** Until a quorum has a commit, median. */
  readonly commitMs: number;
  /** From a worker to whoever leads the log's rows and back. */
  readonly tripMs: number;
}

export interface LogLoad {
  /** Actions per second that are possible. */
  readonly perSecond: number;
  /** From asking until the answer is durable, p99. */
  readonly answerP99Ms: number;
}

/** `callers` in all, each with one action at a time and no work between its two commits. */
export function oneLog(
  { commitMs, tripMs }: Latency,
  { callers, processes }: { readonly callers: number; readonly processes: number },
): LogLoad {
  const dice = new Dice(1);
  const each = callers / processes;
  const askedAt = Array.from({ length: processes }, () => 0);
  const waits: number[] = [];
  let now = 0;
  const turns = 4_000;
  for (let turn = 0; turn < turns; turn += 1) {
    const who = turn % processes;
    // Where others wrote, the lock is asked for and the delta read: two more trips.
    const meeting = processes === 1 ? 0 : 2 * tripMs;
    now += meeting + costs.commitMs + each * costs.commandMs + dice.around(commitMs) + tripMs;
    waits.push(now - (askedAt[who] ?? 0));
    askedAt[who] = now;
  }
  const perSecond = ((turns * each) / 2 / now) * 1_000;
  return { perSecond, answerP99Ms: percentile(waits, 0.99) };
}

export interface CoreLoad {
  /** Share of the core that is used, 1 being all of it. */
  readonly busy: number;
  readonly answerP99Ms: number;
}

/**
 * Many logs with few actions each, on one core of a worker. Commits of different logs overlap; commands that
 * come while their log commits are its next batch. Whether logs are polled one by one or all by one
 * statement is `pollsPerSecond`.
 */
export function manyLogs(
  { commitMs, tripMs }: Latency,
  load: {
    readonly logs: number;
    readonly perLogPerSecond: number;
    readonly pollsPerSecond: number;
  },
): CoreLoad {
  const dice = new Dice(2);
  const commandsPerMs = (load.logs * load.perLogPerSecond * 2) / 1_000;
  const polling = (load.pollsPerSecond * costs.pollMs) / 1_000;
  // What polls take is not there for commands.
  const speed = 1 - polling;
  if (speed <= 0) return { busy: polling, answerP99Ms: Number.POSITIVE_INFINITY };
  const freeAt = new Float64Array(load.logs);
  const waits: number[] = [];
  let [now, coreFreeAt, used] = [0, 0, 0];
  const commands = 60_000;
  for (let command = 0; command < commands; command += 1) {
    now += dice.until(1 / commandsPerMs);
    const log = Math.floor(dice.next() * load.logs);
    const waiting = (freeAt[log] ?? 0) > now;
    // It joins the batch that waits, or opens one.
    const cost = (costs.commandMs + (waiting ? 0 : costs.commitMs)) / speed;
    used += cost * speed;
    const begun = Math.max(now, coreFreeAt);
    coreFreeAt = begun + cost;
    const committed = Math.max(coreFreeAt, freeAt[log] ?? 0) + dice.around(commitMs) + tripMs;
    freeAt[log] = committed;
    waits.push(committed - now);
  }
  // A core that falls behind has no p99: it grows for as long as one measures.
  const behind = coreFreeAt > now * 1.02 + 100;
  const answerP99Ms = behind ? Number.POSITIVE_INFINITY : percentile(waits, 0.99);
  return { busy: used / now + polling, answerP99Ms };
}

/** A kill of all tenants that is appended to each log: until the median log has it, and the last. */
export function latchEverywhere(
  { commitMs, tripMs }: Latency,
  { logs, atOnce }: { readonly logs: number; readonly atOnce: number },
): { readonly medianMs: number; readonly lastMs: number } {
  const dice = new Dice(3);
  const lanes = new Float64Array(Math.min(atOnce, logs));
  const done: number[] = [];
  for (let log = 0; log < logs; log += 1) {
    const lane = log % lanes.length;
    const end = (lanes[lane] ?? 0) + costs.commitMs + dice.around(commitMs) + tripMs;
    lanes[lane] = end;
    done.push(end);
  }
  return {
    medianMs: percentile(done, 0.5),
    lastMs: Math.max(...done.slice(-lanes.length), ...lanes),
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
