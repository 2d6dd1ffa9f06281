/**
 * One client over one channel, stdio or a stream: what it can be asked is learned from its first message, and
 * then its session is opened, its servers are connected, and everything is answered from there.
 */
import type {
  ClientCapabilities,
  JSONRPCMessage,
  Notification,
  Transport,
} from '@modelcontextprotocol/client';
import { CLIENT_CAPABILITIES_META_KEY, type Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Session } from '../../engine/index.ts';
import type { Principal } from '../../identity/principal.ts';
import { downServer } from './down-server.ts';
import { type GatewayHost, GatewaySession } from './gateway-session.ts';
import { initializeFirst } from './initialize-first.ts';
import { rawResult, type RawResult } from './raw-result.ts';
import type { ClientRequest, ListKind } from './upstream.ts';

export interface Channel {
  readonly transport: Transport;
  readonly principal: Principal;
  readonly control: Session;
}

export interface ClientConnection {
  /** Resolves when the channel is closed, whoever closed it, and all that was behind it is let go of. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

type Era = 'legacy' | 'modern';

export function connectClient(host: GatewayHost, channel: Channel): ClientConnection {
  const opening = new Opening(initializeFirst(channel.transport));
  /** The server of the connection; a probe's is thrown away. */
  let current: Server | undefined;
  let opened: Promise<GatewaySession> | undefined;
  /** Once a client of 2025 has said that it is ready to be asked. */
  const ready = Promise.withResolvers<Server>();
  let era: Era = 'legacy';
  const client = {
    changed: (list: ListKind) => void announce(current, list),
    notified: ({ method, params }: Notification) => {
      const notification = params === undefined ? { method } : { method, params };
      current?.notification(notification).catch((failure: unknown) => {
        host.report(`a notification was not passed on: ${String(failure)}`);
      });
    },
    asked: async (request: ClientRequest) => {
      if (era === 'legacy') return ask(await ready.promise, request);
      const session = await opened;
      if (session === undefined) throw new Error('the client cannot be asked now');
      return session.parked.ask(request);
    },
  };
  const open = async (): Promise<GatewaySession> => {
    const { principal, control } = channel;
    const { capabilities } = opening;
    const about = { control, principal, client: { ...client, capabilities } };
    const session = new GatewaySession(host, about);
    await session.start();
    return session;
  };
  const handle = serveStdio(
    async (request) => {
      ({ era } = request);
      opened ??= open();
      const session = await opened;
      const server = downServer(session, host.version);
      server.oninitialized = () => ready.resolve(server);
      current = server;
      return server;
    },
    {
      transport: opening.transport,
      onerror: (failure) => host.report(`client: ${failure.message}`),
    },
  );
  const closed = closedAfter(opening, () => opened);
  return {
    closed,
    close: async () => {
      await handle.close();
      await closed;
    },
  };
}

async function closedAfter(
  opening: Opening,
  opened: () => Promise<GatewaySession> | undefined,
): Promise<void> {
  await opening.closed;
  const session = await opened()?.catch(() => undefined);
  await session?.close();
}

async function announce(server: Server | undefined, list: ListKind): Promise<void> {
  const method = `notifications/${list}/list_changed`;
  // A client that went away, or has no such lists, hears nothing.
  await server?.notification({ method }).catch(() => {});
}

/** In the era of 2025 a server may ask its client at any time. */
function ask(server: Server, { method, params }: ClientRequest): Promise<RawResult> {
  const request = params === undefined ? { method } : { method, params: { ...params } };
  return server.request(request, rawResult);
}

/** A transport that tells what its first messages say of the client, and when it closes. */
class Opening {
  readonly closed: Promise<void>;
  readonly transport: Transport;
  #capabilities: ClientCapabilities | undefined;

  constructor(inner: Transport) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    const see = (message: JSONRPCMessage): void => {
      this.#capabilities ??= capabilitiesIn(message);
    };
    const outer: Transport = {
      start: async () => {
        inner.onmessage = (message, extra) => {
          see(message);
          outer.onmessage?.(message, extra);
        };
        inner.onerror = (failure) => outer.onerror?.(failure);
        inner.onclose = () => {
          outer.onclose?.();
          resolve();
        };
        await inner.start();
      },
      send: (message, options) => inner.send(message, options),
      close: () => inner.close(),
    };
    this.transport = outer;
  }

  /** What the client can be asked for; nothing where it did not say. */
  get capabilities(): ClientCapabilities {
    const { sampling, elicitation, roots } = this.#capabilities ?? {};
    return {
      ...(sampling === undefined ? {} : { sampling }),
      ...(elicitation === undefined ? {} : { elicitation }),
      ...(roots === undefined ? {} : { roots }),
    };
  }
}

function capabilitiesIn(message: JSONRPCMessage): ClientCapabilities | undefined {
  if (!('method' in message) || message.params === undefined) return undefined;
  const { _meta, capabilities } = message.params as {
    readonly _meta?: Readonly<Record<string, unknown>>;
    readonly capabilities?: unknown;
  };
  const told = _meta?.[CLIENT_CAPABILITIES_META_KEY] ?? capabilities;
  return typeof told === 'object' && told !== null ? told : undefined;
}
