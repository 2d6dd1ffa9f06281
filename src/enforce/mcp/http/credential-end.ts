/**
 * What a client has behind the gateway ends with the credential that it came with. That is not left to its
 * next request, which is refused: a client that only listens never makes one.
 */
import type { Clock, ControlPlane, LogEvent } from '../../../engine/index.ts';
import type { Caller } from './callers.ts';

/** A request was let in, and its credential is no longer good. */
export class CredentialOver extends Error {
  override readonly name = 'CredentialOver';
}

export interface EndOfClient {
  /** As when the client leaves: whoever has another token for the same principal may come back. */
  readonly leave: () => void;
  /** Of an API key: nobody else is whom it established, so that nobody comes back. */
  readonly letGo: () => void;
}

/** No timer notices that the clock was set forward, or that the machine was asleep. */
const sleepMsMax = 10_000;

interface EndTerms {
  readonly plane: Pick<ControlPlane, 'subscribe'>;
  readonly clock: Clock;
}

export class CredentialEnd {
  readonly #clock: Clock;
  readonly #key: string | undefined;
  readonly #end: EndOfClient;
  readonly #unsubscribe: () => void;
  #endsAt: number;
  #cancel: (() => void) | undefined;
  #isOver = false;

  constructor({ plane, clock }: EndTerms, by: Pick<Caller, 'key' | 'expiresAt'>, end: EndOfClient) {
    this.#clock = clock;
    this.#key = by.key;
    this.#end = end;
    this.#endsAt = by.expiresAt;
    this.#unsubscribe = plane.subscribe((event) => this.#heard(event));
    this.#wait();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The same client came with a credential that may be good for longer. */
  renew({ expiresAt }: Pick<Caller, 'expiresAt'>): void {
    if (this.#isOver || expiresAt <= this.#endsAt) return;
    this.#endsAt = expiresAt;
    this.#wait();
  }

  /** The client is let go of: it need not be told. */
  forget(): void {
    this.#cancel?.();
    this.#unsubscribe();
  }

  /** Throws `CredentialOver` where it ended meanwhile: what was opened then, nobody else would end. */
  async during(answering: () => Promise<Response>): Promise<Response> {
    this.#assertGood();
    try {
      const answer = await answering();
      if (this.#isOver) await answer.body?.cancel();
      return answer;
    } finally {
      this.#assertGood();
    }
  }

  #assertGood(): void {
    if (this.#isOver) throw new CredentialOver('the credential is no longer good');
  }

  #wait(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#endsAt === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(this.#endsAt - this.#clock.now(), sleepMsMax);
    this.#cancel = this.#clock.after(delayMs, () => this.#wake());
  }

  /** No clock waits for as long as it may be told to; and it may have been set, back or forward. */
  #wake(): void {
    if (this.#clock.now() < this.#endsAt) this.#wait();
    else this.#over();
  }

  /** By the time of the log, as the kernel has it: another process's clock may be ahead of this one's. */
  #heard({ type, at, data }: LogEvent): void {
    const isRevoked = type === 'key-revoked' && 'key' in data && data.key === this.#key;
    if (isRevoked || at >= this.#endsAt) this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.forget();
    if (this.#key === undefined) this.#end.leave();
    else this.#end.letGo();
  }
}
