/**
 * The gateway over Streamable HTTP, in both eras of the protocol on one path. A request is let in by its host
 * and origin, then by its bearer token; then its body is read, and what is decided is decided on the body.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLegacyRequest, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { ControlPlaneError } from '../../../engine/index.ts';
import { TaskStore } from '../call/task-store.ts';
import type { GatewayHost } from '../client/gateway-session.ts';
import {
  type GatewayConfig,
  type HttpLimits,
  httpLimits,
  type HttpTerms,
} from '../config/config.ts';
import { refused } from './answers.ts';
import { Bodies, TooManyBodies } from './bodies.ts';
import { type Caller, Callers, isRefused, tokenRefused } from './callers.ts';
import { CredentialOver } from './credential-end.ts';
import { Doorway } from './doorway.ts';
import { goneSignal, send, webRequest } from './exchange.ts';
import { Holds, TooManyClients } from './holds.ts';
import { readMessage } from './message.ts';
import { ResourceMetadata } from './resource-metadata.ts';
import { RoundClients } from './rounds.ts';
import { StreamClients } from './streams.ts';

export interface HttpEndpoint {
  /** Where clients find it, with the port that it has. */
  readonly url: URL;
  /** Stops listening, ends the calls that run, and lets go of all that was behind it. */
  close(): Promise<void>;
}

export async function listenHttp(
  host: GatewayHost & { readonly config: GatewayConfig & { readonly http: HttpTerms } },
  limits: HttpLimits = httpLimits,
): Promise<HttpEndpoint> {
  const { http } = host.config;
  const callers = new Callers(host.plane, host.config, host.report);
  const server = createServer({
    headersTimeout: limits.headMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.unusedConnectionMs,
  });
  server.maxConnections = limits.connectionsMax;
  server.listen(http.port, http.host.replaceAll(/[[\]]/g, ''));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(http.path, `http://${http.host}:${port}`);
  const metadata = ResourceMetadata.of(http, url);
  const doorway = new Doorway(http, port, metadata);
  const endpoint = new Endpoint({ host, limits }, { callers, doorway, metadata });
  server.on('request', (request, response) => void endpoint.answer(request, response));
  return {
    url,
    close: () => closed(server, endpoint),
  };
}

async function closed(server: Server, endpoint: Endpoint): Promise<void> {
  const over = once(server, 'close');
  server.close();
  await endpoint.close();
  server.closeAllConnections();
  await over;
}

class Endpoint {
  readonly #host: GatewayHost;
  readonly #limits: HttpLimits;
  readonly #terms: HttpTerms;
  readonly #callers: Callers;
  readonly #doorway: Doorway;
  readonly #metadata: ResourceMetadata | undefined;
  readonly #bodies: Bodies;
  readonly #holds: Holds;
  readonly #streams: StreamClients;
  readonly #rounds: RoundClients;

  constructor(
    {
      host,
      limits,
    }: { readonly host: Parameters<typeof listenHttp>[0]; readonly limits: HttpLimits },
    { callers, doorway, metadata }: Entrance,
  ) {
    this.#host = host;
    this.#limits = limits;
    this.#terms = host.config.http;
    this.#callers = callers;
    this.#doorway = doorway;
    this.#metadata = metadata;
    this.#bodies = new Bodies({ ...limits, bytesMax: host.config.http.requestBytesMax });
    this.#holds = new Holds(host.clock, host.config.http.idleMs, limits);
    const tasks = new TaskStore(host.clock);
    const serving = { host, limits, callers, holds: this.#holds, tasks };
    this.#streams = new StreamClients(serving);
    this.#rounds = new RoundClients(serving);
  }

  /** Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = goneSignal(response);
    const { promise: finished, resolve } = Promise.withResolvers<void>();
    try {
      const answer = await this.#answered(request, { gone, finished });
      // What of the request was not read is not read any more.
      const rest = request.complete ? {} : { connection: 'close' };
      await send(response, answer, {
        more: { ...this.#doorway.pageHeaders(request), ...rest },
        gone,
        unreadBytesMax: this.#limits.unreadBytesMax,
        unreadMs: this.#limits.unreadMs,
      });
    } catch (failure) {
      this.#host.report(`client: ${String(failure)}`);
      response.destroy();
    } finally {
      resolve();
    }
  }

  async #answered(request: IncomingMessage, about: About): Promise<Response> {
    const refusal = this.#doorway.refusal(request);
    if (refusal !== undefined) return refused(refusal);
    if (request.method === 'OPTIONS') {
      return new Response(null, { status: 204, headers: this.#doorway.preflightHeaders(request) });
    }
    if (this.#metadata !== undefined && this.#doorway.asksForMetadata(request)) {
      return this.#metadata.answer(request.method);
    }
    try {
      const caller = await this.#callers.identify(request, this.#metadata);
      if (isRefused(caller)) return refused(caller);
      return await this.#served(request, caller, about);
    } catch (failure) {
      return this.#failed(failure);
    }
  }

  async #served(request: IncomingMessage, caller: Caller, about: About): Promise<Response> {
    const web = { request: webRequest(request, about.gone), caller, finished: about.finished };
    if (request.method !== 'POST') return this.#streams.serve({ ...web, body: undefined });
    const length = Number(request.headers['content-length'] ?? 0);
    const bytes = await this.#bodies.read(caller.identity, request, length);
    if (bytes === undefined) {
      const message = `the body is larger than ${this.#terms.requestBytesMax} bytes`;
      return refused({ status: 413, message });
    }
    const read = readMessage(bytes, this.#limits);
    if (!('body' in read)) return refused({ status: 400, ...read });
    const { body } = read;
    const isLegacy = await isLegacyRequest(web.request, body);
    // The body may have taken its time. From here on, whatever holds something for the client is told.
    const { tools } = this.#host.plane;
    if (tools.credentialRefusal(caller.principal) !== undefined) {
      return refused(tokenRefused(this.#metadata));
    }
    return isLegacy ? this.#streams.serve({ ...web, body }) : this.#rounds.serve({ ...web, body });
  }

  #failed(failure: unknown): Response {
    if (failure instanceof CredentialOver) return refused(tokenRefused(this.#metadata));
    if (failure instanceof TooManyClients || failure instanceof TooManyBodies) {
      return busy(failure.message);
    }
    if (ControlPlaneError.is(failure)) {
      const message = `${failure.code}: ${failure.message}`;
      return failure.retryable ? busy(message) : refused({ status: 403, message });
    }
    this.#host.report(`client: ${String(failure)}`);
    const code = ProtocolErrorCode.InternalError;
    return refused({ status: 500, message: 'the request could not be served', code });
  }

  async close(): Promise<void> {
    await this.#holds.endAll();
    await this.#rounds.close();
  }
}

/** The same request may be served later. */
function busy(message: string): Response {
  return refused({ status: 503, message, headers: { 'retry-after': '5' } });
}

/** What a request comes past before anybody asks what it wants. */
interface Entrance {
  readonly callers: Callers;
  readonly doorway: Doorway;
  readonly metadata: ResourceMetadata | undefined;
}

interface About {
  readonly gone: AbortSignal;
  readonly finished: Promise<void>;
}
