/** How much of what a server says by itself passes: so much a second, and what is left out is counted. */
import type { Clock } from '../../../engine/index.ts';
import { passingLimits } from '../config/config.ts';

export class NotificationRate {
  readonly #clock: Clock;
  readonly #report: (message: string) => void;
  #second = 0;
  #inSecond = 0;

  /** `report` is told how many of a second were left out, when the next begins. */
  constructor(clock: Clock, report: (message: string) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Whether one more is within the rate. */
  admits(): boolean {
    const { notificationsPerSecondMax } = passingLimits;
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      if (this.#inSecond > notificationsPerSecondMax) {
        const left = this.#inSecond - notificationsPerSecondMax;
        this.#report(`${left} notifications were left out: they came too fast`);
      }
      this.#second = second;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    return this.#inSecond <= notificationsPerSecondMax;
  }
}
