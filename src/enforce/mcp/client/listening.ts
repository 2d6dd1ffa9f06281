/**
 * Subscriptions of a client of 2026-07-28 over one channel. The SDK answers `subscriptions/listen` there
 * itself, and passes to each what the client's server tells; but nobody asks the servers behind for single
 * resources. So its acknowledgement waits until they were asked, and is an error where that cannot be.
 */
import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCNotification,
  RequestId,
  Transport,
} from '@modelcontextprotocol/client';
import {
  type ProtocolError,
  ProtocolErrorCode,
  SUBSCRIPTION_ID_META_KEY,
} from '@modelcontextprotocol/server';
import { listensUndeclared, tasksUndeclared } from '../protocol/tasks-extension.ts';
import { aroundTransport } from './around-transport.ts';

/** Until `finished` resolves. Says why that cannot be, or nothing. */
type Watch = (
  uris: readonly string[],
  finished: Promise<void>,
) => Promise<ProtocolError | undefined>;

export function listening(inner: Transport, watch: Watch): Transport {
  return new Subscriptions(inner, watch).transport;
}

interface Subscription {
  readonly end: () => void;
  /** What is sent once the servers were asked; undefined where nobody is being asked. */
  held: JSONRPCMessage[] | undefined;
}

class Subscriptions {
  readonly transport: Transport;
  readonly #inner: Transport;
  readonly #watch: Watch;
  /** By the id of the request, from when it came. */
  readonly #open = new Map<RequestId, Subscription>();

  constructor(inner: Transport, watch: Watch) {
    this.#inner = inner;
    this.#watch = watch;
    this.transport = aroundTransport(inner, {
      received: (message, pass) => {
        if (this.#isRefused(message)) return;
        this.#received(message);
        pass();
      },
      sent: (message, pass) => (this.#isHeld(message) ? Promise.resolve() : pass()),
      // The servers are let go of with the connection: they need not be told.
      closed: () => this.#open.clear(),
    });
  }

  /** The SDK knows of no tasks to listen to, and would leave them out without a word. */
  #isRefused(message: JSONRPCMessage): boolean {
    if (!('method' in message) || !('id' in message) || message.method !== listen) return false;
    if (!listensUndeclared(message.params)) return false;
    const refused = this.#inner.send(errorAnswer(message.id, tasksUndeclared()));
    refused.catch((failure: unknown) => this.#report(failure));
    return true;
  }

  #received(message: JSONRPCMessage): void {
    if (!('method' in message)) return;
    const { method, params } = message;
    if ('id' in message && method === listen) this.#begin(message.id);
    if (method === cancelled) this.#end(params?.['requestId'] as RequestId);
  }

  #begin(id: RequestId): { readonly subscription: Subscription; readonly ended: Promise<void> } {
    // Of two requests with one id, the SDK keeps the later.
    this.#end(id);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const subscription = { end: resolve, held: undefined };
    this.#open.set(id, subscription);
    return { subscription, ended };
  }

  #end(id: RequestId): void {
    this.#open.get(id)?.end();
    this.#open.delete(id);
  }

  /** Whether what the SDK sends is not sent now. Nobody may wait here for servers: more is to be sent. */
  #isHeld(message: JSONRPCMessage): boolean {
    if (!('method' in message)) {
      // Of a request to listen this is the end.
      if (message.id !== undefined) this.#end(message.id);
      return false;
    }
    const id = subscriptionOf(message);
    if (id === undefined || 'id' in message) return false;
    const subscription = this.#open.get(id);
    if (message.method !== acknowledged) {
      subscription?.held?.push(message);
      return subscription?.held !== undefined;
    }
    // The client gave it up while the SDK was still busy with what came before.
    if (subscription === undefined) return true;
    if (honoured(message).length === 0) return false;
    this.#askFirst(id, message).catch((failure: unknown) => this.#report(failure));
    return true;
  }

  async #askFirst(id: RequestId, acknowledgement: JSONRPCNotification): Promise<void> {
    const { subscription, ended } = this.#begin(id);
    subscription.held = [acknowledgement];
    const asked = this.#watch(honoured(acknowledgement), ended);
    const problem = await asked.catch((failure: unknown) => {
      this.#report(failure);
      return { code: ProtocolErrorCode.InternalError, message: 'a server could not be asked' };
    });
    if (this.#open.get(id) !== subscription) return;
    if (problem !== undefined) {
      this.#end(id);
      this.transport.onmessage?.(cancellation(id));
      await this.#inner.send(errorAnswer(id, problem));
      return;
    }
    const { held } = subscription;
    subscription.held = undefined;
    // In their order, with nothing between them.
    await Promise.all(held.map((message) => this.#inner.send(message)));
  }

  #report(failure: unknown): void {
    this.transport.onerror?.(failure instanceof Error ? failure : new Error(String(failure)));
  }
}

const listen = 'subscriptions/listen';
const acknowledged = 'notifications/subscriptions/acknowledged';
const cancelled = 'notifications/cancelled';

/** The single resources of which the SDK said that the client will hear. */
function honoured({ params }: JSONRPCNotification): readonly string[] {
  const { resourceSubscriptions: uris = [] } = (params?.['notifications'] ?? {}) as {
    readonly resourceSubscriptions?: readonly string[];
  };
  return uris;
}

function subscriptionOf({
  params,
}: {
  readonly params?: object | undefined;
}): RequestId | undefined {
  const { _meta: meta } = (params ?? {}) as { readonly _meta?: Readonly<Record<string, unknown>> };
  return meta?.[SUBSCRIPTION_ID_META_KEY] as RequestId | undefined;
}

function cancellation(requestId: RequestId): JSONRPCNotification {
  return { jsonrpc: '2.0', method: cancelled, params: { requestId } };
}

function errorAnswer(
  id: RequestId,
  { code, message, data }: Pick<ProtocolError, 'code' | 'message'> & Partial<ProtocolError>,
): JSONRPCErrorResponse {
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return { jsonrpc: '2.0', id, error };
}
