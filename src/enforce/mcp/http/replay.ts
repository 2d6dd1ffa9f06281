/**
 * What the streams of one session of 2025-11-25 said lately, so that a client whose stream broke gets the
 * rest of it by `Last-Event-ID`. Bounded: what is oldest is forgotten first, and an id that is forgotten, or
 * was never of this session, is refused, since nobody could say what is missing after it.
 */
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

/** All that sessions keep, together. */
export class ReplayMemory {
  readonly #bytesMax: number;
  /** In the order in which they were said. */
  readonly #kept = new Map<Event, Replay>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  keep(event: Event, replay: Replay): void {
    this.#kept.set(event, replay);
    this.#bytes += event.bytes;
    for (const [oldest, of] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return;
      of.forgetUntil(oldest);
    }
  }

  drop(event: Event): void {
    if (this.#kept.delete(event)) this.#bytes -= event.bytes;
  }
}

interface Event {
  readonly id: string;
  readonly stream: string;
  readonly message: JSONRPCMessage;
  /** UTF-8 bytes of the message as JSON. */
  readonly bytes: number;
}

export interface ReplayTerms {
  readonly memory: ReplayMemory;
  /** Of one session: UTF-8 bytes, and messages. */
  readonly bytesMax: number;
  readonly messagesMax: number;
  /** Begins the ids of this session, and of no other. */
  readonly prefix: string;
}

export class Replay implements EventStore {
  readonly #terms: ReplayTerms;
  /** In the order in which they were said: what is after one that is kept is kept. */
  readonly #events = new Map<string, Event>();
  #bytes = 0;
  #said = 0;

  constructor(terms: ReplayTerms) {
    this.#terms = terms;
  }

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const { memory, bytesMax, messagesMax, prefix } = this.#terms;
    this.#said += 1;
    const id = `${prefix}-${this.#said}`;
    const event = { id, stream, message, bytes: Buffer.byteLength(JSON.stringify(message)) };
    this.#events.set(id, event);
    this.#bytes += event.bytes;
    memory.keep(event, this);
    for (const oldest of this.#events.values()) {
      if (this.#bytes <= bytesMax && this.#events.size <= messagesMax) break;
      this.forgetUntil(oldest);
    }
    return id;
  }

  /** Whether an event is kept, and all that this session said after it. */
  has(id: string): boolean {
    return this.#events.has(id);
  }

  /** Throws for an event that is not kept. */
  async replayEventsAfter(
    id: string,
    { send }: { readonly send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const last = this.#events.get(id);
    if (last === undefined) throw new Error('the event is not kept');
    const all = [...this.#events.values()];
    for (const event of all.slice(all.indexOf(last) + 1)) {
      if (event.stream === last.stream && isSomething(event.message)) {
        await send(event.id, event.message);
      }
    }
    return last.stream;
  }

  /** Forgets an event and all that were before it. */
  forgetUntil(event: Event): void {
    if (this.#events.get(event.id) !== event) return;
    for (const each of this.#events.values()) {
      this.#events.delete(each.id);
      this.#bytes -= each.bytes;
      this.#terms.memory.drop(each);
      if (each === event) return;
    }
  }

  forgetAll(): void {
    for (const event of this.#events.values()) this.forgetUntil(event);
  }
}

/** The first event of a stream only has an id. */
function isSomething(message: object): boolean {
  return 'jsonrpc' in message;
}
