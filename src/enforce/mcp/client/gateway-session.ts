/**
 * What one client has behind the gateway: a control session in which its calls are decided, and connections
 * of its own to the servers, so that what a server asks or says reaches the client that it is for.
 */
import type { ClientCapabilities, Notification } from '@modelcontextprotocol/client';
import type { Clock, ControlPlane, LogEvent, Session } from '../../../engine/index.ts';
import type { Principal } from '../../../identity/principal.ts';
import { Answers } from '../call/answers.ts';
import type { Calling } from '../call/call.ts';
import { ClientTasks, taskStatus } from '../call/client-tasks.ts';
import { ExtensionTasks } from '../call/extension-tasks.ts';
import { ParkedCalls } from '../call/parked.ts';
import { type RoundStates, roundStates } from '../call/round-states.ts';
import { RunningTasks, type TaskOwner } from '../call/running-tasks.ts';
import { TaskStore } from '../call/task-store.ts';
import type { ApprovalTerms, GatewayConfig } from '../config/config.ts';
import { PassThrough } from '../passing/pass-through.ts';
import { ResourceWatches } from '../passing/resource-watches.ts';
import { logMessage, LogLevels } from '../protocol/log-levels.ts';
import type { RawResult } from '../protocol/raw-result.ts';
import { Catalogue } from '../tools/catalogue.ts';
import type { OfferedTool } from '../tools/definition.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import { type ListKind, Upstream } from '../upstream/upstream.ts';
import { AskedOfClient } from './asked-of-client.ts';

/** What a gateway session needs of the process that it is in. */
export interface GatewayHost {
  readonly plane: ControlPlane;
  readonly config: GatewayConfig;
  readonly clock: Clock;
  /** Of this program, as servers are told. */
  readonly version: string;
  /** Says what happened, for people: never to the client. */
  readonly report: (message: string) => void;
}

/** Who acts, and the control session in which the kernel decides on it. */
export interface Acting {
  readonly principal: Principal;
  readonly control: Session;
  /** Whether the control session is this client's alone, and ends with it. */
  readonly isOwn: boolean;
}

/** The client, as its session sees it. */
export interface ClientSide {
  readonly capabilities: ClientCapabilities;
  /**
   * It hears of servers' logs what its requests ask for, and not what it set (2026-07-28). That may not be
   * known from the beginning: it is asked each time.
   */
  readonly asksForLogs: boolean;
  /** A list is another now. */
  readonly changed: (list: ListKind) => void;
  readonly notified: (notification: Notification) => void;
  readonly asked: (request: ClientRequest) => Promise<RawResult>;
}

/** Where the client's tasks are kept, if they are to outlive it. */
export interface LastingTasks extends TaskOwner {
  readonly store: TaskStore;
}

/** Events after which somebody may see other tools. */
const visibilityEvents =
  /^(?:tool-|agent-|policy-activated|kill-|session-transitioned|heartbeat-lapsed|operator-heartbeat)/;
/** Changes that come together are told once. */
const settleMs = 200;

export class GatewaySession {
  readonly passThrough: PassThrough;
  readonly watches: ResourceWatches;
  readonly calling: Calling;
  /** Calls whose servers ask something of a client that can only be asked in an answer. */
  readonly parked: ParkedCalls;
  readonly states: RoundStates;
  readonly running: RunningTasks;
  /** The same, as a client of 2025-11-25 has them, and as one of 2026-07-28 does. */
  readonly tasks: ClientTasks;
  readonly extensionTasks: ExtensionTasks;
  readonly logLevels = new LogLevels();
  readonly #host: GatewayHost;
  readonly #client: ClientSide;
  readonly #asked: AskedOfClient;
  #acting: Acting;
  readonly #upstreams: ReadonlyMap<string, Upstream>;
  readonly #catalogue: Catalogue;
  readonly #unsubscribe: () => void;
  readonly #waiting = new Map<ListKind, () => void>();
  /** Before, nobody was shown a list that could be another now. */
  #isStarted = false;
  #isClosed = false;
  /** Whether the control session was stopped, as of the last event that may have to do with it. */
  #isStopped = false;

  constructor(
    host: GatewayHost,
    {
      client,
      tasks,
      ...acting
    }: Acting & { readonly client: ClientSide; readonly tasks?: LastingTasks },
  ) {
    const { plane, config, clock, version, report } = host;
    this.#host = host;
    this.#client = client;
    this.#acting = acting;
    this.#catalogue = new Catalogue(plane, config, report);
    const upstreams = config.servers.map(
      (server) =>
        new Upstream(server, {
          clock,
          version,
          report,
          capabilities: client.capabilities,
          changed: (upstream, list) => void this.#serverChanged(upstream, list),
          notified: (upstream, notification) => this.#serverSaid(upstream, notification),
          asked: (upstream, request) => this.#asked.asked(upstream, request),
          taskNameAt: (upstream, taskId) => this.#asked.nameAtServer(upstream, taskId),
        }),
    );
    this.#upstreams = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
    this.passThrough = new PassThrough(upstreams, config.isPrefixed);
    this.watches = new ResourceWatches(this.passThrough, report);
    const current = (): Session => this.control;
    this.calling = {
      get control() {
        return current();
      },
      catalogue: this.#catalogue,
      answers: new Answers(),
      results: config.results,
      upstream: (name) => this.#upstreams.get(name),
    };
    this.parked = new ParkedCalls(clock);
    const { store, ...whose } = tasks ?? { store: new TaskStore(clock), context: '' };
    this.running = new RunningTasks(store, whose);
    this.tasks = new ClientTasks(this.running, (said) => client.notified(said));
    this.extensionTasks = new ExtensionTasks(this.running);
    this.#asked = new AskedOfClient({
      clock,
      capabilities: client.capabilities,
      ask: (request) => client.asked(request),
      tasks: this.running,
      stopped: () => this.stopped(),
    });
    this.states = roundStates(acting.control);
    this.#unsubscribe = plane.subscribe((event) => this.#heard(event));
  }

  get control(): Session {
    return this.#acting.control;
  }

  /** The same principal in the same control session, by a credential that is good for longer. */
  renew(acting: Acting): void {
    this.#acting = acting;
  }

  get plane(): ControlPlane {
    return this.#host.plane;
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  get approvals(): ApprovalTerms {
    return this.#host.config.approvals;
  }

  /** Says what happened, for people. */
  report(message: string): void {
    this.#host.report(message);
  }

  get upstreams(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  /**
   * Connects to all servers; one that fails is tried again, and one that is slow comes later. Where it
   * throws, the session is closed: whoever tries again opens another one.
   */
  async start(): Promise<void> {
    const { readyMs } = this.#host.config.waits;
    await this.#lookWhetherStopped();
    const started = this.upstreams.map((upstream) => this.#startOne(upstream));
    try {
      await this.#within(this.upstreams.length === 1 ? undefined : readyMs, started);
    } catch (failure) {
      await this.close();
      throw failure;
    }
    this.#isStarted = true;
  }

  async #startOne(upstream: Upstream): Promise<void> {
    await upstream.start();
    await this.#catalogue.look(upstream);
    await this.#sayWhereNoneIsShown(upstream.name);
  }

  /** A client without tools looks as if nothing were there: mostly, the policy names other actions. */
  async #sayWhereNoneIsShown(server: string): Promise<void> {
    const offered = this.#catalogue.offered.filter((tool) => tool.server === server);
    const [first] = offered;
    if (first === undefined) return;
    const shown = await this.tools();
    if (shown.some((tool) => tool.server === server)) return;
    const { name, action } = first.bound.record;
    const refusal = await this.#host.plane.tools.refusal(this.control.id, name);
    const why = refusal?.message ?? 'its definition is not the pinned one';
    this.#host.report(
      `server ${server}: none of its ${offered.length} tools is shown to ${this.control.agent}; ` +
        `${name} is the action ${action}: ${why} (see \`mcp inspect\`)`,
    );
  }

  /** Waits for all, but not for ever: a server that keeps silent hurts nobody else. */
  async #within(ms: number | undefined, work: readonly Promise<void>[]): Promise<void> {
    const all = Promise.all(work);
    if (ms === undefined) return void (await all);
    all.catch((failure: unknown) => this.#host.report(String(failure)));
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const cancel = this.#host.clock.after(ms, resolve);
    await Promise.race([all, over]).finally(cancel);
  }

  /** The tools of which some call could be allowed now, as servers describe them. */
  async tools(): Promise<readonly OfferedTool[]> {
    const shown: OfferedTool[] = [];
    for (const tool of this.#catalogue.offered) {
      const refusal = await this.#host.plane.tools.refusal(this.control.id, tool.name);
      const pinned = this.#host.plane.tools.get(tool.name)?.definition;
      if (refusal === undefined && pinned === tool.bound.record.definition) shown.push(tool);
    }
    return shown;
  }

  /** Asks every server anew for what it offers. */
  async look(): Promise<void> {
    const looks = this.upstreams.map((upstream) => this.#catalogue.look(upstream));
    await this.#within(this.#host.config.waits.listMs, looks);
  }

  /** Why nothing passes any more, or undefined: what is not governed stops with what is. */
  async stopped(): Promise<string | undefined> {
    const { tools } = this.#host.plane;
    const refusal =
      tools.credentialRefusal(this.#acting.principal) ??
      (await tools.sessionRefusal(this.control.id));
    return refusal?.message;
  }

  #serverSaid(upstream: Upstream, notification: Notification): void {
    // At once, or what is said would come after the answer that it was said before.
    const { tools } = this.#host.plane;
    if (this.#isStopped || tools.credentialRefusal(this.#acting.principal) !== undefined) return;
    // A server's names for its tasks are not the client's.
    if (notification.method === taskStatus) {
      this.tasks.heard(upstream, notification.params ?? {});
      return;
    }
    // Nor are its names for what it was asked to tell of.
    const told = this.#asked.told(upstream, notification);
    if (told.method === logMessage && this.#client.asksForLogs) this.logLevels.tell(told);
    else this.#client.notified(told);
  }

  /** The client says how far something is that a server asked it for. */
  clientSaid(notification: Notification): Promise<void> {
    return this.#asked.said(notification);
  }

  async #serverChanged(upstream: Upstream, list: ListKind | 'all'): Promise<void> {
    if (list === 'tools' || list === 'all') {
      await this.#catalogue.look(upstream).catch((failure: unknown) => {
        this.#host.report(`server ${upstream.name}: ${String(failure)}`);
      });
    }
    if (list === 'all') void this.watches.startedAgain(upstream);
    const lists = list === 'all' ? (['tools', 'prompts', 'resources'] as const) : [list];
    for (const each of lists) this.#tell(each);
  }

  #heard(event: LogEvent): void {
    if (!visibilityEvents.test(event.type)) return;
    this.#tell('tools');
    void this.#lookWhetherStopped();
  }

  async #lookWhetherStopped(): Promise<void> {
    try {
      const { tools } = this.#host.plane;
      this.#isStopped = (await tools.sessionRefusal(this.control.id)) !== undefined;
    } catch (failure) {
      this.#isStopped = true;
      this.#host.report(`it is not known whether the session goes on: ${String(failure)}`);
    }
  }

  #tell(list: ListKind): void {
    if (this.#isClosed || !this.#isStarted || this.#waiting.has(list)) return;
    const cancel = this.#host.clock.after(settleMs, () => {
      this.#waiting.delete(list);
      this.#client.changed(list);
    });
    this.#waiting.set(list, cancel);
  }

  /** Lets go of the servers, and ends the control session where it is this connection's alone. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsubscribe();
    for (const cancel of this.#waiting.values()) cancel();
    this.#asked.close();
    await this.running.close();
    await Promise.all(this.upstreams.map((upstream) => upstream.close()));
    if (!this.#acting.isOwn) return;
    await this.control.complete('the client went away').catch((failure: unknown) => {
      this.#host.report(`the session could not be ended: ${String(failure)}`);
    });
  }
}
