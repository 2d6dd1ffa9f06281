/**
 * A history with every kind of event in it, made from fixed times, ids and salts: what `history-1.json`
 * froze. The same script gives the same bytes as long as the format is the same.
 */
import { callModel } from '../../src/enforce/models/call-model.ts';
import { guard } from '../../src/enforce/guard.ts';
import { ActionRefused } from '../../src/enforce/action-refused.ts';
import {
  bindTool,
  type ControlPlane,
  modelTool,
  openControlPlane,
  type Session,
  type ToolDeclaration,
} from '../../src/engine/index.ts';
import { type Role, sessionModes } from '../../src/kernel/index.ts';
import { callbackNotifier } from '../../src/notify/index.ts';
import type { Principal } from '../../src/identity/principal.ts';
import { canonicalJson } from '../../src/log/index.ts';
import { memoryFleet } from '../../src/storage/memory.ts';
import type {
  Head,
  Storage,
  StoredContent,
  StoredEntry,
  StoredRecord,
} from '../../src/storage/storage.ts';
import { FakeClock, seededIds } from '../../src/testing/index.ts';
import { recordKinds } from '../../src/kernel/index.ts';

export interface History {
  readonly log: string;
  readonly head: Head;
  readonly entries: readonly StoredEntry[];
  readonly contents: readonly StoredContent[];
  readonly records: readonly StoredRecord[];
}

const readTool = {
  name: 'read-order',
  action: 'order.read',
  resource: 'order/{orderId}',
  description: 'reads one order',
  inputSchema: {
    type: 'object',
    properties: { orderId: { type: 'string' } },
    required: ['orderId'],
    additionalProperties: false,
  },
  execute: (call: { readonly orderId: string }) => ({ orderId: call.orderId, state: 'paid' }),
};

const refundTool = {
  name: 'refund',
  action: 'order.refund',
  resource: 'order/{orderId}',
  estimate: { usd: { argument: 'amount' } },
  execute: (call: { readonly orderId: string; readonly amount: string }) =>
    `refunded ${call.amount}`,
};

const summariseTool = {
  name: 'summarise',
  action: 'text.summarise',
  estimate: { tokens: 100 },
  execute: () => 'a summary',
  usage: () => ({ tokens: 130 }),
};

const deleteTool: ToolDeclaration = { name: 'delete-order', action: 'order.delete' };

const policy = {
  format: 1,
  version: 1,
  name: 'history',
  actions: {
    'order.read': { resource: 'order/*' },
    'order.refund': { risk: 'high', resource: 'order/*', runTimeoutMs: 30_000 },
    'order.delete': { risk: 'critical' },
    'text.summarise': {},
  },
  tiers: {
    steer: ['order.delete'],
    alwaysApprove: ['order.refund'],
    autoApprove: ['order.read'],
    unrestricted: ['text.*'],
  },
  approvals: { roles: ['approver'], timeoutMs: 60_000 },
};

export async function makeHistory(): Promise<History> {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const fleet = memoryFleet();
  const plane = await openControlPlane({
    storage: fleet(),
    policy,
    agents: ['clerk'],
    tools: [readTool, refundTool, summariseTool, deleteTool],
    clock,
    ids: seededIds('history-1'),
    pollMs: 1_000_000_000,
  });
  const history = new HistoryScript(plane, clock);
  await history.administration();
  await history.calls();
  await history.tickets();
  await history.permits();
  await history.kill();
  await history.modes();
  await history.gathered();
  await history.guarded();
  await history.planned();
  await history.models();
  await history.endorsed();
  await history.leased();
  await history.met();
  await history.entrusted();
  await notified(fleet(), clock);
  const store = fleet();
  const made = await readHistory(store);
  await store.close();
  await plane.close();
  return made;
}

class HistoryScript {
  readonly #plane: ControlPlane;
  readonly #clock: FakeClock;
  readonly #clerk: Principal;
  readonly #operator: Principal;
  readonly #approver: Principal;
  readonly #admin: Principal;

  constructor(plane: ControlPlane, clock: FakeClock) {
    this.#plane = plane;
    this.#clock = clock;
    const person = (id: string, ...roles: readonly Role[]): Principal =>
      plane.identity.assert({ id, org: 'acme', roles });
    this.#clerk = person('service:clerk', 'agent');
    this.#operator = person('user:olga', 'operator');
    this.#approver = person('user:ada', 'approver');
    this.#admin = person('user:root', 'admin', 'platform-admin');
  }

  /** Registry and policy by an admin, and what somebody else is refused. */
  async administration(): Promise<void> {
    const agent = {
      name: 'clerk',
      org: '*',
      version: '2',
      actions: ['order.*', 'text.*', 'model.*'],
    };
    await this.#plane.registerAgent(agent, this.#admin);
    await this.#plane.activatePolicy({ ...policy, version: 2 }, this.#admin);
    await refused(this.#plane.activatePolicy({ ...policy, version: 1 }, this.#admin));
    await refused(this.#plane.activatePolicy({ ...policy, version: 3 }, this.#clerk));
  }

  /** An allow, a steer, denials, a key sent twice, an overrun. */
  async calls(): Promise<void> {
    const session = await this.#session({ usd: '100', tokens: 500, actions: 20 });
    const read = guard(session, readTool);
    await read({ orderId: 'o-1' }, { idempotencyKey: 'read-1' });
    await refused(read({ orderId: 'o-1' }, { idempotencyKey: 'read-1' }));
    await refused(read({ orderId: 'o-2' }, { idempotencyKey: 'read-1' }));
    await refused(guard(session, { ...readTool, resource: 'elsewhere' })({ orderId: 'o-1' }));
    await refused(guard(session, { ...deleteTool, execute: () => 'gone' })({}));
    await guard(session, summariseTool)({});
    await refused(guard(session, summariseTool)({}));
    await session.pause('lunch');
    await refused(read({ orderId: 'o-3' }));
    await session.complete();
  }

  /** Every way a ticket ends: used, denied, cancelled with its session, expired. */
  async tickets(): Promise<void> {
    const session = await this.#session({ usd: '100' });
    const refund = guard(session, refundTool);
    const used = await this.#asked(session, { orderId: 'o-1', amount: '42.00' });
    await refused(this.#plane.approve({ ticket: used, by: this.#clerk }));
    await this.#plane.approve({ ticket: used, by: this.#approver, reason: 'checked' });
    await refund({ orderId: 'o-1', amount: '42.00' });
    const denied = await this.#asked(session, { orderId: 'o-2', amount: '1' });
    await this.#plane.deny({ ticket: denied, by: this.#approver, reason: 'no such order' });
    await refused(refund({ orderId: 'o-2', amount: '1' }));
    await this.#asked(session, { orderId: 'o-3', amount: '2' });
    await this.#pass(61_000);
    await refused(refund({ orderId: 'o-4', amount: '99.000001' }));
    await this.#asked(session, { orderId: 'o-5', amount: '3' });
    await session.abort('the shift is over');
  }

  /** Permits that are started later, voided, and expired before and after their start. */
  async permits(): Promise<void> {
    const session = await this.#session({ actions: 10 });
    const tool = bindTool(readTool);
    const issue = async (orderId: string) => {
      const request = { tool, arguments: session.read({ orderId }), start: 'later' } as const;
      const { permit } = await session.authorize(request);
      if (permit === undefined) throw new Error('no permit was issued');
      return permit;
    };
    const started = await issue('o-1');
    await session.start(started);
    await session.settle(started, { outcome: 'failed', result: 'Error: not found' });
    await session.void(await issue('o-2'));
    await issue('o-3');
    await session.start(await issue('o-4'));
    await this.#pass(301_000);
    await session.complete();
  }

  async kill(): Promise<void> {
    const session = await this.#session({});
    const scope = { kind: 'session', org: 'acme', id: session.id } as const;
    await this.#plane.kill({ scope, by: this.#operator, reason: 'drill' });
    await refused(guard(session, readTool)({ orderId: 'o-1' }));
    await this.#plane.release({ scope, by: this.#operator, reason: 'drill over' });
    await session.complete();
  }

  async modes(): Promise<void> {
    for (const mode of sessionModes) {
      const session = await this.#plane.openSession({
        principal: this.#clerk,
        agent: 'clerk',
        mode,
        activate: false,
      });
      await session.activate();
      if (mode !== 'live') await refused(guard(session, readTool)({ orderId: 'o-1' }));
      await session.abort();
    }
  }

  /** Risk and labels that a session gathers, a sequence, a rule in shadow mode. */
  async gathered(): Promise<void> {
    const risk = {
      thresholds: { medium: 2 },
      sequences: [{ id: 'read-then-summarise', steps: ['order.read', 'text.*'], raiseTo: 'high' }],
    };
    const rules = [
      { id: 'orders', effect: 'allow', match: { action: 'order.read' }, labels: ['orders'] },
      { id: 'quiet', effect: 'deny', mode: 'shadow', match: { action: 'text.*' } },
    ];
    await this.#plane.activatePolicy({ ...policy, version: 3, risk, rules }, this.#admin);
    const session = await this.#session({});
    await guard(session, readTool)({ orderId: 'o-1' });
    await guard(session, summariseTool)({});
    await session.complete();
  }

  /** Guardrails at all three stages, and what a caller expects a call to cost. */
  async guarded(): Promise<void> {
    const guardrails = {
      input: [{ id: 'in', evaluator: 'personal-data' }],
      tool: [{ id: 'call', evaluator: 'secrets' }],
      output: [{ id: 'out', evaluator: 'secrets' }],
    };
    await this.#plane.activatePolicy({ ...policy, version: 4, guardrails }, this.#admin);
    const session = await this.#session({ usd: '5' });
    await session.screenInput('from ann@acme.example');
    await refused(guard(session, readTool)({ orderId: 'o-1' }));
    await session.screenInput('which order is it');
    await guard(session, readTool)({ orderId: 'o-1' }, { estimate: { usd: '1' } });
    await session.complete();
  }

  /** Budget plans: set, raised, warned of, overrun, exhausted with a halt, and closed. */
  async planned(): Promise<void> {
    const by = this.#admin;
    const plan = {
      id: 'tokens',
      unit: 'tokens',
      limit: 250,
      scope: { kind: 'agent', every: true },
      sharing: 'perMember',
      window: { every: 'month', zone: 'Europe/Berlin' },
      onOverrun: 'continue',
      warnAt: 50,
    } as const;
    const whole = {
      id: 'calls',
      unit: 'actions',
      limit: 1,
      scope: { kind: 'tool', id: 'summarise' },
      sharing: 'shared',
      window: 'unlimited',
      onExhausted: 'halt',
    } as const;
    await this.#plane.setBudget({ org: 'acme', plan, by });
    await this.#plane.setBudget({ org: 'acme', plan: { ...plan, limit: 300 }, by, reason: 'more' });
    await this.#plane.setBudget({ org: 'acme', plan: whole, by });
    const session = await this.#session({});
    await session.screenInput('summarise it');
    await guard(session, summariseTool)({}, { estimate: { tokens: 150 } });
    const overrunning = { ...summariseTool, usage: () => ({ tokens: 400 }) };
    await this.#plane.setBudget({ org: 'acme', plan: { ...whole, limit: 2 }, by });
    await guard(session, overrunning)({});
    await this.#plane.setBudget({ org: 'acme', plan: { ...plan, limit: 9_000 }, by });
    await refused(guard(session, summariseTool)({}));
    await this.#plane.closeBudget({ org: 'acme', id: 'calls', by, reason: 'done' });
    await session.complete();
  }

  /** Two named people approve with a reason. */
  async endorsed(): Promise<void> {
    const approvals = {
      roles: ['approver'],
      quorum: 2,
      principals: ['user:*'],
      reasonRequired: true,
    };
    await this.#plane.activatePolicy({ ...policy, version: 6, approvals }, this.#admin);
    const session = await this.#session({});
    const ticket = await this.#asked(session, { orderId: 'o-9', amount: '1' });
    for (const id of ['user:first', 'user:second']) {
      const by = this.#plane.identity.assert({ id, org: 'acme', roles: ['approver'] });
      await this.#plane.approve({ ticket, by, reason: 'returned' });
    }
  }

  /** A tool of somebody else that is new, approved, and other than it was. */
  async met(): Promise<void> {
    const [tools, by] = [this.#plane.tools, this.#admin];
    const met = (description: string) => ({
      name: 'files__read',
      action: 'files.read',
      description,
      foreign: { title: 'Read' },
    });
    const { definition } = await tools.quarantine(met('reads'));
    await tools.approve({ tool: 'files__read', definition, by, reason: 'looked at it' });
    await tools.quarantine(met('reads, and sends'));
    await refused(tools.approve({ tool: 'files__read', definition: 'f'.repeat(64), by }));
  }

  /** API keys, agents of an org, a hand-off, and a change that takes two principals. */
  async entrusted(): Promise<void> {
    const [plane, by] = [this.#plane, this.#admin];
    const expiresAt = new Date(this.#clock.now() + 60_000);
    const { id, key } = await plane.keys.issue({
      principal: 'service:clerk',
      roles: ['agent'],
      teams: ['desk'],
      expiresAt,
      by,
      reason: 'for the night shift',
    });
    const principal = await plane.identity.authenticate(key);
    await plane.registerAgent(
      { name: 'deputy', owner: 'user:olga', capabilities: [{ actions: ['order.read'] }] },
      by,
    );
    const above = await this.#session({ usd: '1' });
    const handoff = await above.handOff({
      agent: 'deputy',
      principal: 'service:clerk',
      delegation: { actions: ['order.*'], resources: ['order/*'], expiresAt, depth: 0 },
      budget: { usd: '0.5' },
      expiresAt,
    });
    await plane.openSession({ principal, agent: 'deputy', handoff });
    await this.#missed();
    await this.#unanswered();
    await plane.activatePolicy({ ...policy, version: 39 }, by);
    await this.#approvals();
    const order = { agent: 'deputy', org: 'acme', by, reason: 'done for today' };
    await plane.controlAgent({ ...order, transition: 'suspend' });
    await plane.keys.revoke({ key: id, by });
    await refused(plane.openSession({ principal, agent: 'clerk' }));
    const roles = { teller: { permissions: ['decide-ticket'] } };
    const asked = { ...policy, version: 40, roles, fourEyes: ['activate-policy'] };
    await plane.activatePolicy(asked, by);
    await refused(plane.activatePolicy({ ...asked, version: 41 }, by));
    await plane.activatePolicy({ ...asked, version: 41 });
  }

  /** An operator who is heard of, and then is not; the release is on probation first. */
  async #missed(): Promise<void> {
    const [plane, by] = [this.#plane, this.#operator];
    await plane.activatePolicy(
      { ...policy, version: 37, operatorHeartbeatMs: 30_000 },
      this.#admin,
    );
    await plane.heartbeat({ by });
    await this.#pass(31_000);
    await this.#pass(1_000);
    const scope = { kind: 'org', org: 'acme' } as const;
    await plane.release({ scope, by, reason: 'back', supervised: true });
    await plane.release({ scope, by, reason: 'quiet' });
  }

  /** A ticket that nobody decides. */
  async #unanswered(): Promise<void> {
    const escalation = { afterMs: 130_000, roles: ['admin'] };
    const approvals = { timeoutMs: 300_000, escalation, remindMs: 60_000 };
    await this.#plane.activatePolicy({ ...policy, version: 38, approvals }, this.#admin);
    const session = await this.#session({ usd: '100' });
    await this.#asked(session, { orderId: 'o-1', amount: '1' });
    await this.#pass(61_000);
    await this.#pass(70_000);
    await this.#pass(10_000);
  }

  /** An approval with a grant, one of an edited call, and the grant's end. */
  async #approvals(): Promise<void> {
    const session = await this.#session({ usd: '100' });
    const ask = (orderId: string, amount: string) =>
      session.authorize({
        tool: bindTool(refundTool),
        arguments: session.read({ orderId, amount }),
      });
    const { ticket = '' } = await ask('o-1', '20');
    const by = this.#approver;
    const expiresAt = new Date(this.#clock.now() + 60_000);
    const order = { actions: ['order.refund'], cost: { usd: '90' }, uses: 3, expiresAt };
    const reason = 'known customer';
    await this.#plane.approve({ ticket, by, reason, grant: { ...order, sessionOnly: true } });
    await ask('o-2', '21');
    await this.#plane.revokeGrant({ grant: ticket, by, reason: 'enough' });
    const other = (await ask('o-3', '22')).ticket ?? '';
    await this.#plane.approve({ ticket: other, by, reason, edit: { orderId: 'o-3', amount: '6' } });
    await ask('o-3', '22');
  }

  /** Calls of models, on behalf of another session; one is given up, and its usage told late. */
  async models(): Promise<void> {
    const prices = [{ input: '2.50', output: '10', outputTokensMax: 4_000 }];
    const models = { small: { dated: true, prices }, large: { tier: 'premium', prices } };
    await this.#plane.registerTool(modelTool);
    await this.#plane.registerAgent('writer', this.#admin);
    const catalogue = { format: 1, version: 1, currency: 'USD', models };
    await this.#plane.activatePrices(catalogue, this.#admin);
    const actions = { ...policy.actions, 'model.call': {} };
    const tiers = { ...policy.tiers, unrestricted: ['text.*', 'model.*'] };
    await this.#plane.activatePolicy({ ...policy, version: 5, actions, tiers }, this.#admin);
    const plan = {
      id: 'per-minute',
      unit: 'tokens',
      limit: 10_000,
      scope: { kind: 'model', every: true },
      sharing: 'perMember',
      window: { bucketMs: 60_000 },
    } as const;
    await this.#plane.setBudget({ org: 'acme', plan, by: this.#admin });
    const above = await this.#session({ usd: '1' });
    const principal = this.#clerk;
    const budget = { usd: '5', 'eur@2': '1.50' };
    const session = await this.#plane.openSession({
      principal,
      agent: 'writer',
      parent: above.id,
      budget,
    });
    const call = { model: 'small', maxInputTokens: 1_000, maxOutputTokens: 500 };
    const usage = { inputTokens: 800, outputTokens: 90, reasoningTokens: 40 };
    await callModel(session, call, () =>
      Promise.resolve({ result: 'an answer', usage, model: 'small-2026-01-31' }),
    );
    await callModel(session, call, () => Promise.resolve({ result: 'no count' }));
    await refused(
      callModel(session, { ...call, model: 'large' }, () => Promise.reject(new Error())),
    );
    const request = { tool: bindTool(modelTool), arguments: session.read({ model: 'small' }) };
    const model = { name: 'small', inputTokensMax: 10, outputTokensMax: 10 };
    const { permit } = await session.authorize({ ...request, model });
    if (permit === undefined) throw new Error('no permit');
    await this.#pass(301_000);
    await session.settle(permit, { outcome: 'succeeded', model: { usage } });
    const rows = [{ day: '2026-01-01', model: 'small', usd: '3' }];
    const bill = { org: 'acme', source: 'bill/1', rows, freezeAbovePercent: 5 };
    await this.#plane.reconcile({ ...bill, by: this.#admin });
  }

  /** A lease that is renewed, released, taken again and left; a call that locks its order. */
  async leased(): Promise<void> {
    const locks = [{ actions: ['order.read'], mode: 'exclusive' }];
    const leases = { onStuck: 'pause', termMs: 30_000 };
    await this.#plane.activatePolicy({ ...policy, version: 7, locks, leases }, this.#admin);
    const session = await this.#session({});
    const first = await session.lease({ holder: 'worker:1' });
    await this.#pass(10_000);
    await guard(session, readTool)({ orderId: 'o-1' });
    await first.release();
    const second = await session.lease({ holder: 'worker:2', termMs: 3_000 });
    await this.#plane.control({ session: session.id, transition: 'pause', by: this.#operator });
    // Its worker is gone: nobody renews it.
    second.lose('the process died');
    await this.#pass(5_000);
  }

  #session(budget: Readonly<Record<string, string | number>>): Promise<Session> {
    return this.#plane.openSession({ principal: this.#clerk, agent: 'clerk', budget });
  }

  async #asked(session: Session, call: { orderId: string; amount: string }): Promise<string> {
    const refusal = await refused(guard(session, refundTool)(call));
    const ticket = ActionRefused.is(refusal) ? refusal.decision.ticket : undefined;
    if (ticket === undefined) throw new Error('no ticket was opened');
    return ticket;
  }

  /** Lets time pass; whatever falls due is committed when this returns. */
  async #pass(ms: number): Promise<void> {
    this.#clock.advance(ms);
    await this.#plane.sync();
  }
}

/** Another process with a notifier, which takes one notification and gives up another. */
async function notified(storage: Storage, clock: FakeClock): Promise<void> {
  const desk = callbackNotifier(
    { name: 'desk', retry: { attemptsMax: 1 }, events: ['kill-engaged', 'kill-released'] },
    ({ type }) => {
      if (type === 'kill-released') throw new Error('nobody is at the desk');
    },
  );
  const ids = seededIds('history-1, notified');
  const options = { storage, clock, ids, pollMs: 1_000_000_000, notifiers: [desk] };
  const plane = await openControlPlane(options);
  const by = plane.identity.assert({ id: 'user:olga', org: 'acme', roles: ['operator'] });
  const order = { scope: { kind: 'org', org: 'acme' }, by, reason: 'drill' } as const;
  const told = (type: string): Promise<void> =>
    new Promise((resolve) => {
      plane.subscribe((event) => {
        if (event.type === type) resolve();
      });
    });
  await Promise.all([told('notification-delivered'), plane.kill(order)]);
  await Promise.all([told('notification-abandoned'), plane.release(order)]);
  await plane.close();
}

async function refused(call: Promise<unknown>): Promise<unknown> {
  const marker = Symbol('not refused');
  const failure: unknown = await call.then(
    () => marker,
    (reason: unknown) => reason,
  );
  if (failure === marker) throw new Error('the call was not refused');
  return failure;
}

async function readHistory(store: ReturnType<ReturnType<typeof memoryFleet>>): Promise<History> {
  const head = await store.open('main');
  const records: StoredRecord[] = [];
  for (const kind of recordKinds) {
    const page = await store.scanRecords({ kind, limit: 10_000 });
    // The order of members in a record is not part of any format.
    records.push(
      ...page.records.map((record) => ({
        ...record,
        value: canonicalJson(JSON.parse(record.value)),
      })),
    );
  }
  return {
    log: 'main',
    head,
    entries: await store.readEntries(0, 10_000),
    contents: await store.readContents(0, head.size),
    records,
  };
}
