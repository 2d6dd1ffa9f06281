/**
 * A clock that stands still until it is told to move.
 *
 * It has two hands, as a machine has: `advance` lets time pass, which moves the wall clock and runs
 * what falls due; `step` sets the wall clock forward or back, as an administrator or NTP does, and
 * no timer notices.
 */
import type { Clock } from '../engine/index.ts';

interface Task {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #wall: number;
  /** Time that has passed, whatever the wall clock was set to. */
  #elapsed = 0;
  #order = 0;
  #tasks: Task[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#wall = start;
  }

  now(): number {
    return this.#wall;
  }

  after(delayMs: number, run: () => void): () => void {
    const task = { due: this.#elapsed + Math.max(0, delayMs), order: this.#order, run };
    this.#order += 1;
    // Kept in the order of falling due; equal times in the order of asking.
    const at = this.#tasks.findIndex((other) => other.due > task.due);
    this.#tasks.splice(at === -1 ? this.#tasks.length : at, 0, task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /**
   * Lets `ms` pass. Each due task runs at its own time; tasks that they add are run too, if due. Throws a
   * `RangeError` for what is no time: a task that asks for its next run would be run for ever.
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new RangeError(`${String(ms)} ms cannot pass; \`step\` sets the clock back`);
    }
    const until = this.#elapsed + ms;
    for (;;) {
      const [next] = this.#tasks;
      if (next === undefined || next.due > until) break;
      this.#tasks.shift();
      this.#pass(next.due);
      next.run();
    }
    this.#pass(until);
  }

  /** Sets the wall clock forward, or back where `ms` is negative, without letting time pass. */
  step(ms: number): void {
    this.#wall += ms;
  }

  /** Milliseconds until the next task falls due; undefined where none waits. */
  get untilNext(): number | undefined {
    const [next] = this.#tasks;
    return next === undefined ? undefined : Math.max(0, next.due - this.#elapsed);
  }

  /** Number of tasks that wait. */
  get waiting(): number {
    return this.#tasks.length;
  }

  #pass(elapsed: number): void {
    this.#wall += elapsed - this.#elapsed;
    this.#elapsed = elapsed;
  }
}
