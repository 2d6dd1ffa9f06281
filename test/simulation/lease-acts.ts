/**
 * What the workers of a simulated world do about leases: they take those of sessions, renew them early and
 * late, and give some back. Who crashes or is paused while holding one gives nothing back.
 */
import type { Lease } from '../../src/engine/index.ts';
import type { Random } from '../../src/testing/index.ts';
import type { HeldLease } from './operation.ts';
import { done, type Sender } from './sender.ts';
import type { Life } from './world.ts';

interface Held {
  readonly life: Life;
  readonly person: string;
  readonly lease: Lease;
  isGivenBack: boolean;
}

export class LeaseActs {
  readonly #random: Random;
  readonly #sender: Sender;
  readonly #held: Held[] = [];

  constructor(random: Random, sender: Sender) {
    this.#random = random;
    this.#sender = sender;
  }

  /** Through the handle that a worker has on a session of somebody. */
  take(life: Life, session: string, person: string): void {
    const handle = this.#sender.handle(life, session);
    if (handle === undefined) return;
    const termMs = this.#random.integer(3_000, 12_000);
    const about = this.#sender.about(person, { session });
    this.#sender.send(life, 'acquire-lease', about, async () => {
      const lease = await handle.lease({ holder: `worker-${life.worker}`, termMs });
      this.#sender.fenced(life, session, lease.fence);
      this.#held.push({ life, person, lease, isGivenBack: false });
      return { kind: 'leased', session, fence: lease.fence };
    });
  }

  renew(life: Life): void {
    // Now and then one that it has lost, and knows so.
    const held = this.#mine(life, this.#random.chance(0.2));
    if (held === undefined) return;
    const { lease, person } = held;
    const about = this.#sender.about(person, { session: lease.session, fence: lease.fence });
    this.#sender.send(life, 'renew-lease', about, () => done(lease.renew()));
  }

  giveBack(life: Life): void {
    const held = this.#mine(life);
    if (held === undefined) return;
    const { lease, person } = held;
    held.isGivenBack = true;
    const { session, fence } = lease;
    // Whether the handle goes on with the fence depends on whether anybody took the lease over before.
    const isLeft = this.#random.chance(0.5);
    const about = this.#sender.about(person, { session, fence });
    this.#sender.fenced(life, session, Number.NaN);
    this.#sender.send(life, 'release-lease', about, async () => {
      await lease.release();
      if (isLeft) this.#sender.drop(life, session);
      return { kind: 'done' };
    });
  }

  /** A session whose lease a worker has lost; it may go on all the same. */
  lostSession(life: Life): string | undefined {
    return this.#mine(life, true)?.lease.session;
  }

  /** A session that was leased of late. */
  someSession(): string | undefined {
    const late = this.#held.slice(-3);
    return late.length === 0 ? undefined : this.#random.pick(late).lease.session;
  }

  /** What became of the leases that were taken. */
  heldLeases(): readonly HeldLease[] {
    return this.#held
      .filter(({ isGivenBack }) => !isGivenBack)
      .map(({ life, lease }) => ({
        session: lease.session,
        fence: lease.fence,
        lived: life.alive,
        lost: lease.signal.aborted,
      }));
  }

  /** One that this worker takes to be its own, or one that it has lost. */
  #mine(life: Life, isLost = false): Held | undefined {
    const mine = this.#held.filter(
      (held) => held.life === life && !held.isGivenBack && held.lease.signal.aborted === isLost,
    );
    return mine.length === 0 ? undefined : this.#random.pick(mine);
  }
}
