/** What became of the parcels that simulated processes left to each other, counted where the store sees it. */
import type { AppendResult, Batch, ParcelState, Turns } from '../../src/storage/storage.ts';

export const parcelEvents = [
  /** To whoever has the turn. */
  'left',
  /** By another process: before its sender looked, or gave up waiting for it. */
  'answered at once',
  'answered by the turn',
  'answered when taken back',
  /** Before anybody answered it. */
  'taken back',
  'decided by its sender',
  'decided for another',
  /** A batch lost its race, with parcels in it. */
  'conflict',
] as const;

export type ParcelEvent = (typeof parcelEvents)[number];

export class ParcelCount {
  readonly met: Partial<Record<ParcelEvent, number>> = {};

  /** The same turns, watched. */
  watch(turns: Turns): Turns {
    return {
      wanted: turns.wanted,
      kept: turns.kept,
      leave: () => turns.leave(),
      take: async (...asked) => {
        const news = await turns.take(...asked);
        this.#heard(news?.own, 'answered by the turn');
        return news;
      },
      entrust: async (...asked) => {
        this.#count('left');
        const heard = await turns.entrust(...asked);
        this.#heard(heard?.own, 'answered at once');
        return heard;
      },
      reclaim: async (own) => {
        const state = await turns.reclaim(own);
        this.#heard(state, 'answered when taken back');
        if (state.status === 'gone') this.#count('taken back');
        return state;
      },
    };
  }

  appended({ parcels }: Batch, { status }: AppendResult): void {
    if (parcels === undefined) return;
    const { own, replies } = parcels;
    if (status === 'conflict') this.#count('conflict');
    else if (own !== undefined) this.#count('decided by its sender');
    if (status === 'appended') this.#count('decided for another', replies.length);
  }

  #heard(state: ParcelState | undefined, how: ParcelEvent): void {
    if (state?.status === 'answered') this.#count(how);
  }

  #count(event: ParcelEvent, by = 1): void {
    if (by > 0) this.met[event] = (this.met[event] ?? 0) + by;
  }
}
