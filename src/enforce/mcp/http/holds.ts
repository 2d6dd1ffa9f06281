/**
 * Clients over HTTP come and go without saying so. Each that has servers of its own behind the gateway is
 * held while somebody uses it and a while longer; where a principal has too many, the one unused longest is
 * let go.
 */
import type { Clock } from '../../../engine/index.ts';
import type { HttpLimits } from '../config/config.ts';

/** There are too many clients, and all of them are in use; or no client is served any more. */
export class TooManyClients extends Error {
  override readonly name = 'TooManyClients';
}

export class Holds {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #limits: Pick<HttpLimits, 'clientsPerPrincipalMax' | 'clientsMax'>;
  /** In the order of their last use. */
  readonly #holds = new Set<Hold>();
  /** What is being let go of. */
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(
    clock: Clock,
    idleMs: number,
    limits: Pick<HttpLimits, 'clientsPerPrincipalMax' | 'clientsMax'>,
  ) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#limits = limits;
  }

  /** Throws `TooManyClients`. */
  take(identity: string, release: () => Promise<void>): Hold {
    // A request may come to this while all are let go of: nobody would ever let go of what it takes.
    if (this.#isClosed) throw new TooManyClients('the gateway is being closed');
    const theirs = [...this.#holds].filter((each) => each.identity === identity);
    if (theirs.length >= this.#limits.clientsPerPrincipalMax) this.#makeRoom(theirs);
    if (this.#holds.size >= this.#limits.clientsMax) this.#makeRoom([...this.#holds]);
    const hold = new Hold(identity, {
      used: () => {
        this.#holds.delete(hold);
        this.#holds.add(hold);
      },
      unusedAfterAWhile: () => this.#clock.after(this.#idleMs, () => this.end(hold)),
      release,
    });
    this.#holds.add(hold);
    return hold;
  }

  #makeRoom(holds: readonly Hold[]): void {
    const unused = holds.find((each) => !each.isUsed);
    if (unused === undefined) throw new TooManyClients('too many clients are connected');
    this.end(unused);
  }

  end(hold: Hold): void {
    if (!this.#holds.delete(hold)) return;
    const ending = hold.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Nothing is held from now on. */
  async endAll(): Promise<void> {
    this.#isClosed = true;
    for (const hold of this.#holds) this.end(hold);
    await Promise.all(this.#ending);
  }
}

interface HoldTerms {
  readonly used: () => void;
  readonly unusedAfterAWhile: () => () => void;
  readonly release: () => Promise<void>;
}

export class Hold {
  readonly identity: string;
  readonly #terms: HoldTerms;
  #users = 0;
  #isOver = false;
  #cancel: (() => void) | undefined;

  constructor(identity: string, terms: HoldTerms) {
    this.identity = identity;
    this.#terms = terms;
  }

  /** Whether it was let go of: nothing that still uses it makes it count again, or be kept. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** In use until `finished` resolves, which MUST NOT reject. */
  use(finished: Promise<void>): void {
    if (this.#isOver) return;
    this.#cancel?.();
    this.#users += 1;
    this.#terms.used();
    void this.#usedUntil(finished);
  }

  async #usedUntil(finished: Promise<void>): Promise<void> {
    await finished;
    this.#users -= 1;
    if (this.#users === 0 && !this.#isOver) this.#cancel = this.#terms.unusedAfterAWhile();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#cancel?.();
    await this.#terms.release().catch(() => {});
  }
}
