/**
 * What the people of a simulated world do: they open sessions with small budgets, ask for calls of
 * tools and models, run and settle them, decide tickets, pull kill switches, change the policy and
 * the budget plans, and ask again with the same key when they did not hear an answer. Who does what
 * when is the seed's choice.
 */
import {
  bindTool,
  type BoundTool,
  modelTool,
  type Permit,
  type Session,
  type Settlement,
} from '../../src/engine/index.ts';
import { type KillScope, latchKey } from '../../src/kernel/index.ts';
import type { Random } from '../../src/testing/index.ts';
import { choosePlan, modelAnswer, type ModelChoice, modelOf } from './budget-choices.ts';
import type { About, HeldPermit, Operation, OperationKind, Reply } from './operation.ts';
import { replyOf } from './operation.ts';
import { RightsActs, whoIs } from './rights-acts.ts';
import { approvers, policy, requesters, tools } from './scenario.ts';
import type { Life, World } from './world.ts';

interface KnownSession {
  readonly id: string;
  readonly person: string;
}

interface Held {
  readonly life: Life;
  readonly permit: Permit;
  readonly session: KnownSession;
  readonly amount: number;
  /** Of a model call. */
  readonly model: ModelChoice | undefined;
}

/** An operation that can be sent again, through any worker, with the same key and payload. */
interface Repeatable {
  readonly operation: Operation;
  readonly send: (life: Life) => void;
}

const bound: ReadonlyMap<string, BoundTool> = new Map(
  [...tools, modelTool].map((tool) => [tool.name, bindTool(tool)]),
);

export class Workload {
  readonly operations: Operation[] = [];
  readonly #random: Random;
  readonly #sessions: KnownSession[] = [];
  readonly #held: Held[] = [];
  readonly #everHeld: Held[] = [];
  readonly #repeatable: Repeatable[] = [];
  readonly #tickets: {
    readonly id: string;
    readonly org: string;
    readonly session: KnownSession;
    readonly tool: string;
  }[] = [];
  readonly #rights: RightsActs;
  readonly #engaged: { readonly scope: KillScope; readonly person: string }[] = [];
  readonly #handles = new Map<string, Session>();
  #calls: { readonly session: KnownSession; readonly tool: string; readonly order: string }[] = [];
  #moment = 0;
  #keys = 0;
  #version = 1;
  /** How often plans were closed, by what they are of. */
  readonly #closings = new Map<string, number>();

  constructor(world: World) {
    this.#random = world.random.fork('workload');
    this.#rights = new RightsActs(this.#random, (life, kind, person, about, work) => {
      this.#send(life, kind, this.#about(person, about), work);
    });
  }

  /** One thing that somebody does. */
  act(life: Life): void {
    const weights = {
      open: 6,
      call: 34,
      callAgain: 8,
      repeat: 10,
      finish: 34,
      rule: 12,
      kill: 1.5,
      release: 4,
      policy: 1,
      plan: 5,
      transition: 2,
      issueKey: 2,
      revokeKey: 1,
      controlAgent: 1.5,
      offer: 2,
      takeUp: 3,
      revokeGrant: 1,
    };
    const acts: Readonly<Record<keyof typeof weights, () => void>> = {
      open: () => this.#open(life),
      call: () => this.#call(life),
      callAgain: () => this.#callAgain(life),
      repeat: () => this.#repeat(life),
      finish: () => this.#finish(life),
      rule: () => this.#rule(life),
      kill: () => this.#switch(life, 'engage-kill'),
      release: () => this.#switch(life, 'release-kill'),
      policy: () => this.#changePolicy(life),
      plan: () => this.#changePlan(life),
      transition: () => this.#transition(life),
      issueKey: () => this.#rights.issueKey(life),
      revokeKey: () => this.#rights.revokeKey(life),
      controlAgent: () => this.#rights.controlAgent(life),
      offer: () => this.#offer(life),
      takeUp: () =>
        this.#rights.takeUp(life, (session, person) => this.#opened(life, session, person)),
      revokeGrant: () => this.#rights.revokeGrant(life),
    };
    acts[this.#random.weighted(weights)]();
  }

  /** What became of the permits that were handed out. */
  heldPermits(): readonly HeldPermit[] {
    return this.#everHeld.map(({ life, permit }) => ({
      permit: permit.id,
      life: life.number,
      lived: life.alive,
      aborted: permit.signal.aborted,
    }));
  }

  #open(life: Life): void {
    const person = this.#random.pick(requesters);
    const chosen = this.#random.pick(['clerk', 'clerk', 'courier', 'nobody']);
    const budget = this.#budget();
    const mode = this.#random.chance(0.1) ? 'dry-run' : 'live';
    const parent = this.#random.chance(0.3) ? this.#anySession(person)?.id : undefined;
    // Most work that is delegated is delegated to somebody else; the rest is refused.
    const agent = parent !== undefined && chosen === 'clerk' ? 'deputy' : chosen;
    const about = this.#about(person, { key: this.#newKey() });
    this.#sendRepeatable('open-session', about, async (via) => {
      const principal = await this.#rights.principalOf(via, person);
      const above = parent === undefined ? {} : { parent };
      const options = { principal, agent, budget, mode, idempotencyKey: about.key ?? '' } as const;
      const session = await via.plane.openSession({ ...options, ...above });
      this.#opened(via, session, person);
      return { kind: 'opened', session: session.id };
    })(life);
  }

  #opened(via: Life, session: Session, person: string): void {
    if (!this.#sessions.some(({ id }) => id === session.id)) {
      this.#sessions.push({ id: session.id, person });
    }
    this.#handles.set(`${via.number} ${session.id}`, session);
  }

  #offer(life: Life): void {
    const known = this.#anySession();
    if (known === undefined) return;
    const session = this.#handles.get(`${life.number} ${known.id}`);
    if (session === undefined) return this.#attach(life, known);
    this.#rights.offer(life, session, known.person);
  }

  #budget(): Readonly<Record<string, string | number>> {
    const tokens = this.#random.chance(0.3) ? { tokens: this.#random.integer(300, 8_000) } : {};
    const seconds = this.#random.chance(0.2) ? { seconds: this.#random.integer(20, 600) } : {};
    const usd = String(this.#random.integer(0, 40));
    return { usd, actions: this.#random.integer(1, 40), ...tokens, ...seconds };
  }

  #call(life: Life): void {
    const session = this.#anySession();
    if (session === undefined) return;
    const tool = this.#random.weighted({
      pay: 40,
      look: 25,
      wire: 25,
      erase: 3,
      guess: 6,
      model: 30,
    });
    const order = `o-${this.#random.integer(1, 6)}`;
    this.#calls.push({ session, tool, order });
    if (this.#calls.length > 200) this.#calls = this.#calls.slice(100);
    this.#authorize(life, session, tool, order);
  }

  /** Asks for an earlier call once more: after an approval, say. */
  #callAgain(life: Life): void {
    if (this.#calls.length === 0) return;
    const { session, tool, order } = this.#random.pick(this.#calls.slice(-12));
    this.#authorize(life, session, tool, order);
  }

  #authorize(life: Life, known: KnownSession, tool: string, order: string): void {
    // The amount follows from the order, so that a call can be asked for again.
    const amount = (Number(order.slice(2)) * 3) % 7;
    const handle = this.#handles.get(`${life.number} ${known.id}`);
    if (handle === undefined) return this.#attach(life, known);
    const model = tool === 'model' ? modelOf(order) : undefined;
    const read = handle.read({ order, amount: String(amount) });
    const start = this.#random.chance(0.25) ? 'later' : 'now';
    const key = this.#random.chance(0.6) ? this.#newKey() : undefined;
    const about = this.#about(known.person, {
      session: known.id,
      tool,
      digest: read.digest,
      ...(key === undefined ? {} : { key }),
    });
    this.#sendRepeatable('authorize', about, async (via) => {
      const session = this.#handles.get(`${via.number} ${known.id}`);
      const governed = bound.get(tool);
      if (session === undefined || governed === undefined) throw new Error('no handle');
      const decision = await session.authorize({
        tool: governed,
        arguments: session.read(read.value),
        start,
        ...(model === undefined ? {} : { model }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
      });
      const { permit, ...told } = decision;
      if (told.ticket !== undefined) {
        this.#tickets.push({ id: told.ticket, org: about.org, session: known, tool });
      }
      if (permit !== undefined) {
        const held = { life: via, permit, session: known, amount, model };
        this.#held.push(held);
        this.#everHeld.push(held);
      }
      return { kind: 'decided', decision: told, runs: permit !== undefined };
    })(life);
  }

  /**
   * Gets a handle on a session in a worker that has none. Reads only, so there is nothing to audit.
   */
  #attach(life: Life, known: KnownSession): void {
    const attaching = this.#rights
      .principalOf(life, known.person)
      .then((principal) => life.plane.attachSession(principal, known.id));
    attaching.then(
      (session) => this.#handles.set(`${life.number} ${known.id}`, session),
      () => undefined,
    );
  }

  /** Starts, settles or voids a permit; now and then twice, or through another session. */
  #finish(life: Life): void {
    const mine = this.#held.filter((held) => held.life === life);
    if (mine.length === 0) return this.#call(life);
    const held = this.#random.pick(mine);
    const how = this.#random.weighted({ settle: 60, start: 25, void: 30 });
    if (this.#random.chance(0.85) && how !== 'start') {
      this.#held.splice(this.#held.indexOf(held), 1);
    }
    const session = this.#handles.get(`${life.number} ${held.session.id}`);
    if (session === undefined) return;
    const { permit } = held;
    const about = this.#about(held.session.person, { session: held.session.id, permit: permit.id });
    if (how === 'start') {
      this.#send(life, 'start-permit', about, () => done(session.start(permit)));
    } else if (how === 'void') {
      this.#send(life, 'void-permit', about, () => done(session.void(permit)));
    } else {
      const outcome = this.#random.pick(['succeeded', 'succeeded', 'failed', 'unknown'] as const);
      const usage = this.#usage(held);
      this.#send(life, 'settle-permit', { ...about, outcome }, async () => ({
        kind: 'settled',
        posted: (await session.settle(permit, { outcome, ...usage })).posted,
      }));
    }
  }

  /** All that was reserved, part of it, or (rarely) more; of a model call what its provider answers. */
  #usage({ amount, model }: Held): Pick<Settlement, 'usage' | 'model'> {
    if (model !== undefined) {
      const dearer = this.#random.chance(0.05) ? { usage: { usd: '9' } } : {};
      return this.#random.chance(0.05)
        ? {}
        : { model: modelAnswer(this.#random, model), ...dearer };
    }
    const part = this.#random.weighted({ reserved: 60, less: 35, more: 3 });
    if (part === 'reserved') return {};
    return { usage: { usd: part === 'less' ? `${Math.max(0, amount - 1)}` : `${amount + 1}.5` } };
  }

  /** Sets a plan for the first time or again, at another limit; now and then closes one. */
  #changePlan(life: Life): void {
    const choice = choosePlan(this.#random, (name) => this.#closings.get(name) ?? 0);
    const { org, document: plan, limit } = choice;
    // Now and then somebody who may not.
    const person = this.#random.chance(0.95) ? choice.person : 'ops';
    const by = (via: Life) =>
      person === 'host' ? {} : { by: via.plane.identity.assert(whoIs(person)) };
    if (this.#random.chance(0.15)) {
      const name = `${org}/${plan.id.split('-')[0]}`;
      this.#closings.set(name, (this.#closings.get(name) ?? 0) + (person === 'ops' ? 0 : 1));
      const about = this.#about(person, { plan: plan.id });
      const order = { org, id: plan.id, reason: 'simulated' };
      this.#send(life, 'close-budget', about, () =>
        done(life.plane.closeBudget({ ...order, ...by(life) })),
      );
    } else {
      const about = this.#about(person, { plan: plan.id, limit });
      this.#send(life, 'set-budget', about, () =>
        done(life.plane.setBudget({ org, plan, ...by(life) })),
      );
    }
  }

  #rule(life: Life): void {
    if (this.#tickets.length === 0) return;
    const ticket = this.#random.pick(this.#tickets.slice(-8));
    const sameOrg = approvers.filter((person) => whoIs(person).org === ticket.org);
    const person = this.#random.chance(0.95)
      ? this.#random.pick(sameOrg)
      : this.#random.pick(approvers);
    const ruling = this.#random.weighted({ approve: 80, deny: 12, cancel: 8 });
    const key = this.#newKey();
    const about = this.#about(person, { ticket: ticket.id, key });
    const more = ruling === 'approve' ? this.#approval(life, ticket) : {};
    this.#sendRepeatable(`${ruling}-ticket`, about, async (via) => {
      const by = via.plane.identity.assert(whoIs(person));
      const order = { ticket: ticket.id, by, reason: 'simulated', idempotencyKey: key };
      await via.plane[ruling]({ ...order, ...more });
      return { kind: 'done' };
    })(life);
  }

  /** Now and then an approver grants more than the one call, or edits it. */
  #approval(
    life: Life,
    { session, tool }: { readonly session: KnownSession; readonly tool: string },
  ) {
    const grant = this.#random.chance(0.6) ? { grant: this.#rights.grantOrder(life) } : {};
    if (tool === 'model' || !this.#random.chance(0.2)) return grant;
    const number = this.#random.integer(1, 6);
    const order = `o-${number}`;
    this.#calls.push({ session, tool, order });
    return { ...grant, edit: { order, amount: String((number * 3) % 7) } };
  }

  #switch(life: Life, kind: 'engage-kill' | 'release-kill'): void {
    const { person, scope } = this.#killOrder(kind);
    const key = this.#newKey();
    const about = this.#about(person, { latch: latchKey(scope), key });
    this.#sendRepeatable(kind, about, async (via) => {
      const by = via.plane.identity.assert(whoIs(person));
      const order = { scope, by, reason: 'simulated', idempotencyKey: key };
      const latch =
        kind === 'engage-kill' ? await via.plane.kill(order) : await via.plane.release(order);
      return { kind: 'latched', engaged: latch.engaged, engagedIndex: latch.engagedIndex };
    })(life);
  }

  /** What is engaged is mostly released before long, so that work goes on. */
  #killOrder(kind: 'engage-kill' | 'release-kill'): { person: string; scope: KillScope } {
    if (kind === 'release-kill' && this.#engaged.length > 0 && this.#random.chance(0.9)) {
      const at = this.#random.integer(0, this.#engaged.length - 1);
      const [order] = this.#engaged.splice(at, this.#random.chance(0.7) ? 1 : 0);
      const { scope, person } = order ?? this.#random.pick(this.#engaged);
      return { scope, person };
    }
    const person = this.#random.pick(['ops', 'globex', 'root', 'billing'] as const);
    const scope = this.#scope(whoIs(person).org);
    const mayNot = person === 'billing' || (scope.kind === 'system' && person !== 'root');
    if (kind === 'engage-kill' && !mayNot) this.#engaged.push({ scope, person });
    return { person, scope };
  }

  #scope(org: string): KillScope {
    const session = this.#anySession()?.id ?? 'none';
    const kinds = {
      system: 1,
      org: 1,
      principal: 2,
      agent: 3,
      session: 4,
      action: 2,
      tool: 3,
      model: 2,
    };
    const kind = this.#random.weighted(kinds);
    switch (kind) {
      case 'system':
        return { kind };
      case 'org':
        return { kind, org };
      case 'principal':
        return { kind, org, id: whoIs(this.#random.pick(requesters)).id };
      case 'session':
        return { kind, org, id: session };
      case 'agent':
        return { kind, org, name: this.#random.pick(['clerk', 'courier']) };
      case 'action':
        return { kind, org, name: this.#random.pick(['order.pay', 'bank.wire']) };
      case 'tool':
        return { kind, org, name: this.#random.pick(['pay', 'look', 'wire']) };
      case 'model':
        return { kind, org, name: this.#random.pick(['small', 'large']) };
    }
  }

  #changePolicy(life: Life): void {
    // Now and then an old version, which has to be refused.
    if (this.#random.chance(0.8)) this.#version += 1;
    const version = Math.max(1, this.#version - (this.#random.chance(0.2) ? 1 : 0));
    const person = this.#random.chance(0.9) ? 'root' : 'ops';
    const about = this.#about(person, { version });
    this.#send(life, 'activate-policy', about, async () => {
      const by = life.plane.identity.assert(whoIs(person));
      await life.plane.activatePolicy(policy(version), by);
      return { kind: 'done' };
    });
  }

  #transition(life: Life): void {
    const known = this.#anySession();
    if (known === undefined) return;
    const session = this.#handles.get(`${life.number} ${known.id}`);
    if (session === undefined) return this.#attach(life, known);
    const transition = this.#random.weighted({ pause: 3, resume: 5, complete: 1, abort: 1 });
    const about = this.#about(known.person, { session: known.id, transition });
    this.#send(life, 'transition-session', about, () => done(session[transition]('simulated')));
  }

  /** Sends an operation again that had no answer, or (rarely) one that had. */
  #repeat(life: Life): void {
    if (this.#repeatable.length === 0) return;
    const unanswered = this.#repeatable.filter(({ operation: { reply, life: sentBy } }) =>
      reply === undefined ? sentBy !== life.number : reply.kind === 'fault',
    );
    const from = unanswered.length > 0 && this.#random.chance(0.9) ? unanswered : this.#repeatable;
    this.#random.pick(from.slice(-20)).send(life);
  }

  #sendRepeatable(
    kind: OperationKind,
    about: About,
    work: (via: Life) => Promise<Reply>,
  ): (life: Life) => void {
    let again = false;
    const send = (life: Life): void => {
      const { session } = about;
      if (session !== undefined && !this.#handles.has(`${life.number} ${session}`)) return;
      const operation = this.#send(life, kind, about, () => work(life), again);
      again = true;
      const known = this.#repeatable.findIndex((each) => each.send === send);
      if (known !== -1) this.#repeatable.splice(known, 1);
      if (about.key !== undefined) this.#repeatable.push({ operation, send });
    };
    return send;
  }

  #send(
    life: Life,
    kind: OperationKind,
    about: About,
    work: () => Promise<Reply>,
    again = false,
  ): Operation {
    this.#moment += 1;
    const operation: Operation = {
      number: this.operations.length,
      life: life.number,
      kind,
      about,
      again,
      sent: this.#moment,
      heard: undefined,
      reply: undefined,
    };
    this.operations.push(operation);
    const hear = (reply: Reply): void => {
      // Nobody hears what a crashed process would have said.
      if (!life.alive) return;
      this.#moment += 1;
      operation.heard = this.#moment;
      operation.reply = reply;
      // Whoever acted with a key that is no longer good takes the session up anew.
      if (reply.kind === 'refused' && reply.code.startsWith('credential-')) {
        this.#handles.delete(`${life.number} ${about.session ?? ''}`);
      }
    };
    work().then(hear, (failure: unknown) => hear(replyOf(failure)));
    return operation;
  }

  #anySession(of?: string): KnownSession | undefined {
    const recent = this.#sessions
      .filter(({ person }) => of === undefined || of === person)
      .slice(-10);
    return recent.length === 0 ? undefined : this.#random.pick(recent);
  }

  #about(person: string, rest: Partial<About>): About {
    return { ...rest, person: whoIs(person).id, org: whoIs(person).org };
  }

  #newKey(): string {
    this.#keys += 1;
    return `k-${this.#keys}`;
  }
}

async function done(work: Promise<unknown>): Promise<Reply> {
  await work;
  return { kind: 'done' };
}
