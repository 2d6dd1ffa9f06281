/**
 * Calls of clients of 2026-07-28, which cannot be asked anything but in an answer to a call of theirs. A call
 * whose server asks for something is parked: the client gets the question, and its next request with the
 * answer goes on with the same call, under the same permit. A call that became a task is answered with that,
 * and what is asked from then on stands in the task.
 */
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { Clock } from '../../../engine/index.ts';
import { passingLimits, taskLimits } from '../config/config.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { relatedTaskIn } from '../protocol/related-task.ts';
import type { ForwardOptions } from '../upstream/upstream.ts';
import { OpenQuestions } from './questions.ts';

/** What a client's request comes to. What a server says of itself does not tell which. */
export type Next =
  | { readonly kind: 'result'; readonly result: CallToolResult }
  | { readonly kind: 'question'; readonly id: string; readonly request: ClientRequest }
  | { readonly kind: 'task'; readonly task: RawResult };

/** One request of the client, which carries the call on. */
export interface ParkedRound extends Pick<ForwardOptions, 'onprogress'> {
  readonly signal: AbortSignal;
  /** Whether it may be answered with a task: that is said with each request anew. */
  readonly knowsTasks: boolean;
}

/** Runs with a signal and a progress of its own, which last for all of its rounds. */
export type ParkedWork = (options: Omit<ParkedRound, 'knowsTasks'>) => Promise<CallToolResult>;

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
    if (call.isTask || call.isAnswered) this.#running.delete(call.id);
    else this.#clock.after(passingLimits.questionMs, () => this.#running.delete(call.id));
  }

  /** The client has the result. */
  forget(call: ParkedCall): void {
    this.#running.delete(call.id);
  }

  find(id: string): ParkedCall | undefined {
    return this.#running.get(id);
  }

  /**
   * Puts a server's question to the task that it is about, or else to a call that runs, since a server does
   * not say which: one that its client waits for comes first.
   */
  ask(request: ClientRequest): Promise<RawResult> {
    const call = this.#about(request) ?? this.#any();
    if (call?.canAsk === true) return call.ask(request);
    return Promise.reject(new Error('no call of the client runs that could be asked'));
  }

  #about({ params }: ClientRequest): ParkedCall | undefined {
    const about = this.#running.get(relatedTaskIn(params) ?? '');
    return about?.isTask === true ? about : undefined;
  }

  #any(): ParkedCall | undefined {
    const calls = [...this.#running.values()].filter(({ canAsk }) => canAsk);
    return calls.find(({ isTask }) => !isTask) ?? calls[0];
  }
}

export class ParkedCall {
  /** Nobody can guess it: it is the task's too, where the call becomes one. */
  readonly id: string;
  /** Never rejects. */
  readonly result: Promise<CallToolResult>;
  readonly questions: OpenQuestions;
  readonly giveUp = new AbortController();
  /** Whether a question is with the client now. */
  #isWithClient = false;
  #isTask = false;
  #asked = Promise.withResolvers<Next>();
  readonly #task = Promise.withResolvers<Next>();
  /** Of the client's newest request: one that was answered can tell it nothing more. */
  #onprogress: ForwardOptions['onprogress'];

  constructor(id: string, clock: Clock, work: ParkedWork) {
    this.id = id;
    this.questions = new OpenQuestions(clock);
    this.result = work({
      signal: this.giveUp.signal,
      onprogress: (progress) => this.#onprogress?.(progress),
    });
  }

  /** One question at a time, of a call that is waited for. */
  get canAsk(): boolean {
    return this.questions.size < (this.#isTask ? taskLimits.questionsMax : 1);
  }

  get isAnswered(): boolean {
    return !this.#isWithClient;
  }

  get isTask(): boolean {
    return this.#isTask;
  }

  /** Its client is answered with a task, and hears of progress no more: there is none of a task. */
  becomes(task: RawResult): void {
    this.#isTask = true;
    this.#onprogress = undefined;
    this.#task.resolve({ kind: 'task', task });
  }

  ask(request: ClientRequest): Promise<RawResult> {
    const { key, answer } = this.questions.ask(request);
    this.#isWithClient = true;
    this.#asked.resolve({ kind: 'question', id: key, request });
    const withdraw = (): void => {
      // What is with the client as an answer of its call it will answer: that carries the call on.
      if (this.#isTask) this.questions.withdraw(key, 'it is asked no more');
    };
    request.signal?.addEventListener('abort', withdraw, { once: true });
    if (request.signal?.aborted === true) withdraw();
    return answer;
  }

  /** Takes the client's answer to the open question; whether there was one with this id. */
  answer(id: string, answer: RawResult | undefined): boolean {
    if (answer === undefined || !this.questions.answer(id, answer)) return false;
    this.#isWithClient = false;
    this.#asked = Promise.withResolvers<Next>();
    const { first } = this.questions;
    if (first !== undefined) this.#asked.resolve({ kind: 'question', ...first });
    return true;
  }

  /** What comes first: the result, a task, or a question. Where `signal` fires, the client gave it up. */
  async next({ signal, onprogress, knowsTasks }: ParkedRound): Promise<Next> {
    this.#onprogress = onprogress;
    const giveUp = (): void => this.giveUp.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    try {
      const ended = this.result.then((result): Next => ({ kind: 'result', result }));
      const task = knowsTasks ? [this.#task.promise] : [];
      return await Promise.race([ended, ...task, this.#asked.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}
