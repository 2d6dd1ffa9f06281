/**
 * Which single resources a client of 2026-07-28 wants to hear of, over all streams on which it listens. A
 * server is asked once for each, with the first stream, and no more after the last.
 */
import { InTurn } from '../../in-turn.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { PassThrough } from './pass-through.ts';

export class ResourceWatches {
  readonly #passThrough: PassThrough;
  readonly #report: (message: string) => void;
  /** Streams by resource. */
  readonly #listening = new Map<string, number>();
  /** What is being asked of servers: one question about a resource at a time. */
  readonly #asking = new InTurn();

  constructor(passThrough: PassThrough, report: (message: string) => void) {
    this.#passThrough = passThrough;
    this.#report = report;
  }

  /**
   * Until `finished` resolves. Throws what a server answers, or an error of the protocol for a resource that
   * no server has; then nothing of it is listened to.
   */
  async watch(uris: readonly string[], finished: Promise<void>): Promise<void> {
    const watched = new Set(uris);
    const started: string[] = [];
    const leave = (): Promise<unknown> => Promise.all(started.map((uri) => this.#leave(uri)));
    try {
      for (const uri of watched) {
        await this.#join(uri);
        started.push(uri);
      }
    } catch (failure) {
      await leave();
      throw failure;
    }
    void finished.then(leave);
  }

  /** A server was started again, and knows of nothing: whoever still listens would hear no more. */
  async startedAgain(at: Upstream): Promise<void> {
    const asked = [...this.#listening.keys()].map((uri) =>
      this.#asking.do(uri, async () => {
        if (this.#listening.has(uri)) await this.#passThrough.subscribeAgain(uri, at);
      }),
    );
    for (const each of await Promise.allSettled(asked)) {
      if (each.status === 'fulfilled') continue;
      this.#report(`a subscription was not begun again: ${String(each.reason)}`);
    }
  }

  #join(uri: string): Promise<void> {
    return this.#asking.do(uri, async () => {
      const streams = this.#listening.get(uri) ?? 0;
      if (streams === 0) await this.#passThrough.subscribe({ uri }, {});
      this.#listening.set(uri, streams + 1);
    });
  }

  #leave(uri: string): Promise<void> {
    return this.#asking.do(uri, async () => {
      const streams = (this.#listening.get(uri) ?? 1) - 1;
      if (streams > 0) {
        this.#listening.set(uri, streams);
        return;
      }
      this.#listening.delete(uri);
      await this.#passThrough.unsubscribe({ uri }, {}).catch((failure: unknown) => {
        this.#report(`a subscription was not ended: ${String(failure)}`);
      });
    });
  }
}
