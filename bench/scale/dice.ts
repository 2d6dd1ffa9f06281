/** Chance that is the same in every run: a seeded generator, and the times that are drawn with it. */

export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** Above 0 and below 1. A linear congruential generator, which is enough for waiting times. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#state + 0.5) / 2 ** 32;
  }

  /** Exponential, as the time until the next arrival is. */
  until(mean: number): number {
    return -mean * Math.log(this.next());
  }

  /** Log-normal around a median: most commits are near it, some take three times as long. */
  around(median: number, spread = 0.45): number {
    const normal = Math.sqrt(-2 * Math.log(this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(spread * normal);
  }
}
