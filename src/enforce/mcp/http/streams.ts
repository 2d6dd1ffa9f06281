/**
 * Clients of 2025-11-25 and before: a session by `Mcp-Session-Id`, opened by `initialize`, which nobody but
 * the caller that opened it can use. A client that goes away in the middle of a call has not cancelled it,
 * and gets the rest of the stream by `Last-Event-ID`.
 */
import { isInitializeRequest } from '@modelcontextprotocol/server';
import { systemIds } from '../../../engine/ids.ts';
import { downServer } from '../client/down-server.ts';
import { type Acting, GatewaySession, type LastingTasks } from '../client/gateway-session.ts';
import { announce, ask, tell } from '../client/messages.ts';
import { askable, capabilitiesIn } from '../protocol/capabilities.ts';
import { refused } from './answers.ts';
import type { HttpCall, HttpServing } from './call.ts';
import type { Caller } from './callers.ts';
import { CredentialEnd } from './credential-end.ts';
import { type Hold, TooManyClients } from './holds.ts';
import { Replay, ReplayMemory } from './replay.ts';
import { SessionTransport } from './session-transport.ts';

/** A request without a body is a GET or DELETE. */
type StreamCall = Omit<HttpCall, 'body'> & { readonly body: HttpCall['body'] | undefined };

/**
 * When a session of 2025-11-25 ends by its credential. One that came with a token is there for the next:
 * clients ask for that once they are told that the first is over, and then go on where they were.
 */
function endOf({ key, expiresAt }: Caller): Pick<Caller, 'key' | 'expiresAt'> {
  return { key, expiresAt: key === undefined ? Number.POSITIVE_INFINITY : expiresAt };
}

interface StreamClient {
  readonly session: GatewaySession;
  readonly transport: SessionTransport;
  readonly connection: string | undefined;
  readonly replay: Replay;
  readonly hold: Hold;
  readonly credential: CredentialEnd;
  /** Until when its stream for what servers say by themselves is kept open. */
  readonly until: { listening: CredentialEnd };
  expiresAt: number;
}

export class StreamClients {
  readonly #serving: HttpServing;
  readonly #clients = new Map<string, StreamClient>();
  readonly #replays: ReplayMemory;

  constructor(serving: HttpServing) {
    this.#serving = serving;
    this.#replays = new ReplayMemory(serving.limits.replayBytesOfAllMax);
  }

  async serve(call: StreamCall): Promise<Response> {
    const { request, body, caller, finished } = call;
    const id = request.headers.get('mcp-session-id');
    if (id === null) {
      if (body !== undefined && isInitializeRequest(body)) return this.#open({ ...call, body });
      return refused({
        status: 400,
        message: 'the request needs `Mcp-Session-Id`; `initialize` gives it',
      });
    }
    const client = this.#clients.get(id);
    // Somebody else's session is as unknown as one that nobody has.
    if (client === undefined || client.hold.identity !== caller.identity) {
      return refused({ status: 404, message: 'there is no such session' });
    }
    const last = request.method === 'GET' ? request.headers.get('last-event-id') : null;
    if (last !== null && !client.replay.has(last)) {
      return refused({ status: 400, message: 'what came after `Last-Event-ID` is not known here' });
    }
    client.hold.use(finished);
    await this.#renew(client, caller);
    return client.credential.during(() =>
      client.transport.handleRequest(request, { parsedBody: body }),
    );
  }

  async #renew(client: StreamClient, caller: Caller): Promise<void> {
    if (caller.expiresAt <= client.expiresAt) return;
    client.session.renew(await this.#serving.callers.acting(caller, client.connection));
    client.expiresAt = Math.max(client.expiresAt, caller.expiresAt);
    const { transport, until, hold } = client;
    // Let go of meanwhile: nobody would tell what begins now that it is over.
    if (hold.isOver) return;
    until.listening.renew(caller);
    // One that was over already is not renewed: its stream has ended, and another one may be opened.
    if (until.listening.isOver) until.listening = this.#listening(transport, caller);
  }

  /**
   * Its stream ends with its token: it says nothing any more, keeps servers in use for nobody, and a client
   * that opens it again is told to bring another token.
   */
  #listening(transport: SessionTransport, { expiresAt }: Caller): CredentialEnd {
    const end = (): void => transport.closeStandaloneSSEStream();
    const until = { key: undefined, expiresAt };
    return new CredentialEnd(this.#serving.host, until, { leave: end, letGo: end });
  }

  async #open({ request, body, caller, finished }: HttpCall): Promise<Response> {
    const { host, limits, callers, holds, tasks: store } = this.#serving;
    const id = systemIds.secret();
    const connection = host.config.http?.session === 'connection' ? id : undefined;
    const { replayBytesMax: bytesMax, replayMessagesMax: messagesMax } = limits;
    const prefix = systemIds.secret().slice(0, 16);
    const replay = new Replay({ memory: this.#replays, bytesMax, messagesMax, prefix });
    const transport = new SessionTransport({ sessionIdGenerator: () => id, eventStore: replay });
    const tasks = {
      store,
      // Where nobody says who they are, a task is its connection's: everybody is the same principal.
      context: this.#isTold ? caller.identity : id,
      begun: (ended: Promise<void>) => hold.use(ended),
    };
    // Before the log has a control session of it: of one that there is no room for, nobody would end it.
    const hold = holds.take(caller.identity, async () => {
      credential.forget();
      until.listening.forget();
      this.#clients.delete(id);
      replay.forgetAll();
      await transport.server?.close();
      await (await opening).close();
    });
    const letGo = (): void => holds.end(hold);
    const credential = new CredentialEnd(host, endOf(caller), { leave: letGo, letGo });
    const until = { listening: this.#listening(transport, caller) };
    hold.use(finished);
    const { expiresAt } = caller;
    const opening = callers
      .acting(caller, connection)
      .then((acting) => this.#session(acting, body, { transport, tasks }));
    const assertHeld = (): void => {
      if (hold.isOver) throw new TooManyClients('the gateway is being closed');
    };
    try {
      const answer = await credential.during(async () => {
        const session = await opening;
        assertHeld();
        this.#clients.set(id, {
          session,
          transport,
          connection,
          replay,
          hold,
          credential,
          until,
          expiresAt,
        });
        await session.start();
        assertHeld();
        const down = downServer(session, host.version, 'legacy');
        down.onclose = () => void this.#left(id, { session, hold });
        await transport.serve(down);
        return transport.handleRequest(request, { parsedBody: body });
      });
      if (answer.status !== 200) holds.end(hold);
      return answer;
    } catch (failure) {
      holds.end(hold);
      throw failure;
    }
  }

  /** Whether clients say who they are. */
  get #isTold(): boolean {
    return (this.#serving.host.config.http?.authentication.length ?? 0) > 0;
  }

  /** What runs as a task goes on without its client, for whom it is; the servers are let go of after it. */
  async #left(
    id: string,
    { session, hold }: Pick<StreamClient, 'session' | 'hold'>,
  ): Promise<void> {
    this.#clients.delete(id);
    if (this.#isTold) await session.running.ended();
    this.#serving.holds.end(hold);
  }

  #session(
    acting: Acting,
    body: HttpCall['body'],
    { transport, tasks }: { readonly transport: SessionTransport; readonly tasks: LastingTasks },
  ): GatewaySession {
    const capabilities = askable(capabilitiesIn(body['params']));
    return new GatewaySession(this.#serving.host, {
      ...acting,
      tasks,
      client: {
        capabilities,
        asksForLogs: false,
        changed: (list) => void announce(transport.server, list),
        notified: (notification) => void tell(transport.server, notification).catch(() => {}),
        asked: async (request) => ask(await transport.ready, request),
      },
    });
  }
}
