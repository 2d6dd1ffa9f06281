/**
 * The control plane: the object a host holds. Opens a log, mints principals, opens sessions, and carries
 * administration, the feed and verification.
 */
import type { ApprovalCard } from '../approvals/index.ts';
import { EvaluatorRegistry } from '../evaluators/index.ts';
import type { Principal } from '../identity/principal.ts';
import { mintAssertion, type IdentityAssertion } from '../identity/assertion.ts';
import {
  isGrantableRole,
  isQualifiedName,
  type KillScope,
  type RecordsByKind,
  type SessionRecord,
  type TicketRecord,
} from '../kernel/index.ts';
import type { Head } from '../storage/storage.ts';
import {
  Administration,
  type AgentOrder,
  type BudgetClosing,
  type BudgetOrder,
  type KillOrder,
  type KillsEngaged,
  type KillsOrder,
  type HeartbeatOrder,
  type ReleaseOrder,
  type SessionOrder,
} from './administration.ts';
import { type BudgetLint, lintBudgets } from './budgets/lint.ts';
import { budgetUsage, type BudgetUsage } from './budgets/report.ts';
import { systemClock } from './clock.ts';
import { assertOptions, toolsOf } from './control-plane-options.ts';
import type { ControlPlaneOptions, Replace } from './control-plane-options.ts';
import { Core } from './core/core.ts';
import { heard } from './core/heard.ts';
import { type Author, authorIn, authorOf } from './core/author.ts';
import { fault } from './error.ts';
import { assertMembers, assertOrg, assertTruth } from './known-members.ts';
import { type AgentDeclaration, unlessRevoked } from './access/declared-agent.ts';
import { startNotifiers } from './notifying/dispatcher.ts';
import { type EventQuery, logEvent, type LogEvent, readEvents } from './store/feed.ts';
import { type Headroom, headroomOf } from './budgets/headroom.ts';
import {
  authenticatorsByName,
  type AuthenticatorsByName,
  type Identity,
  identityOf,
} from './access/identity-service.ts';
import { systemIds } from './ids.ts';
import { Keys } from './access/keys.ts';
import { attachSession, openSession, type SessionOptions } from './session/open-session.ts';
import { type Drift, type ProviderBill, reconcile } from './budgets/reconcile.ts';
import { Reader } from './reader.ts';
import { isStorable } from './store/parcel.ts';
import { Replica } from './store/replica.ts';
import type { Recorded, Session } from './session/session.ts';
import { readFault, reading } from './store/store-read.ts';
import { listModels, type ModelListed, type ModelListRequest } from './tools/model-list.ts';
import { modelTool } from './tools/model-tool.ts';
import {
  approveTicket,
  type Approval,
  type GrantListed,
  type GrantRevocation,
  listGrants,
  refuseTicket,
  revokeGrant,
  type TicketRuling,
} from './tickets/tickets.ts';
import { ticketDecided, type TicketWait } from './tickets/ticket-wait.ts';
import { assertCardOptions, type CardOptions, ticketCard } from './tickets/card.ts';
import { assertTicketQuery, listTickets, type TicketQuery } from './tickets/ticket-list.ts';
import type { ToolDeclaration } from './tools/tool.ts';
import { Tools } from './tools/tools.ts';
import { type UsageQuery, usageReport } from './budgets/usage-report.ts';
import type { UsageRow } from './budgets/usage-tally.ts';

/** The host process itself, as the author of what its configuration declares. */
const hostAssertion: IdentityAssertion = { id: 'host', org: 'host', roles: ['platform-admin'] };

/** Opens a control plane on a store: creates or recovers the log, then applies the configuration. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  assertOptions(options);
  const { storage, log = 'main', pollMs = 250, clock = systemClock, ids = systemIds } = options;
  const evaluators = EvaluatorRegistry.of(options.evaluators);
  const authenticators = authenticatorsByName(options.authenticators);
  let core: Core | undefined;
  try {
    const replica = await Replica.open(storage, log, () => core?.hint());
    core = new Core({ storage, log, replica, clock, ids, pollMs, evaluators });
  } catch (failure) {
    await storage.close().catch(() => {});
    throw failure;
  }
  const plane = new ControlPlane(core, authenticators);
  try {
    for (const [tool, replace] of toolsOf(options)) await plane.registerTool(tool, { replace });
    if (options.prices !== undefined) {
      await plane.registerTool(modelTool);
      await plane.activatePrices(options.prices);
    }
    if (options.policy !== undefined) await plane.activatePolicy(options.policy);
    // Last: what has no order among its versions is not put back by a host that is too old to open.
    for (const agent of options.agents ?? []) await unlessRevoked(plane.registerAgent(agent));
    await startNotifiers(core, options.notifiers ?? []);
  } catch (failure) {
    await plane.close();
    throw failure;
  }
  return plane;
}

export class ControlPlane {
  readonly identity: Identity;
  /** API keys, for hosts and services whose credential the control plane itself gives out. */
  readonly keys: Keys;
  /** The registered tools, and those of somebody else that wait for an operator. */
  readonly tools: Tools;
  readonly #core: Core;
  readonly #host: Principal;
  readonly #administration: Administration;

  /** Use `openControlPlane`. */
  constructor(core: Core, authenticators: AuthenticatorsByName) {
    this.#core = core;
    this.#administration = new Administration(core);
    this.#host = mintAssertion(core, hostAssertion, {
      via: 'configuration',
      isRole: isGrantableRole,
    });
    this.identity = identityOf(core, authenticators);
    this.keys = new Keys(core, this.#host);
    this.tools = new Tools(core, this.#host);
  }

  /** Opens a session for a principal. Throws with a rejection's code where it is refused. */
  openSession(options: SessionOptions): Promise<Session> {
    return openSession(this.#core, options);
  }

  /** A handle on an open session of this principal, in this or another process, or after a restart. */
  attachSession(principal: Principal, id: string): Promise<Session> {
    return attachSession(this.#core, principal, id);
  }

  /** What a principal may read; the control plane's own readers are for the host, and ask for nobody. */
  readAs(principal: Principal): Reader {
    this.#core.referenceOf(principal);
    return new Reader(this.#core, principal);
  }

  registerAgent(agent: string | AgentDeclaration, ...by: Author): Promise<RecordsByKind['agent']> {
    return this.#administration.registerAgent(authorOf(this.#core, this.#host, by), agent);
  }

  /** Suspends, reinstates or revokes an agent. A revoked one is never enabled again, nor is its name. */
  controlAgent(
    order: Omit<AgentOrder, 'by'> & { readonly by?: Principal },
  ): Promise<RecordsByKind['agent']> {
    return this.#administration.controlAgent({ by: this.#host, ...order });
  }

  /** Registers a tool. A changed definition needs `replace`, so that no change passes unnoticed. */
  async registerTool(
    tool: ToolDeclaration,
    options: { readonly replace?: Replace; readonly by?: Principal } = {},
  ): Promise<RecordsByKind['tool']> {
    assertMembers('the options of registering a tool', options, ['replace', 'by']);
    const { replace = false } = options;
    if (replace !== 'unless-quarantined') assertTruth('replace', replace);
    const by = authorIn(this.#core, this.#host, options);
    return this.#administration.registerTool(by, tool, replace);
  }

  /** Activates a policy document. The active one stays where the new one does not check. */
  activatePolicy(document: unknown, ...by: Author): Promise<RecordsByKind['policy']> {
    return this.#administration.activatePolicy(authorOf(this.#core, this.#host, by), document);
  }

  /** Activates a price catalogue. The active one stays where the new one does not check. */
  activatePrices(catalogue: unknown, ...by: Author): Promise<RecordsByKind['prices']> {
    return this.#administration.activatePrices(authorOf(this.#core, this.#host, by), catalogue);
  }

  /** The models of the active catalogue, and whether the policy lets an agent of a principal use each. */
  models(request: ModelListRequest): readonly ModelListed[] {
    return listModels(this.#core.options.replica.cache, request);
  }

  /**
   * Sets a budget plan: a new one, or another limit or terms for the one with its id. An admin sets plans of
   * the own org; without `by`, the host sets any org's.
   */
  setBudget(order: Omit<BudgetOrder, 'by'> & { readonly by?: Principal }): Promise<void> {
    return this.#administration.setBudget({ by: this.#host, ...order });
  }

  /** Ends a budget plan. What is reserved in it is resolved as before; nothing new is counted. */
  closeBudget(order: Omit<BudgetClosing, 'by'> & { readonly by?: Principal }): Promise<void> {
    return this.#administration.closeBudget({ by: this.#host, ...order });
  }

  /** The budget plans of an org, with what is used of them. */
  budgets(org: string): Promise<readonly BudgetUsage[]> {
    const { now, options } = this.#core;
    return reading(budgetUsage(options.storage, org, now));
  }

  /**
   * Holds what a provider billed against what the log recorded, day by day and model by model: recorded as
   * `usage-reconciled`, and a model that drifts too far is stopped. Without `by`, the host does it.
   */
  reconcile(
    bill: Omit<ProviderBill, 'by'> & { readonly by?: Principal },
  ): Promise<readonly Drift[]> {
    const whole = { by: this.#host, ...bill };
    return reading(reconcile(this.#core, this.#core.referenceOf(whole.by), whole));
  }

  /** What is left of an org's budget plans now, and when each is used up at the rate so far. */
  async headroom(org: string): Promise<readonly Headroom[]> {
    return headroomOf(await this.budgets(org), this.#core.now);
  }

  /** What calls came to, from the log: by principal, model, day and so on, within bounds of log time. */
  usage(query: UsageQuery): Promise<readonly UsageRow[]> {
    return reading(usageReport(this.#core.options.storage, query));
  }

  /** What about an org's budget plans is likely not meant, and whom each binds as far as the log knows. */
  lintBudgets(org: string): Promise<BudgetLint> {
    return reading(lintBudgets(this.#core.options.storage, org));
  }

  /** Pauses, resumes or ends a session by an operator of its org, or by its own principal where it may. */
  control(order: SessionOrder): Promise<SessionRecord> {
    return this.#administration.controlSession(order);
  }

  /** Approves a ticket: for the one call, as it was asked or edited, or with a grant beside it. */
  approve(approval: Approval): Promise<TicketRecord> {
    return approveTicket(this.#core, approval);
  }

  deny(ruling: TicketRuling): Promise<TicketRecord> {
    return refuseTicket(this.#core, 'deny-ticket', ruling);
  }

  cancel(ruling: TicketRuling): Promise<TicketRecord> {
    return refuseTicket(this.#core, 'cancel-ticket', ruling);
  }

  /**
   * Waits until a ticket is decided by anyone, on any surface, or a kill switch covers it; in any process,
   * also after a restart. Throws `ticket-unknown` where there is none. Rejects with `closed` when this
   * control plane closes, and with the signal's reason when that is aborted.
   */
  ticketDecided(ticket: string, wait: TicketWait = {}): Promise<'approved' | 'refused'> {
    return ticketDecided(this.#core, ticket, wait);
  }

  /** The grants of an org that still cover something, oldest first. */
  grants(org: string): readonly GrantListed[] {
    return listGrants(this.#core, org);
  }

  revokeGrant(revocation: GrantRevocation): Promise<void> {
    return revokeGrant(this.#core, revocation);
  }

  /** Engages the kill switch for a scope: nothing in it starts again until it is released. */
  async kill(order: KillOrder): Promise<RecordsByKind['latch']> {
    return this.#administration.engageKill(order);
  }

  /** Engages kill switches for any number of scopes: as many as can be, with a list of the others. */
  killAll(order: KillsOrder): Promise<KillsEngaged> {
    return this.#administration.engageKills(order);
  }

  /**
   * Whether the log has heard of what a kill switch's scope names. The switch of a misspelt name is engaged
   * as any other, and stops nothing: whoever engages one by hand wants to know.
   */
  isKnown(scope: KillScope): Promise<boolean> {
    return this.#administration.isKnown(scope);
  }

  /** Releases a kill switch, at once or on probation. */
  async release(order: ReleaseOrder): Promise<RecordsByKind['latch'] & Recorded> {
    return this.#administration.releaseKill(order);
  }

  /**
   * Says that an operator is there, where the policy asks for it (`operatorHeartbeatMs`): an org that none
   * was heard of in for that long stands still, and what runs in it is stopped.
   */
  heartbeat(order: HeartbeatOrder): Promise<void> {
    return this.#administration.heartbeat(order);
  }

  killed(scope: KillScope): boolean {
    return this.#administration.isEngaged(scope);
  }

  /** The kill switches that are engaged, or released on probation, and cover something of an org. */
  kills(org: string): readonly RecordsByKind['latch'][] {
    return this.#administration.engaged(org);
  }

  /** The agents that an org has: its own, and those of the whole installation. */
  agents(org: string): readonly RecordsByKind['agent'][] {
    return this.#administration.agents(org);
  }

  /** Pending tickets of an org, oldest first. */
  pendingTickets(org: string): readonly TicketRecord[] {
    assertOrg(org);
    return [...this.#core.options.replica.cache.live('ticket')]
      .filter((ticket) => ticket.org === org && ticket.status === 'pending')
      .toSorted((left, right) => left.requestedIndex - right.requestedIndex);
  }

  /** Tickets of an org in any state or in one, oldest first, as the store has them. */
  async tickets(org: string, query: TicketQuery = {}): Promise<readonly TicketRecord[]> {
    assertOrg(org);
    assertTicketQuery(query);
    return reading(listTickets(this.#core.options.storage, { ...query, org }));
  }

  /** What an approver sees of a ticket before deciding; undefined where there is no such ticket. */
  async card(ticket: string, options: CardOptions = {}): Promise<ApprovalCard | undefined> {
    assertCardOptions(options);
    const { storage, clock } = this.#core.options;
    const { at } = await this.head();
    return reading(ticketCard(storage, { ...options, ticket, now: Math.max(at, clock.now()) }));
  }

  session(id: string): Promise<SessionRecord | undefined> {
    return this.#read('session', id);
  }

  ticket(id: string): Promise<TicketRecord | undefined> {
    return this.#read('ticket', id);
  }

  /** The state of a session's budget in one unit. */
  budget(session: string, unit: string): Promise<RecordsByKind['budget'] | undefined> {
    return this.#read('budget', `session:${session}|${unit}`);
  }

  async #read<K extends 'session' | 'ticket' | 'budget'>(
    kind: K,
    key: string,
  ): Promise<RecordsByKind[K] | undefined> {
    if (!isStorable(key) || (kind !== 'budget' && !isQualifiedName(key))) return undefined;
    const { storage } = this.#core.options;
    const { records } = await reading(storage.readRecords([{ kind, key }]));
    const [record] = records;
    return record === undefined ? undefined : (JSON.parse(record.value) as RecordsByKind[K]);
  }

  /** The log's entries, in order. */
  async *events(query: EventQuery = {}): AsyncGenerator<LogEvent, void, undefined> {
    try {
      yield* readEvents(this.#core.options.storage, query);
    } catch (failure) {
      throw readFault(failure, 'store-unavailable');
    }
  }

  /** Calls back with every committed event, this process's and others'. Returns a function that stops it. */
  subscribe(listener: (event: LogEvent) => void): () => void {
    if (typeof listener !== 'function') throw fault('input-invalid', 'a subscriber is a function');
    return this.#core.listen((events) => {
      for (const event of events) heard(() => listener(logEvent(event, {})));
    });
  }

  /** Reads what other processes appended now, not at the next poll. */
  sync(): Promise<void> {
    return this.#core.follow();
  }

  /** The log's head: export it, and `verify` can later show that the log continues it. */
  head(): Promise<Head> {
    return reading(this.#core.options.storage.head());
  }

  /** Waits for what is queued and releases the store. */
  close(): Promise<void> {
    return this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
