/**
 * How the people of a simulated world send what they ask for, hear the answers, and ask again: with the same
 * key when they heard none, and through another principal where a change takes two.
 */
import type { Session } from '../../src/engine/index.ts';
import type { Random } from '../../src/testing/index.ts';
import {
  type About,
  type Operation,
  type OperationKind,
  type Reply,
  replyOf,
} from './operation.ts';
import { whoIs } from './scenario.ts';
import type { Life } from './world.ts';

/** An operation that can be sent again, through any worker, with the same key and payload. */
interface Repeatable {
  readonly operation: Operation;
  readonly send: (life: Life) => void;
}

/** The same change, asked for by somebody. */
export type Change = (life: Life, person: string) => void;

export class Sender {
  readonly operations: Operation[] = [];
  /** Changes that wait for a second principal, each with who asked for it first. */
  readonly proposed: { readonly change: Change; readonly person: string }[] = [];
  readonly #random: Random;
  readonly #repeatable: Repeatable[] = [];
  readonly #handles = new Map<string, Session>();
  /** The fence that a handle sends: none is 0; where it is not known there is no number. */
  readonly #fences = new Map<string, number>();
  #moment = 0;
  #keys = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  newKey(): string {
    this.#keys += 1;
    return `k-${this.#keys}`;
  }

  about(person: string, rest: Partial<About>): About {
    return { ...rest, person: whoIs(person).id, org: whoIs(person).org };
  }

  /** What a worker drives a session through, where it has taken it up. */
  handle({ number }: Life, session: string): Session | undefined {
    return this.#handles.get(`${number} ${session}`);
  }

  keep({ number }: Life, session: Session): void {
    this.#handles.set(`${number} ${session.id}`, session);
    this.#fences.set(`${number} ${session.id}`, 0);
  }

  drop({ number }: Life, session: string): void {
    this.#handles.delete(`${number} ${session}`);
    this.#fences.delete(`${number} ${session}`);
  }

  fenced({ number }: Life, session: string, fence: number): void {
    if (this.#handles.has(`${number} ${session}`)) this.#fences.set(`${number} ${session}`, fence);
  }

  fenceOf({ number }: Life, session: string): { readonly fence?: number } {
    const fence = this.#fences.get(`${number} ${session}`);
    return fence === undefined || Number.isNaN(fence) ? {} : { fence };
  }

  send(
    life: Life,
    kind: OperationKind,
    about: About,
    work: () => Promise<Reply>,
    again = false,
  ): Operation {
    this.#moment += 1;
    const operation: Operation = {
      number: this.operations.length,
      life: life.number,
      kind,
      about,
      again,
      sent: this.#moment,
      heard: undefined,
      reply: undefined,
    };
    this.operations.push(operation);
    const hear = (reply: Reply): void => {
      // Nobody hears what a crashed process would have said.
      if (!life.alive) return;
      this.#moment += 1;
      operation.heard = this.#moment;
      operation.reply = reply;
      // Whoever acted with a key that is no longer good takes the session up anew.
      if (reply.kind === 'refused' && reply.code.startsWith('credential-')) {
        this.drop(life, about.session ?? '');
      }
    };
    work().then(hear, (failure: unknown) => hear(replyOf(failure)));
    return operation;
  }

  /** Sends a change, and keeps it for a second principal where it takes one. */
  sendChange(
    life: Life,
    person: string,
    change: Change,
    send: (work: (of: Promise<Reply>) => Promise<Reply>) => void,
  ): void {
    send(async (of) => {
      try {
        return await of;
      } catch (failure) {
        const reply = replyOf(failure);
        const waits = reply.kind === 'refused' && reply.code === 'second-principal-needed';
        if (waits && life.alive) this.proposed.push({ change, person });
        throw failure;
      }
    });
  }

  sendRepeatable(
    life: Life,
    kind: OperationKind,
    about: About,
    work: (via: Life) => Promise<Reply>,
  ): void {
    let again = false;
    const send = (via: Life): void => {
      const { session } = about;
      if (session !== undefined && this.handle(via, session) === undefined) return;
      const operation = this.send(via, kind, about, () => work(via), again);
      again = true;
      const known = this.#repeatable.findIndex((each) => each.send === send);
      if (known !== -1) this.#repeatable.splice(known, 1);
      if (about.key !== undefined) this.#repeatable.push({ operation, send });
    };
    send(life);
  }

  /** Sends an operation again that had no answer, or (rarely) one that had. */
  repeat(life: Life): void {
    if (this.#repeatable.length === 0) return;
    const unanswered = this.#repeatable.filter(({ operation: { reply, life: sentBy } }) =>
      reply === undefined ? sentBy !== life.number : reply.kind === 'fault',
    );
    const from = unanswered.length > 0 && this.#random.chance(0.9) ? unanswered : this.#repeatable;
    this.#random.pick(from.slice(-20)).send(life);
  }
}

export async function done(work: Promise<unknown>): Promise<Reply> {
  await work;
  return { kind: 'done' };
}
