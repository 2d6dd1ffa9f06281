/**
 * One client over one channel, stdio or a stream: what it can be asked is learned from its first message, and
 * then its session is opened, its servers are connected, and everything is answered from there.
 */
import type { ClientCapabilities, Notification, Transport } from '@modelcontextprotocol/client';
import type { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { listenLimits } from '../config/config.ts';
import { askable, capabilitiesIn } from '../protocol/capabilities.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { ListKind } from '../upstream/upstream.ts';
import { aroundTransport } from './around-transport.ts';
import { downServer, type Era } from './down-server.ts';
import { type Acting, type GatewayHost, GatewaySession } from './gateway-session.ts';
import { initializeFirst } from './initialize-first.ts';
import { listening } from './listening.ts';
import { announce, ask, tell } from './messages.ts';
import { watchResources } from './watch-resources.ts';

export interface Channel extends Acting {
  readonly transport: Transport;
}

export interface ClientConnection {
  /** Resolves when the channel is closed, whoever closed it, and all that was behind it is let go of. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

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
    notified: (notification: Notification) => {
      tell(current, notification).catch((failure: unknown) => {
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
    const { principal, control, isOwn } = channel;
    const { capabilities } = opening;
    const side = {
      ...client,
      capabilities,
      // Whoever only looked in the later era may still be a client of 2025: that is not known now.
      get asksForLogs() {
        return era === 'modern';
      },
    };
    const about = { control, principal, isOwn, client: side };
    const session = new GatewaySession(host, about);
    await session.start();
    return session;
  };
  const openedSession = (): Promise<GatewaySession> => (opened ??= open());
  const handle = serveStdio(
    async (request) => {
      ({ era } = request);
      const session = await openedSession();
      const server = downServer(session, host.version, era);
      server.oninitialized = () => ready.resolve(server);
      current = server;
      return server;
    },
    {
      transport: listening(opening.transport, (uris, finished) =>
        watchResources(openedSession, { uris, limits: listenLimits, finished }),
      ),
      maxSubscriptions: listenLimits.subscriptionsMax,
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

/** A transport that tells what its first messages say of the client, and when it closes. */
class Opening {
  readonly closed: Promise<void>;
  readonly transport: Transport;
  #capabilities: ClientCapabilities | undefined;

  constructor(inner: Transport) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.transport = aroundTransport(inner, {
      received: (message, pass) => {
        if ('method' in message) this.#capabilities ??= capabilitiesIn(message.params);
        pass();
      },
      closed: resolve,
    });
  }

  /** What the client can be asked for; nothing where it did not say. */
  get capabilities(): ClientCapabilities {
    return askable(this.#capabilities);
  }
}
