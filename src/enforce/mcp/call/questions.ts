/**
 * What servers ask during one call of a client that can be asked nothing but in answers (2026-07-28): each
 * question stands under a key of the gateway's own until the client answers it, or nobody waits any more.
 */
import type { Clock } from '../../../engine/index.ts';
import { passingLimits } from '../config/config.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import { withoutHopMeta } from '../protocol/meta-keys.ts';
import type { RawResult } from '../protocol/raw-result.ts';

interface Open {
  readonly request: ClientRequest;
  readonly answered: (answer: RawResult) => void;
  readonly given: (up: Error) => void;
}

export class OpenQuestions {
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  #asked = 0;
  #changedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#changedAt = clock.now();
  }

  get size(): number {
    return this.#open.size;
  }

  /** The one that waits longest. */
  get first(): { readonly id: string; readonly request: ClientRequest } | undefined {
    for (const [id, { request }] of this.#open) return { id, request };
    return undefined;
  }

  /** When one was asked or answered last, ms since the epoch. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** All that wait for an answer, as the client is shown them. */
  get requests(): Readonly<Record<string, RawResult>> {
    const shown = [...this.#open].map(
      ([key, { request }]) => [key, shownQuestion(request)] as const,
    );
    return Object.fromEntries(shown);
  }

  /** The key is that of no other question of the same call, before or after. */
  ask(request: ClientRequest): { readonly key: string; readonly answer: Promise<RawResult> } {
    this.#asked += 1;
    const key = `q${this.#asked}`;
    const { promise: answer, resolve, reject } = Promise.withResolvers<RawResult>();
    const cancel = this.#clock.after(passingLimits.questionMs, () =>
      this.withdraw(key, 'the client did not answer in time'),
    );
    const closing = (): void => {
      cancel();
      this.#open.delete(key);
      this.#changedAt = this.#clock.now();
    };
    this.#open.set(key, {
      request,
      answered: (said) => {
        closing();
        resolve(said);
      },
      given: (up) => {
        closing();
        reject(up);
      },
    });
    this.#changedAt = this.#clock.now();
    return { key, answer };
  }

  /** Whether a question waited under this key. */
  answer(key: string, answer: RawResult): boolean {
    const open = this.#open.get(key);
    open?.answered(answer);
    return open !== undefined;
  }

  /** Whoever asked is told why; nothing where it was answered before. */
  withdraw(key: string, why: string): void {
    this.#open.get(key)?.given(new Error(why));
  }

  close(why: string): void {
    for (const key of this.#open.keys()) this.withdraw(key, why);
  }
}

/** The server's own question, in the shape that it gave it. What it is about the client knows already. */
export function shownQuestion({ method, params }: ClientRequest): RawResult {
  return params === undefined ? { method } : { method, params: withoutHopMeta(params) };
}
