/**
 * Calls of clients of 2026-07-28, which cannot be asked anything but in an answer to a call of theirs. A call
 * whose server asks for something is parked: the client gets the question, and its next request with the
 * answer goes on with the same call, under the same permit.
 */
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { Clock } from '../../../engine/index.ts';
import { passingLimits } from '../config/config.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { ForwardOptions } from '../upstream/upstream.ts';

export interface ParkedQuestion {
  readonly id: string;
  readonly request: ClientRequest;
}

/** One request of the client, which carries the call on. */
export interface ParkedRound extends Pick<ForwardOptions, 'onprogress'> {
  readonly signal: AbortSignal;
}

/** Runs with a signal and a progress of its own, which last for all of its rounds. */
export type ParkedWork = (options: ParkedRound) => Promise<CallToolResult>;

export class ParkedCalls {
  readonly #clock: Clock;
  readonly #running = new Map<string, ParkedCall>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(id: string, work: ParkedWork): ParkedCall {
    const call = new ParkedCall(id, this.#clock, work);
    this.#running.set(id, call);
    void this.#forgetLater(call);
    return call;
  }

  /** A call that is over while its client is answering a question still has to give its result. */
  async #forgetLater(call: ParkedCall): Promise<void> {
    await call.result;
    if (call.isAnswered) this.#running.delete(call.id);
    else this.#clock.after(passingLimits.questionMs, () => this.#running.delete(call.id));
  }

  /** The client has the result. */
  forget(call: ParkedCall): void {
    this.#running.delete(call.id);
  }

  find(id: string): ParkedCall | undefined {
    return this.#running.get(id);
  }

  /** Puts a server's question to a call that runs; a server does not say which of them it is about. */
  ask(request: ClientRequest): Promise<RawResult> {
    for (const call of this.#running.values()) {
      if (!call.isAsking) return call.ask(request);
    }
    return Promise.reject(new Error('no call of the client runs that could be asked'));
  }
}

interface OpenQuestion extends ParkedQuestion {
  readonly answered: (answer: RawResult) => void;
}

export class ParkedCall {
  readonly id: string;
  /** Never rejects. */
  readonly result: Promise<CallToolResult>;
  readonly #clock: Clock;
  readonly #giveUp = new AbortController();
  #question: OpenQuestion | undefined;
  #questions = 0;
  /** Whether a question is with the client now. */
  #isWithClient = false;
  #asked = Promise.withResolvers<ParkedQuestion>();
  /** Of the client's newest request: one that was answered can tell it nothing more. */
  #onprogress: ForwardOptions['onprogress'];

  constructor(id: string, clock: Clock, work: ParkedWork) {
    this.id = id;
    this.#clock = clock;
    this.result = work({
      signal: this.#giveUp.signal,
      onprogress: (progress) => this.#onprogress?.(progress),
    });
  }

  get isAsking(): boolean {
    return this.#question !== undefined;
  }

  get isAnswered(): boolean {
    return !this.#isWithClient;
  }

  ask(request: ClientRequest): Promise<RawResult> {
    this.#questions += 1;
    const id = `q${this.#questions}`;
    const { promise, resolve, reject } = Promise.withResolvers<RawResult>();
    const cancel = this.#clock.after(passingLimits.questionMs, () => {
      this.#question = undefined;
      reject(new Error('the client did not answer in time'));
    });
    const answered = (answer: RawResult): void => {
      cancel();
      resolve(answer);
    };
    this.#question = { id, request, answered };
    this.#isWithClient = true;
    this.#asked.resolve({ id, request });
    return promise;
  }

  /** Takes the client's answer to the open question; whether there was one with this id. */
  answer(id: string, answer: RawResult | undefined): boolean {
    const question = this.#question;
    if (question?.id !== id || answer === undefined) return false;
    this.#question = undefined;
    this.#isWithClient = false;
    this.#asked = Promise.withResolvers<ParkedQuestion>();
    question.answered(answer);
    return true;
  }

  /** What comes first: the result, or a question. While `signal` fires, the client gave the call up. */
  async next({ signal, onprogress }: ParkedRound): Promise<CallToolResult | ParkedQuestion> {
    this.#onprogress = onprogress;
    const giveUp = (): void => this.#giveUp.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    try {
      return await Promise.race([this.result, this.#asked.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}

export function isQuestion(next: CallToolResult | ParkedQuestion): next is ParkedQuestion {
  return 'request' in next;
}
