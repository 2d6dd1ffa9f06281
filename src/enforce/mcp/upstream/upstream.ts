/**
 * One server behind the gateway, for one client: connected, and connected again with growing delays when it
 * goes away. What it sends is bounded; what it does hurts no other server.
 */
import {
  type Client,
  type ClientCapabilities,
  type ClientOptions,
  type LoggingLevel,
  type Notification,
  type ServerCapabilities,
  type Tool,
} from '@modelcontextprotocol/client';
import { LOG_LEVEL_META_KEY } from '@modelcontextprotocol/server';
import { type Clock, ControlPlaneError, thrownMessage } from '../../../engine/index.ts';
import type { ServerConfig, ServerEra } from '../config/config.ts';
import type { ClientRequest, QuestionMethod, TaskMethod } from '../protocol/client-request.ts';
import { isQuieter } from '../protocol/log-levels.ts';
import { type HearProgress, ProgressTokens } from '../protocol/progress-tokens.ts';
import { rawResult, type RawResult } from '../protocol/raw-result.ts';
import { renamed } from '../protocol/related-task.ts';
import { taskOf, withTasks } from '../protocol/tasks-extension.ts';
import { assertDepth } from './answer-depth.ts';
import { checkedAnswer } from './checked-result.ts';
import { NotificationRate } from './notification-rate.ts';
import { mayDieAsked, negotiation, reach, startProblem } from './reach.ts';
import { schemasOnly } from './schema-validator.ts';
import type { ServerTask } from './server-task.ts';
import { Subscriptions } from './subscriptions.ts';
import { TaskingClient } from './tasking-client.ts';
import { UpstreamUnavailable } from './unavailable.ts';
import { waitForTask } from './wait-for-task.ts';

/** What the gateway does for its servers. */
export interface UpstreamHost {
  readonly clock: Clock;
  readonly version: string;
  /** What the client is able to be asked; servers are told the same. */
  readonly capabilities: ClientCapabilities;
  /** Says what happened, for people; never to the client. */
  readonly report: (message: string) => void;
  /** It was connected (again), or it said that a list is another now. */
  readonly changed: (upstream: Upstream, list: ListKind | 'all') => void;
  /** It said something that is not for the gateway. */
  readonly notified: (upstream: Upstream, notification: Notification) => void;
  /** It asks the client for something. */
  readonly asked: (upstream: Upstream, request: ClientRequest) => Promise<RawResult>;
  /** As it knows a task that the client's message is about. */
  readonly taskNameAt: (upstream: Upstream, taskId: string) => string | undefined;
}

export type ListKind = 'tools' | 'prompts' | 'resources';

export interface ForwardOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onprogress?: HearProgress | undefined;
  /** From which level on the client of the request wants to hear the server's log meanwhile. */
  readonly logLevel?: LoggingLevel | undefined;
  /** In place of the time that a call may take, ms. */
  readonly timeoutMs?: number;
  /** Of a call: the server runs it as a task. Says whether the client can be asked several things at once. */
  readonly onTask?: ((task: ServerTask) => boolean) | undefined;
}

const delayMsMin = 500;
const delayMsMax = 60_000;
/** How long a request waits for its server to take the level that it is to log at. */
const setLevelMs = 5_000;

export class Upstream {
  readonly config: ServerConfig;
  readonly #host: UpstreamHost;
  #client: Client | undefined;
  /** Before it has answered: it may never. */
  #connecting: Client | undefined;
  /** The most talkative that a server of 2025 was set to since it started, for one request or another. */
  #logLevel: LoggingLevel | undefined;
  #problem = 'it was not started yet';
  #delayMs = delayMsMin;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;
  /** Of a server of 2026-07-28. */
  readonly #subscriptions = new Subscriptions();
  readonly #progress = new ProgressTokens();
  readonly #rate: NotificationRate;

  constructor(config: ServerConfig, host: UpstreamHost) {
    this.config = config;
    this.#host = host;
    this.#rate = new NotificationRate(host.clock, (message) => this.#report(message));
  }

  get name(): string {
    return this.config.name;
  }

  /** Undefined while it is connected. */
  get problem(): string | undefined {
    return this.#client === undefined ? this.#problem : undefined;
  }

  /** Another one each time that it is connected: what it said before binds nothing that it does now. */
  get connection(): object | undefined {
    return this.#client;
  }

  get capabilities(): ServerCapabilities {
    return this.#client?.getServerCapabilities() ?? {};
  }

  get instructions(): string | undefined {
    return this.#client?.getInstructions();
  }

  /** Connects. Where that fails, it is tried again later, and `problem` says why. */
  async start(): Promise<void> {
    if (this.#isClosed) return;
    let client: Client;
    try {
      client = await this.#connect();
    } catch (failure) {
      this.#goneAway(startProblem(failure, this.config) ?? messageOf(failure));
      return;
    }
    if (this.#isClosed) {
      await client.close().catch(() => {});
      return;
    }
    this.#client = client;
    this.#logLevel = undefined;
    client.onclose = () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#subscriptions.forget();
      this.#goneAway('it went away');
    };
    this.#host.changed(this, 'all');
  }

  async #connect(): Promise<Client> {
    try {
      return await this.#connectAs(this.config.era);
    } catch (failure) {
      if (this.#isClosed || !mayDieAsked(this.config)) throw failure;
      return this.#connectAs('legacy');
    }
  }

  async #connectAs(era: ServerEra): Promise<Client> {
    const client = this.#newClient(era);
    this.#connecting = client;
    try {
      const { transport, stderr } = await reach(this.config);
      stderr?.on('data', (chunk: unknown) => this.#report(`says: ${String(chunk).trimEnd()}`));
      await client.connect(transport, { timeout: this.config.startTimeoutMs });
      return client;
    } catch (failure) {
      await client.close().catch(() => {});
      throw failure;
    } finally {
      this.#connecting = undefined;
    }
  }

  #newClient(era: ServerEra): Client {
    const changed = (list: ListKind) => ({
      autoRefresh: false,
      onChanged: () => this.#host.changed(this, list),
    });
    const options: ClientOptions = {
      capabilities: this.#askable(),
      jsonSchemaValidator: schemasOnly,
      versionNegotiation: negotiation({ ...this.config, era }),
      listChanged: {
        tools: changed('tools'),
        prompts: changed('prompts'),
        resources: changed('resources'),
      },
    };
    const client = new TaskingClient(
      { name: 'agent-control-plane', version: this.#host.version },
      options,
    );
    client.onerror = (failure) => this.#report(messageOf(failure));
    client.fallbackNotificationHandler = async (notification) => {
      if (this.#rate.admits()) this.#host.notified(this, notification);
    };
    client.setNotificationHandler('notifications/progress', (said) => {
      if (this.#rate.admits()) this.#progress.tell(said);
    });
    this.#answerRequests(client);
    return client;
  }

  /** What the server is told that the client can be asked. */
  #askable(): ClientCapabilities {
    const { roots, ...others } = this.#host.capabilities;
    return roots === undefined || !this.config.roots ? others : { ...others, roots };
  }

  #questions(): readonly QuestionMethod[] {
    const { sampling, elicitation, roots } = this.#askable();
    const methods: QuestionMethod[] = [];
    if (sampling !== undefined) methods.push('sampling/createMessage');
    if (elicitation !== undefined) methods.push('elicitation/create');
    if (roots !== undefined) methods.push('roots/list');
    return methods;
  }

  #answerRequests(client: Client): void {
    const { tasks } = this.#askable();
    for (const method of this.#questions()) {
      client.setRequestHandler(
        method,
        async ({ params }, { mcpReq: { signal } }) =>
          // What the client answers is passed on as it is; the SDK holds it against its own schema.
          (await this.#host.asked(this, { method, params, signal })) as never,
      );
    }
    if (tasks === undefined) return;
    const ofTasks: TaskMethod[] = ['tasks/get', 'tasks/result'];
    if (tasks.cancel !== undefined) ofTasks.push('tasks/cancel');
    if (tasks.list !== undefined) ofTasks.push('tasks/list');
    for (const method of ofTasks) {
      client.setRequestHandler(method, { params: rawResult }, (params, { mcpReq: { signal } }) =>
        this.#host.asked(this, { method, params, signal }),
      );
    }
  }

  #goneAway(problem: string): void {
    if (this.#isClosed) return;
    this.#problem = problem;
    this.#report(`${problem}; it is started again in ${this.#delayMs} ms`);
    this.#cancelRetry = this.#host.clock.after(this.#delayMs, () => void this.start());
    this.#delayMs = Math.min(this.#delayMs * 2, delayMsMax);
  }

  /** Sends a request as it is. Throws what the server answers, or `upstream-unavailable` where it is away. */
  async request(
    method: string,
    params: Readonly<Record<string, unknown>> | undefined,
    options: ForwardOptions = {},
  ): Promise<RawResult> {
    const told = await this.#withLogLevel(this.#inItsNames(params), options);
    const answer = await this.hearing(told, options.onprogress, (asked) => {
      const request = asked === undefined ? { method } : { method, params: { ...asked } };
      return this.#connected().request(request, rawResult, this.#requestOptions(options));
    });
    assertDepth(answer);
    return answer;
  }

  /** Calls a tool, with the headers that its definition asks for, and checks what comes back. */
  async callTool(
    tool: Tool,
    params: Readonly<Record<string, unknown>>,
    options: ForwardOptions = {},
  ): Promise<RawResult> {
    const told = await this.#withLogLevel(this.#inItsNames(params), options);
    const client = this.#connected();
    const isModern = client.getProtocolEra() === 'modern';
    const send = { ...this.#requestOptions(options), toolDefinition: tool };
    const result = await this.hearing(told, options.onprogress, (asked) => {
      const named = { ...asked, name: tool.name };
      const call = isModern ? { ...this.#aboutTasks(named), name: tool.name } : named;
      return client.callTool(call, send).then(
        (answer) => checkedAnswer(tool, answer),
        (failure: unknown) => {
          const task = isModern ? taskOf(failure) : undefined;
          if (task === undefined) throw failure;
          return this.#ended(task, tool, options);
        },
      );
    });
    // Whoever answers has come back to life.
    this.#delayMs = delayMsMin;
    return result;
  }

  #aboutTasks(params: Readonly<Record<string, unknown>>) {
    return withTasks(params, this.#askable());
  }

  /** What became of a call that a server of 2026-07-28 runs as a task. */
  #ended(task: RawResult, tool: Tool, { signal, onTask }: ForwardOptions): Promise<RawResult> {
    return waitForTask(task, {
      tool,
      clock: this.#host.clock,
      signal: signal ?? new AbortController().signal,
      send: (method, params, given) =>
        this.request(method, this.#aboutTasks(params), { signal: given }),
      questions: this.#questions(),
      ask: (request) => this.#host.asked(this, request),
      onTask: (begun) => onTask?.({ at: this, ...begun }) ?? false,
    });
  }

  #inItsNames<P extends Readonly<Record<string, unknown>> | undefined>(params: P): P {
    return renamed(params, (taskId) => this.#host.taskNameAt(this, taskId));
  }

  /** While `send` runs, what the server tells of how far it is goes to `onprogress`. */
  hearing<T, P extends Readonly<Record<string, unknown>> | undefined>(
    params: P,
    onprogress: HearProgress | undefined,
    send: (params: P | Readonly<Record<string, unknown>>) => Promise<T>,
  ): Promise<T> {
    return this.#progress.during(params, onprogress, send);
  }

  /** Says from which level on it is to log: with the request, or to a server of 2025 before it. */
  async #withLogLevel<P extends Readonly<Record<string, unknown>> | undefined>(
    params: P,
    { logLevel, signal }: ForwardOptions,
  ): Promise<P | Readonly<Record<string, unknown>>> {
    if (logLevel === undefined || this.capabilities.logging === undefined) return params;
    if (this.#connected().getProtocolEra() === 'modern') {
      const meta = params?.['_meta'] as object | undefined;
      return { ...params, _meta: { ...meta, [LOG_LEVEL_META_KEY]: logLevel } };
    }
    if (isQuieter(this.#logLevel, logLevel)) {
      this.#logLevel = logLevel;
      const options = { signal, timeoutMs: setLevelMs };
      // What was asked for is the request: that the server says less than it could is no reason to leave it.
      await this.request('logging/setLevel', { level: logLevel }, options).catch(
        (failure: unknown) => this.#report(`its log level was not set: ${messageOf(failure)}`),
      );
    }
    return params;
  }

  /** Asks to hear of one resource, in the words of the era that the server is spoken to in. */
  async subscribe(
    params: Readonly<Record<string, unknown>>,
    options: ForwardOptions,
  ): Promise<RawResult> {
    const client = this.#connected();
    if (client.getProtocolEra() !== 'modern') {
      return this.request('resources/subscribe', params, options);
    }
    const uri = String(params['uri']);
    const filter = { resourceSubscriptions: [uri] };
    const listen = () => client.listen(filter, this.#requestOptions(options));
    await this.#subscriptions.begin(uri, listen);
    return {};
  }

  async unsubscribe(
    params: Readonly<Record<string, unknown>>,
    options: ForwardOptions,
  ): Promise<RawResult> {
    if (this.#connected().getProtocolEra() !== 'modern') {
      return this.request('resources/unsubscribe', params, options);
    }
    await this.#subscriptions.end(String(params['uri']));
    return {};
  }

  async notify(notification: Notification): Promise<void> {
    await this.#client?.notification(notification).catch((failure: unknown) => {
      this.#report(messageOf(failure));
    });
  }

  #requestOptions({ signal, timeoutMs }: ForwardOptions) {
    const timeout = timeoutMs ?? this.config.callTimeoutMs;
    return {
      timeout,
      maxTotalTimeout: timeout,
      ...(signal === undefined ? {} : { signal }),
    };
  }

  #connected(): Client {
    if (this.#client !== undefined) return this.#client;
    throw new UpstreamUnavailable(this.name, this.#problem);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    const client = this.#client ?? this.#connecting;
    this.#client = undefined;
    this.#problem = 'the gateway is closing';
    await client?.close().catch(() => {});
  }

  #report(message: string): void {
    this.#host.report(`server ${this.name}: ${message}`);
  }
}

function messageOf(failure: unknown): string {
  const message = thrownMessage(failure);
  return ControlPlaneError.is(failure) ? `${failure.code}: ${message}` : message;
}
