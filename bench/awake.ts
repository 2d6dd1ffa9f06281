/**
 * Time in which the machine ran. A virtual machine may be stopped as a whole, for tens of
 * milliseconds at a time; what is measured across such a stall is the host's doing, not the code's.
 *
 * A watcher thread sleeps a millisecond at a time and notes when it slept far longer: nothing in
 * this process can hold it up, but a machine that does not run does. Those stalls are taken out of
 * every figure, of all contenders alike, and their share of the time is reported.
 */
import { once } from 'node:events';
import { hrtime } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { percentile } from './spread.ts';

const sleepMs = 1;
/** Longer than the scheduler makes one thread wait for others of this process. */
const stallMsMin = 8;
const stallsMax = 65_536;

/** Milliseconds on a clock that all threads and processes of the machine share. */
export function machineMs(): number {
  return Number(hrtime.bigint()) / 1e6;
}

/** Pairs of start and end (ms on the machine's clock), and how many there are. */
interface Shared {
  readonly count: Int32Array;
  readonly moments: Float64Array;
}

export class AwakeClock {
  readonly #shared: Shared;

  private constructor(shared: Shared) {
    this.#shared = shared;
  }

  static async start(): Promise<AwakeClock> {
    const shared: Shared = {
      count: new Int32Array(new SharedArrayBuffer(4)),
      moments: new Float64Array(new SharedArrayBuffer(16 * stallsMax)),
    };
    const worker = new Worker(new URL(import.meta.url), { workerData: { awakeClock: shared } });
    await once(worker, 'online');
    worker.unref();
    return new AwakeClock(shared);
  }

  /** Waits until the watcher has noted whatever lies before now. */
  async settled(): Promise<void> {
    await sleep(4 * sleepMs);
  }

  /** Runs `work` and says how many milliseconds the machine ran meanwhile. */
  async during(work: () => Promise<void> | void): Promise<number> {
    const from = machineMs();
    await work();
    const to = machineMs();
    await this.settled();
    return this.between(from, to);
  }

  /** Milliseconds between two moments in which the machine ran. */
  between(from: number, to: number): number {
    return to - from - this.stalled(from, to);
  }

  /** Milliseconds between two moments in which it did not. */
  stalled(from: number, to: number): number {
    const { moments } = this.#shared;
    let sum = 0;
    for (let index = this.#firstEndingAfter(from); index < this.#count; index += 1) {
      const start = moments[2 * index] ?? 0;
      const end = moments[2 * index + 1] ?? 0;
      if (start >= to) break;
      sum += Math.min(end, to) - Math.max(start, from);
    }
    return sum;
  }

  get #count(): number {
    const count = Atomics.load(this.#shared.count, 0);
    if (count >= stallsMax) throw new Error('the machine stalled too often to be measured');
    return count;
  }

  #firstEndingAfter(moment: number): number {
    const { moments } = this.#shared;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((moments[2 * middle + 1] ?? 0) <= moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** How late timers of one millisecond came, which is how long the event loop kept others waiting. */
export class LoopDelay {
  readonly #moments: number[] = [machineMs()];
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#wait();
  }

  /** The delay's p99 in milliseconds; ends the measurement. */
  stop(clock: AwakeClock): number {
    clearTimeout(this.#timer);
    const delays: number[] = [];
    for (const [index, moment] of this.#moments.entries()) {
      const before = this.#moments[index - 1];
      if (before !== undefined) delays.push(Math.max(0, clock.between(before, moment) - sleepMs));
    }
    delays.sort((left, right) => left - right);
    return percentile(delays, 0.99);
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#moments.push(machineMs());
      this.#wait();
    }, sleepMs);
  }
}

let shared: Promise<AwakeClock> | undefined;

/** This process's clock; the first call starts its thread. */
export function awakeClock(): Promise<AwakeClock> {
  shared ??= AwakeClock.start();
  return shared;
}

function watch({ count, moments }: Shared): never {
  const never = new Int32Array(new SharedArrayBuffer(4));
  let last = machineMs();
  for (;;) {
    Atomics.wait(never, 0, 0, sleepMs);
    const now = machineMs();
    const noted = Atomics.load(count, 0);
    if (now - last >= stallMsMin && noted < stallsMax) {
      moments[2 * noted] = last + sleepMs;
      moments[2 * noted + 1] = now;
      Atomics.store(count, 0, noted + 1);
    }
    last = now;
  }
}

const start = workerData as { readonly awakeClock?: Shared } | null;
if (!isMainThread && start?.awakeClock !== undefined) watch(start.awakeClock);
