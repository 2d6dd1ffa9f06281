/**
 * Waits for SQLite's write lock so that processes share it fairly.
 *
 * SQLite's own busy handler is not fair: two processes that commit with synchronous=FULL for 3 s
 * came to 5,930 commits and 1, because who has just committed takes the lock again long before the
 * sleeper looks. So SQLite is told not to wait. A waiter looks again after a short random time,
 * shorter the longer it has waited; and who has committed while others were seen leaves the lock
 * free for about as long as it held it. Alone, a process never waits.
 *
 * It blocks its thread, which is why the store has a thread of its own.
 */
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { isBusy } from './sqlite-errors.ts';

/** For how long after their last sign other writers are reckoned with. */
const othersLingerMs = 1_000;
const pauseUsMin = 100;
const pauseUsMax = 1_000;
const roomMsMin = 0.3;
const roomMsMax = 20;

const never = new Int32Array(new SharedArrayBuffer(4));

function sleep(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}

export class WriteTurn {
  readonly #timeoutMs: number;
  #othersUntil = 0;
  #roomUntil = 0;
  #takenAt = 0;
  #heldMs = 1;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Runs `begin`, again and again while it meets a lock; throws SQLite's BUSY at the timeout. */
  take(begin: () => void): void {
    const room = this.#roomUntil - performance.now();
    if (room > 0) sleep(room);
    this.patiently(begin);
    this.#takenAt = performance.now();
  }

  /** The lock is free again. With other writers about, makes room before the next turn. */
  leave(): void {
    const now = performance.now();
    this.#heldMs += (now - this.#takenAt - this.#heldMs) / 8;
    if (now > this.#othersUntil) return;
    this.#roomUntil = now + Math.min(Math.max(this.#heldMs, roomMsMin), roomMsMax);
  }

  /** Another writer was met, or the log had moved. */
  sawOthers(): void {
    this.#othersUntil = performance.now() + othersLingerMs;
  }

  /** Runs `work`, again and again while it meets a lock. It MUST be safe to repeat. */
  patiently<T>(work: () => T): T {
    const start = performance.now();
    for (;;) {
      try {
        return work();
      } catch (error) {
        const waitedMs = performance.now() - start;
        if (!isBusy(error) || waitedMs >= this.#timeoutMs) throw error;
        this.sawOthers();
        sleep(randomInt(pauseUsMin, pauseUsMax) / 1_000 / (1 + waitedMs / 20));
      }
    }
  }
}
