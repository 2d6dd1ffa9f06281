/**
 * Clients of 2026-07-28: each request stands alone and is served by a server of its own, and what a principal
 * has behind the gateway is kept from request to request.
 */
import type { ClientCapabilities } from '@modelcontextprotocol/client';
import {
  createMcpHandler,
  type McpHttpHandler,
  McpServer,
  type ProtocolError,
  Server,
} from '@modelcontextprotocol/server';
import type { TaskStore } from '../call/task-store.ts';
import { downServer } from '../client/down-server.ts';
import { type Acting, type GatewayHost, GatewaySession } from '../client/gateway-session.ts';
import { TaskingServer } from '../client/tasking-server.ts';
import { watchResources } from '../client/watch-resources.ts';
import type { HttpLimits } from '../config/config.ts';
import { askable, capabilitiesIn } from '../protocol/capabilities.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import { listensUndeclared, tasksUndeclared } from '../protocol/tasks-extension.ts';
import type { HttpCall, HttpServing } from './call.ts';
import type { Caller, Callers } from './callers.ts';
import { CredentialEnd } from './credential-end.ts';
import { type Hold, TooManyClients } from './holds.ts';

export class RoundClients {
  readonly #serving: HttpServing;
  /** By principal and what the client can be asked. */
  readonly #clients = new Map<string, HeldClient>();
  /** Answers what is no request, and reaches no server. */
  readonly #porter: McpHttpHandler;

  constructor(serving: HttpServing) {
    this.#serving = serving;
    const about = { name: 'agent-control-plane', version: serving.host.version };
    this.#porter = createMcpHandler(() => new Server(about, { capabilities: {} }), {
      legacy: 'reject',
    });
  }

  async serve({ request, body, caller, finished }: HttpCall): Promise<Response> {
    if (!Object.hasOwn(body, 'id')) return this.#porter.fetch(request, { parsedBody: body });
    // The SDK knows of no tasks to listen to, and would leave them out without a word.
    const { method, params } = body;
    if (method === 'subscriptions/listen' && listensUndeclared(params)) {
      return errorAnswer(body['id'], tasksUndeclared(), 400);
    }
    const capabilities = askable(capabilitiesIn(params));
    const key = `${caller.identity} ${JSON.stringify(capabilities)}`;
    const { client, hold, credential } =
      this.#clients.get(key) ?? this.#taken(key, caller, capabilities);
    hold.use(finished);
    // Before anything is waited for: it must not end meanwhile by the earlier one's time.
    credential.renew(caller);
    return credential.during(async () => {
      await client.admit(caller);
      const problem = await client.watch(body, finished);
      if (problem !== undefined) return errorAnswer(body['id'], problem);
      return client.handler.fetch(request, { parsedBody: body });
    });
  }

  #taken(key: string, caller: Caller, capabilities: ClientCapabilities): HeldClient {
    const { host, holds } = this.#serving;
    const client = new RoundClient(this.#serving, caller, capabilities);
    const forget = (): void => {
      // Whoever came back meanwhile has another one under the same key.
      if (this.#clients.get(key)?.client === client) this.#clients.delete(key);
    };
    const hold = holds.take(caller.identity, async () => {
      credential.forget();
      forget();
      await client.close();
    });
    const credential = new CredentialEnd(host, caller, {
      leave: () => {
        forget();
        void client.left().then(() => holds.end(hold));
      },
      letGo: () => holds.end(hold),
    });
    client.hold = hold;
    const held = { client, hold, credential };
    this.#clients.set(key, held);
    return held;
  }

  close(): Promise<void> {
    return this.#porter.close();
  }
}

interface HeldClient {
  readonly client: RoundClient;
  readonly hold: Hold;
  readonly credential: CredentialEnd;
}

class RoundClient {
  readonly handler: McpHttpHandler;
  hold: Hold | undefined;
  readonly #host: GatewayHost;
  readonly #limits: HttpLimits;
  readonly #callers: Callers;
  readonly #tasks: TaskStore;
  readonly #identity: string;
  readonly #capabilities: ClientCapabilities;
  #admitted: { readonly expiresAt: number; readonly acting: Promise<Acting> } | undefined;
  #session: Promise<GatewaySession> | undefined;
  /** The same before its servers have started, which may take longer than the client stays. */
  #opening: GatewaySession | undefined;
  #isLeft = false;

  constructor(
    { host, limits, callers, tasks }: HttpServing,
    { identity }: Caller,
    capabilities: ClientCapabilities,
  ) {
    this.#host = host;
    this.#tasks = tasks;
    this.#identity = identity;
    this.#limits = limits;
    this.#callers = callers;
    this.#capabilities = capabilities;
    this.handler = createMcpHandler(() => this.#newServer(), {
      legacy: 'reject',
      maxSubscriptions: limits.subscriptionsMax,
      onerror: (failure) => host.report(`client: ${failure.message}`),
    });
  }

  /** Throws where the kernel lets the caller into no session. */
  async admit(caller: Caller): Promise<void> {
    const { expiresAt } = caller;
    if (this.#admitted === undefined || this.#admitted.expiresAt < expiresAt) {
      this.#admitted = { expiresAt, acting: this.#callers.acting(caller) };
      const { acting } = this.#admitted;
      const renewed = await acting.catch((failure: unknown) => {
        this.#admitted = undefined;
        throw failure;
      });
      (await this.#session)?.renew(renewed);
    }
    await this.#admitted?.acting;
  }

  /** Listens to the single resources that a request asks to hear of; says why that cannot be, or nothing. */
  watch(body: HttpCall['body'], finished: Promise<void>): Promise<ProtocolError | undefined> {
    const uris = watchedResources(body);
    return watchResources(() => this.#opened(), { uris, limits: this.#limits, finished });
  }

  #opened(): Promise<GatewaySession> {
    this.#session ??= this.#open().catch((failure: unknown) => {
      // The next request tries again.
      this.#session = undefined;
      throw failure;
    });
    return this.#session;
  }

  async #newServer(): Promise<McpServer> {
    const session = await this.#opened();
    let checked: HeaderCheckedServer | undefined;
    downServer(session, this.#host.version, 'modern', (about, options) => {
      checked = new HeaderCheckedServer(session, about, options);
      return checked.server;
    });
    if (checked === undefined) throw new Error('no server was made');
    return checked;
  }

  async #open(): Promise<GatewaySession> {
    const acting = await this.#admitted?.acting;
    if (acting === undefined) throw new Error('nobody was admitted');
    // Nobody would let go of the servers of a session that is opened after that.
    if (this.#isLeft) throw new TooManyClients('the client was let go of');
    const tasks = {
      store: this.#tasks,
      // There are no connections: whatever a client says of itself, its tasks are its principal's.
      context: `2026-07-28 ${acting.control.id} ${this.#identity}`,
      begun: (ended: Promise<void>) => this.hold?.use(ended),
    };
    const session = new GatewaySession(this.#host, {
      ...acting,
      tasks,
      client: {
        capabilities: this.#capabilities,
        asksForLogs: true,
        changed: (list) => this.handler.notify[`${list}Changed`](),
        notified: ({ method, params }) => {
          // The rest is about no call, and with an answer nothing can be told but what is about its call.
          if (method !== 'notifications/resources/updated') return;
          this.handler.notify.resourceUpdated(String(params?.['uri']));
        },
        asked: (request: ClientRequest) => session.parked.ask(request),
      },
    });
    this.#opening = session;
    await session.start();
    return session;
  }

  /** Its streams end and its calls are given up. Resolves, and never rejects, once no task of it runs. */
  async left(): Promise<void> {
    this.#isLeft = true;
    await this.handler.close();
    await this.#opening?.running.ended();
  }

  async close(): Promise<void> {
    this.#isLeft = true;
    await this.handler.close();
    await this.#opening?.close();
  }
}

function watchedResources({ method, params }: HttpCall['body']): readonly string[] {
  if (method !== 'subscriptions/listen') return [];
  const { notifications } = (params ?? {}) as { readonly notifications?: unknown };
  const { resourceSubscriptions: uris } = (notifications ?? {}) as {
    readonly resourceSubscriptions?: unknown;
  };
  // What is no list of texts is the SDK's to refuse.
  return Array.isArray(uris) && uris.every((uri) => typeof uri === 'string') ? uris : [];
}

function errorAnswer(id: unknown, { code, message, data }: ProtocolError, status = 200): Response {
  return Response.json({ jsonrpc: '2.0', id, error: { code, message, data } }, { status });
}

/** Lets the SDK hold `Mcp-Param-*` headers against the arguments, by the schema that the client was shown. */
class HeaderCheckedServer extends McpServer {
  override readonly server: Server;
  readonly #session: GatewaySession;

  constructor(session: GatewaySession, ...about: ConstructorParameters<typeof McpServer>) {
    super(...about);
    this.server = new TaskingServer(...about);
    this.#session = session;
  }

  override toolInputSchemaJson(name: string): Record<string, unknown> | undefined {
    return this.#session.catalogue.get(name)?.raw.inputSchema;
  }
}
