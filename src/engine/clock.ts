/** The engine's clock: the only source of time, so that tests and simulations can be in charge of it. */

export interface Clock {
  /** Milliseconds since the epoch. The log never goes back even when this does. */
  now(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. MUST NOT keep a process alive. */
  after(delayMs: number, task: () => void): () => void;
  /** Resolves after `delayMs`. MUST keep a process alive: somebody waits for an answer meanwhile. */
  sleep(delayMs: number): Promise<void>;
}

/** Longest delay that `setTimeout` takes; a later wake-up looks again. */
const delayMsMax = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(Math.max(0, delayMs), delayMsMax));
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleep: (delayMs) =>
    new Promise((resolve) => {
      setTimeout(resolve, delayMs);
    }),
};

/**
 * Keeps the process alive until the returned function is called. What the control plane does by itself never
 * does; somebody who waits for a person must not be ended because nothing else is going on.
 */
export function stayAlive(): () => void {
  const timer = setInterval(() => {}, 2_147_483_647);
  return () => clearInterval(timer);
}
