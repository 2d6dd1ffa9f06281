/**
 * Deadlines: expiries as commands. When a permit or ticket falls due, its expiry is submitted like anything
 * else, so that a replay expires identically and no reader ever has to ask a clock.
 *
 * Deadlines are kept in buckets of one second: adding and dropping one costs the same however many there are.
 */
import type { Clock } from '../clock.ts';
import type { CommandBody } from './command-body.ts';
import { recordName } from '../store/record-cache.ts';

const bucketMs = 1_000;
/**
 * How long a look at the clock is put off at most. No timer notices that the clock was set forward, or that
 * the machine was asleep: what fell due meanwhile would wait for as long as it had to when that began.
 */
const sleepMsMax = 10_000;

/** A record that something happens to when its time is over. */
export interface Deadline {
  readonly kind: 'decision' | 'ticket' | 'lease' | 'heartbeat';
  readonly key: string;
}

/** The command that is submitted when a record falls due: of a ticket before its end, a reminder. */
export function expiryOf(kind: Deadline['kind'], key: string, isEarly: boolean): CommandBody {
  switch (kind) {
    case 'decision':
      return { kind: 'expire-permit', permit: key };
    case 'ticket':
      return { kind: isEarly ? 'remind-ticket' : 'expire-ticket', ticket: key };
    case 'lease':
      return { kind: 'expire-lease', session: key };
    case 'heartbeat':
      return { kind: 'lapse-heartbeat', org: key };
  }
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #onDue: (name: Deadline) => void;
  readonly #byName = new Map<string, number>();
  readonly #buckets = new Map<number, Map<string, Deadline>>();
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onDue: (name: Deadline) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Sets or moves the deadline of a record; due in the bucket after `at`. */
  set(name: Deadline, at: number): void {
    this.drop(name);
    const bucket = Math.floor(at / bucketMs) + 1;
    const id = recordName(name.kind, name.key);
    this.#byName.set(id, bucket);
    const members = this.#buckets.get(bucket);
    if (members === undefined) this.#buckets.set(bucket, new Map([[id, name]]));
    else members.set(id, name);
    if (bucket * bucketMs < this.#wakeAt) this.#sleepUntil(bucket * bucketMs);
  }

  drop(name: Deadline): void {
    const id = recordName(name.kind, name.key);
    const bucket = this.#byName.get(id);
    if (bucket === undefined) return;
    this.#byName.delete(id);
    const members = this.#buckets.get(bucket);
    members?.delete(id);
    if (members?.size === 0) this.#buckets.delete(bucket);
  }

  /** Number of deadlines kept. */
  get size(): number {
    return this.#byName.size;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#buckets.clear();
    this.#byName.clear();
  }

  #sleepUntil(at: number): void {
    this.#cancel?.();
    this.#wakeAt = at;
    const sleepMs = Math.min(at - this.#clock.now(), sleepMsMax);
    this.#cancel = this.#clock.after(sleepMs, () => this.#wake());
  }

  #wake(): void {
    this.#cancel = undefined;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [bucket, members] of this.#buckets) {
      if (bucket * bucketMs > now) {
        next = Math.min(next, bucket);
        continue;
      }
      this.#buckets.delete(bucket);
      for (const [id, name] of members) {
        this.#byName.delete(id);
        this.#onDue(name);
      }
    }
    if (next !== Number.POSITIVE_INFINITY && next * bucketMs < this.#wakeAt) {
      this.#sleepUntil(next * bucketMs);
    }
  }
}
