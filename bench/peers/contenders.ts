/**
 * One engine on one policy: verdicts compared with ours before the rounds and within them.
 *
 * A verdict that differs ends the run: a figure for another answer is no figure.
 */
import { awakeClock } from '../awake.ts';
import type { Contender, Sample } from '../rounds.ts';
import type { Prepared } from './engine.ts';
import type { SameRequests } from './same-policy.ts';

export interface Pace {
  /** How long one contender runs in one round. */
  readonly roundMs: number;
  /** How long verdicts of one contender are compared before the rounds, at most. */
  readonly compareMs: number;
}

export interface Subject {
  readonly name: string;
  readonly prepared: Prepared;
  readonly requests: SameRequests;
  /** Our verdicts, by number of the request. */
  readonly expected: readonly boolean[];
}

/** Enough for every kind of request on several actions, however slow the engine is. */
const comparedMin = 32;
const evaluationsPerLookMax = 64;
/** A look at the clock costs next to nothing when the evaluations between two of them take this. */
const lookMs = 0.5;
const stillRoundsMax = 100;

export class ComparedContender implements Contender {
  readonly name: string;
  readonly #subject: Subject;
  readonly #roundMs: number;
  #compared = 0;
  #next = 0;
  #perLook = 1;

  constructor(subject: Subject, { roundMs }: Pace) {
    this.name = subject.name;
    this.#subject = subject;
    this.#roundMs = roundMs;
  }

  /** How many verdicts were compared so far; none of them differed. */
  get compared(): number {
    return this.#compared;
  }

  /** Compares all requests, or as many as there is time for. */
  compare(compareMs: number): void {
    const { all, timed } = this.#subject.requests;
    for (let index = timed; index < all.length; index += 1) this.#check(index);
    const end = performance.now() + compareMs;
    for (let index = 0; index < timed; index += 1) {
      if (index >= comparedMin && performance.now() >= end) break;
      this.#check(index);
    }
  }

  // Called apart from its object, as every contender is.
  readonly run = async (): Promise<Sample> => {
    const before = this.#compared;
    const clock = await awakeClock();
    let ms = 0;
    // Of a round in which the machine stood still for most of the time, too little would be left.
    for (let times = 0; ms < this.#roundMs / 4; times += 1) {
      if (times === stillRoundsMax) throw new Error('the machine stood still too often');
      ms += await clock.during(() => {
        this.#decideFor(this.#roundMs);
      });
    }
    return { nsPerOp: (ms * 1e6) / (this.#compared - before) };
  };

  #decideFor(ms: number): void {
    let now = performance.now();
    const end = now + ms;
    while (now < end) {
      for (let count = 0; count < this.#perLook; count += 1) this.#checkNext();
      const before = now;
      now = performance.now();
      if (now - before < lookMs && this.#perLook < evaluationsPerLookMax) this.#perLook *= 2;
    }
  }

  #checkNext(): void {
    this.#check(this.#next);
    this.#next = this.#next + 1 === this.#subject.requests.timed ? 0 : this.#next + 1;
  }

  #check(index: number): void {
    const { prepared, requests, expected } = this.#subject;
    this.#compared += 1;
    if (prepared.decide(index) === expected[index]) return;
    const request = JSON.stringify(requests.all[index]);
    const wanted = expected[index] === true ? 'allows' : 'does not allow';
    throw new Error(`${this.name} differs: agent-control-plane ${wanted} ${request}`);
  }
}
