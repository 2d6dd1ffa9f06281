/**
 * Turns as a server has them: whoever leaves a parcel waits for a while, in virtual time, until others may have
 * answered it; and now and then the server loses its memory of a parcel, answered or not.
 */
import type { ParcelName, ParcelState, Turns } from '../../src/storage/storage.ts';
import type { Random } from '../../src/testing/index.ts';

const gone: ParcelState = { status: 'gone' };

export class PatientTurns {
  readonly #pass: (ms: number) => Promise<void>;
  readonly #forgotten = new Set<string>();
  /** How many were forgotten although they were answered. */
  lost = 0;

  constructor(pass: (ms: number) => Promise<void>) {
    this.#pass = pass;
  }

  /** The turns of memory, which answers at once. */
  over(turns: Turns, random: Random): Turns {
    return {
      ...turns,
      entrust: async (parcel, query) => {
        const { own } = (await turns.entrust(parcel)) ?? {};
        const waitMs = random.chance(0.7) ? random.integer(0, 80) : 0;
        if (own?.status === 'waiting' && waitMs > 0) await this.#pass(waitMs);
        if (random.chance(0.03)) await this.#forget(turns, parcel);
        const heard = await turns.entrust(parcel, query);
        return heard === undefined ? undefined : { ...heard, own: this.#known(parcel, heard.own) };
      },
      take: async (from, keys, own) => {
        const news = await turns.take(from, keys, own);
        return news === undefined ? undefined : { ...news, own: this.#known(own, news.own) };
      },
      reclaim: async (own) => this.#known(own, await turns.reclaim(own)),
    };
  }

  async #forget(turns: Turns, parcel: ParcelName): Promise<void> {
    const state = await turns.reclaim(parcel);
    if (state.status === 'answered') this.lost += 1;
    this.#forgotten.add(keyOf(parcel));
  }

  #known(parcel: ParcelName, state: ParcelState): ParcelState {
    return this.#forgotten.has(keyOf(parcel)) ? gone : state;
  }
}

function keyOf({ sender, number }: ParcelName): string {
  return `${sender} ${number}`;
}
