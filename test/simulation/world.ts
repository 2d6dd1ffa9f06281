/**
 * The world of a simulation: virtual workers over one shared store, in virtual time, from one seed.
 *
 * Each worker is a control plane with a clock of its own (it drifts, and may be set forward or
 * back), ids of its own and a faulty way to the store. A worker can crash and open again, and can
 * be paused like a stopped process: nothing of it moves, and on its return it goes on as if no time
 * had passed.
 *
 * INVARIANT: no wall clock, no timer, no chance but the seed's. Between two moments of virtual time
 * every promise that can settle has settled, so the same seed gives the same log, byte for byte.
 */
import { type Clock, type ControlPlane, openControlPlane } from '../../src/engine/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import {
  FakeClock,
  type FaultRates,
  FaultyStorage,
  noFaults,
  Random,
  seededFaults,
  seededIds,
} from '../../src/testing/index.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { ParcelCount } from './parcel-count.ts';
import { PatientTurns } from './patient-turns.ts';
import type { Commit } from './record-audit.ts';
import { agents, firstVersion, policy, prices, tools } from './scenario.ts';
import { wrapped } from './wrapped-store.ts';

export interface WorldOptions {
  readonly seed: string;
  readonly workers: number;
  /** Puts itself between a worker and the store; how a test sabotages the world. */
  readonly sabotage?: (store: Storage) => Storage;
  /** Makes handles of a store that takes real time, in place of memory's: its calls go one by one. */
  readonly handle?: () => Storage;
}

/** Lets every promise that can settle do so. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/**
 * The clock of one worker: the world's time, seen with an offset and a drift, and stopped by a
 * pause.
 */
class WorkerClock implements Clock {
  readonly #world: FakeClock;
  readonly #start: number;
  #offset = 0;
  /** How fast it runs: 1 is right. */
  #rate = 1;
  #dead = false;
  #paused = false;
  #overdue: (() => void)[] = [];

  constructor(world: FakeClock) {
    this.#world = world;
    this.#start = world.now();
  }

  now(): number {
    const elapsed = this.#world.now() - this.#start;
    return Math.floor(this.#start + this.#offset + elapsed * this.#rate);
  }

  after(delayMs: number, task: () => void): () => void {
    let cancelled = false;
    const run = (): void => {
      if (cancelled || this.#dead) return;
      if (this.#paused) this.#overdue.push(run);
      else task();
    };
    const cancel = this.#world.after(delayMs, run);
    return () => {
      cancelled = true;
      cancel();
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  step(ms: number): void {
    this.#offset += ms;
  }

  drift(rate: number): void {
    // From here on at another rate, without a jump.
    this.#offset += (this.#world.now() - this.#start) * (this.#rate - rate);
    this.#rate = rate;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const run of this.#overdue.splice(0)) run();
  }

  die(): void {
    this.#dead = true;
  }
}

/** One life of a worker: from opening to its crash or close. */
export interface Life {
  readonly worker: number;
  readonly number: number;
  readonly plane: ControlPlane;
  readonly store: FaultyStorage;
  readonly clock: WorkerClock;
  paused: boolean;
  /** Whether anybody still hears its answers. */
  alive: boolean;
}

export class World {
  readonly random: Random;
  /** Of the policy. */
  readonly firstVersion: number;
  readonly clock = new FakeClock(Date.UTC(2026, 0, 5));
  readonly rates: FaultRates = { ...noFaults };
  readonly lives: (Life | undefined)[];
  crashes = 0;
  /** What the store took, in order. */
  readonly commits: Commit[] = [];
  readonly parcels = new ParcelCount();
  readonly turns = new PatientTurns(
    (ms) => new Promise((resolve) => void this.clock.after(ms, resolve)),
  );
  readonly #options: WorldOptions;
  readonly #handle: () => Storage;
  readonly #calls = new OneAtATime();
  readonly #opening = new Set<number>();
  #lives = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#handle = options.handle ?? memoryFleet();
    this.firstVersion = firstVersion(options.seed);
    this.random = new Random(options.seed);
    this.lives = Array.from({ length: options.workers }, () => undefined);
  }

  /** A way to the store without faults, for the auditor. */
  plainHandle(): Storage {
    return this.#handle();
  }

  /** A way to the store that notes what it takes. */
  #watched(life: number): Storage {
    const handle = this.#handle();
    const random = this.random.fork(`turns ${life}`);
    const store = this.#options.handle === undefined ? handle : this.#calls.through(handle);
    return wrapped(
      store,
      async (batch) => {
        const result = await store.append(batch);
        this.parcels.appended(batch, result);
        if (result.status === 'appended') {
          this.commits.push({ size: batch.head.size, records: batch.records });
        }
        return result;
      },
      (turns) => this.parcels.watch(this.turns.over(turns, random)),
    );
  }

  /** Opens a worker that is not alive. The first one brings the configuration. */
  async open(worker: number, configure = false): Promise<void> {
    if (this.lives[worker] !== undefined || this.#opening.has(worker)) return;
    this.#opening.add(worker);
    this.#lives += 1;
    const number = this.#lives;
    const clock = new WorkerClock(this.clock);
    const { sabotage = (store: Storage) => store } = this.#options;
    const plan = seededFaults(this.random.fork(`faults ${number}`), this.rates);
    const store = new FaultyStorage(sabotage(this.#watched(number)), plan, clock);
    try {
      const plane = await openControlPlane({
        storage: store,
        clock,
        ids: seededIds(`${this.#options.seed}/ids ${number}`),
        pollMs: 250,
        ...(configure ? { agents, tools, prices, policy: policy(this.firstVersion) } : {}),
      });
      const life = { worker, number, plane, store, clock, paused: false, alive: true };
      this.lives[worker] = life;
    } catch {
      // The store failed it; it is tried again later, as a supervisor would.
      clock.die();
    } finally {
      this.#opening.delete(worker);
    }
  }

  crash(life: Life): void {
    life.alive = false;
    this.lives[life.worker] = undefined;
    this.crashes += 1;
    life.clock.die();
    life.store.crash();
  }

  pause(life: Life): void {
    life.paused = true;
    life.clock.pause();
    life.store.pause();
  }

  resume(life: Life): void {
    life.paused = false;
    life.store.resume();
    life.clock.resume();
  }

  /** Lets everything happen that can without time passing. */
  async settle(): Promise<void> {
    await settled();
    while (await this.#calls.next()) await settled();
  }

  /** Lets time pass; whatever falls due happens at its own time, and all that follows from it. */
  async pass(ms: number): Promise<void> {
    await this.settle();
    let left = ms;
    for (;;) {
      const next = this.clock.untilNext;
      if (next === undefined || next > left) break;
      this.clock.advance(next);
      left -= next;
      await this.settle();
    }
    this.clock.advance(left);
    await this.settle();
  }

  /** Ends all faults and brings every worker back, for the last checks. */
  async heal(): Promise<void> {
    Object.assign(this.rates, noFaults);
    for (const life of this.lives) if (life?.paused === true) this.resume(life);
    await this.pass(60_000);
    for (let worker = 0; worker < this.lives.length; worker += 1) {
      const opened = this.open(worker);
      await this.pass(1_000);
      await opened;
    }
    for (const life of this.lives) {
      const synced = life?.plane.sync();
      await this.pass(1_000);
      await synced;
    }
  }

  async close(): Promise<void> {
    for (const life of this.lives) {
      const closed = life?.plane.close();
      await this.pass(1_000);
      await closed;
    }
  }
}
