/**
 * The stream of one session of 2025-11-25. What a server says or asks while a call runs goes with that call's
 * answer, since a client need not have a stream open for anything else.
 */
import {
  type HandleRequestOptions,
  type JSONRPCMessage,
  ProtocolErrorCode,
  type Server,
  type TransportSendOptions,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { refused } from './answers.ts';

type RequestId = string | number;

const listChanged = /^notifications\/(?:tools|prompts|resources)\/list_changed$/;

export class SessionTransport extends WebStandardStreamableHTTPServerTransport {
  server: Server | undefined;
  /** Once the client has said that it is ready to be asked. */
  readonly ready: Promise<Server>;
  readonly #ready = Promise.withResolvers<Server>();
  readonly #running = new Set<RequestId>();

  constructor(...options: ConstructorParameters<typeof WebStandardStreamableHTTPServerTransport>) {
    super(...options);
    this.ready = this.#ready.promise;
  }

  async serve(server: Server): Promise<void> {
    this.server = server;
    server.oninitialized = () => this.#ready.resolve(server);
    await server.connect(this);
  }

  override async handleRequest(
    request: Request,
    options?: HandleRequestOptions,
  ): Promise<Response> {
    const body: unknown = options?.parsedBody;
    const id = requestId(body);
    if (id === undefined) {
      const answer = await super.handleRequest(request, options);
      this.#cancelled(body);
      return answer;
    }
    if (this.#running.has(id)) {
      const code = ProtocolErrorCode.InvalidRequest;
      return refused({ status: 400, message: 'a request with this `id` is running', code });
    }
    this.#running.add(id);
    const answer = await super.handleRequest(request, options);
    if (answer.status !== 200) this.#running.delete(id);
    return answer;
  }

  /** Nothing answers what was cancelled: its stream would stay open, and take what is for others. */
  #cancelled(body: unknown): void {
    const { method, params } = Object(body) as {
      readonly method?: unknown;
      readonly params?: { readonly requestId?: unknown } | null;
    };
    if (method !== 'notifications/cancelled') return;
    const id = params?.requestId as RequestId;
    if (this.#running.delete(id)) this.closeSSEStream(id);
  }

  override send(
    message: JSONRPCMessage,
    { relatedRequestId }: TransportSendOptions = {},
  ): Promise<void> {
    if (!('method' in message) && message.id !== undefined) this.#running.delete(message.id);
    const related = relatedRequestId ?? this.#relatedTo(message);
    return super.send(message, related === undefined ? {} : { relatedRequestId: related });
  }

  #relatedTo(message: JSONRPCMessage): RequestId | undefined {
    if (!('method' in message) || listChanged.test(message.method)) return undefined;
    return [...this.#running].at(-1);
  }
}

function requestId(body: unknown): RequestId | undefined {
  if (typeof body !== 'object' || body === null || !('method' in body)) return undefined;
  return 'id' in body ? (body.id as RequestId) : undefined;
}
