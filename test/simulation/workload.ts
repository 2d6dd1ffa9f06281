/**
 * What the people of a simulated world do: they open sessions with small budgets, ask for calls of
 * tools and models, run and settle them and decide tickets; operators, administrators and workers do
 * what is theirs. Who does what when is the seed's choice.
 */
import {
  bindTool,
  type BoundTool,
  modelTool,
  type Permit,
  type Session,
  type Settlement,
} from '../../src/engine/index.ts';
import type { Random } from '../../src/testing/index.ts';
import { modelAnswer, type ModelChoice, modelOf } from './budget-choices.ts';
import { LeaseActs } from './lease-acts.ts';
import type { HeldLease, HeldPermit, Operation } from './operation.ts';
import { OperatorActs } from './operator-acts.ts';
import { RightsActs } from './rights-acts.ts';
import { approvers, requesters, tools, whoIs } from './scenario.ts';
import { done, Sender } from './sender.ts';
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
  /** Whether it was to be started later, and nobody has tried. */
  isWaiting: boolean;
  /** Of a model call. */
  readonly model: ModelChoice | undefined;
}

const bound: ReadonlyMap<string, BoundTool> = new Map(
  [...tools, modelTool].map((tool) => [tool.name, bindTool(tool)]),
);

export class Workload {
  readonly #random: Random;
  readonly #sessions: KnownSession[] = [];
  readonly #held: Held[] = [];
  readonly #everHeld: Held[] = [];
  readonly #tickets: {
    readonly id: string;
    readonly org: string;
    readonly session: KnownSession;
    readonly tool: string;
  }[] = [];
  readonly #rights: RightsActs;
  /** Sessions that others were opened on behalf of. */
  readonly #parents: string[] = [];
  /** Sessions that refused a call because they are not active. */
  readonly #idle: string[] = [];
  readonly #sender: Sender;
  readonly #operators: OperatorActs;
  readonly #leases: LeaseActs;
  #calls: { readonly session: KnownSession; readonly tool: string; readonly order: string }[] = [];

  constructor(world: World) {
    this.#random = world.random.fork('workload');
    this.#sender = new Sender(this.#random);
    this.#rights = new RightsActs(this.#random, (life, kind, person, about, work) => {
      this.#sender.send(life, kind, this.#sender.about(person, about), work);
    });
    this.#leases = new LeaseActs(this.#random, this.#sender);
    const session = (): string | undefined =>
      this.#random.chance(0.5) ? this.#parents.at(-1) : this.#anySession()?.id;
    const about = { session, version: world.firstVersion };
    this.#operators = new OperatorActs(this.#random, this.#sender, about);
  }

  get operations(): readonly Operation[] {
    return this.#sender.operations;
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
      confirm: 2.5,
      heartbeat: 6,
      policy: 1,
      plan: 5,
      transition: 4,
      lease: 3,
      renewLease: 3,
      giveBackLease: 2,
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
      repeat: () => this.#sender.repeat(life),
      finish: () => this.#finish(life),
      rule: () => this.#rule(life),
      kill: () => this.#operators.kill(life),
      release: () => this.#operators.release(life),
      confirm: () => this.#operators.confirm(life),
      heartbeat: () => this.#operators.heartbeat(life),
      policy: () => this.#operators.changePolicy(life),
      plan: () => this.#operators.changePlan(life),
      lease: () => this.#lease(life),
      renewLease: () => this.#leases.renew(life),
      giveBackLease: () => this.#leases.giveBack(life),
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

  heldLeases(): readonly HeldLease[] {
    return this.#leases.heldLeases();
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
    const about = this.#sender.about(person, { key: this.#sender.newKey() });
    this.#sender.sendRepeatable(life, 'open-session', about, async (via) => {
      const principal = await this.#rights.principalOf(via, person);
      const above = parent === undefined ? {} : { parent };
      const options = { principal, agent, budget, mode, idempotencyKey: about.key ?? '' } as const;
      const session = await via.plane.openSession({ ...options, ...above });
      if (parent !== undefined) this.#parents.push(parent);
      this.#opened(via, session, person);
      return { kind: 'opened', session: session.id };
    });
  }

  #opened(via: Life, session: Session, person: string): void {
    if (!this.#sessions.some(({ id }) => id === session.id)) {
      this.#sessions.push({ id: session.id, person });
    }
    this.#sender.keep(via, session);
  }

  #offer(life: Life): void {
    const known = this.#anySession();
    if (known === undefined) return;
    const session = this.#sender.handle(life, known.id);
    if (session === undefined) return this.#attach(life, known);
    this.#rights.offer(life, session, known.person);
  }

  /** Now and then of a session that somebody drives, or in which another worker is about to start something. */
  #lease(life: Life): void {
    const about = this.#held.findLast((each) => each.isWaiting && each.life !== life);
    const isAbout = about !== undefined && this.#random.chance(0.4);
    const driven = this.#random.chance(0.5) ? this.#leases.someSession() : undefined;
    const held = isAbout ? about.session.id : driven;
    const known = this.#sessions.find(({ id }) => id === held) ?? this.#anySession();
    if (known === undefined) return;
    if (this.#sender.handle(life, known.id) === undefined) return this.#attach(life, known);
    this.#leases.take(life, known.id, known.person);
  }

  #budget(): Readonly<Record<string, string | number>> {
    const tokens = this.#random.chance(0.3) ? { tokens: this.#random.integer(300, 8_000) } : {};
    const seconds = this.#random.chance(0.2) ? { seconds: this.#random.integer(20, 600) } : {};
    const usd = String(this.#random.integer(0, 40));
    return { usd, actions: this.#random.integer(1, 40), ...tokens, ...seconds };
  }

  #call(life: Life): void {
    const lost = this.#random.chance(0.15) ? this.#leases.lostSession(life) : undefined;
    const session = this.#sessions.find(({ id }) => id === lost) ?? this.#anySession();
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
    const handle = this.#sender.handle(life, known.id);
    if (handle === undefined) return this.#attach(life, known);
    const model = tool === 'model' ? modelOf(order) : undefined;
    const read = handle.read({ order, amount: String(amount) });
    const start = this.#random.chance(0.35) ? 'later' : 'now';
    const key = this.#random.chance(0.6) ? this.#sender.newKey() : undefined;
    const about = this.#sender.about(known.person, {
      session: known.id,
      tool,
      digest: read.digest,
      ...(key === undefined ? {} : { key }),
    });
    this.#sender.sendRepeatable(life, 'authorize', about, async (via) => {
      const session = this.#sender.handle(via, known.id);
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
      // Now and then a worker that lost a session takes it up anew; the others go on with their fence.
      if (told.code === 'lease-lost' && this.#random.chance(0.3)) this.#sender.drop(via, known.id);
      if (told.code === 'session-not-active') this.#idle.push(known.id);
      if (told.ticket !== undefined) {
        this.#tickets.push({ id: told.ticket, org: about.org, session: known, tool });
      }
      if (permit !== undefined) {
        const isWaiting = start === 'later';
        const held = { life: via, permit, session: known, amount, isWaiting, model };
        this.#held.push(held);
        this.#everHeld.push(held);
      }
      return { kind: 'decided', decision: told, runs: permit !== undefined };
    });
  }

  /**
   * Gets a handle on a session in a worker that has none. Reads only, so there is nothing to audit.
   */
  #attach(life: Life, known: KnownSession): void {
    const attaching = this.#rights
      .principalOf(life, known.person)
      .then((principal) => life.plane.attachSession(principal, known.id));
    attaching.then(
      (session) => this.#sender.keep(life, session),
      () => undefined,
    );
  }

  /** Starts, settles or voids a permit; now and then twice, or through another session. */
  #finish(life: Life): void {
    const mine = this.#held.filter((held) => held.life === life);
    if (mine.length === 0) return this.#call(life);
    const held = this.#random.pick(mine);
    const how = this.#random.weighted(
      held.isWaiting ? { settle: 5, start: 60, void: 30 } : { settle: 80, start: 5, void: 10 },
    );
    held.isWaiting = false;
    if (this.#random.chance(0.85) && how !== 'start') {
      this.#held.splice(this.#held.indexOf(held), 1);
    }
    const session = this.#sender.handle(life, held.session.id);
    if (session === undefined) return;
    const { permit } = held;
    const about = this.#sender.about(held.session.person, {
      session: held.session.id,
      permit: permit.id,
    });
    if (how === 'start') {
      const fenced = { ...about, ...this.#sender.fenceOf(life, held.session.id) };
      this.#sender.send(life, 'start-permit', fenced, () => done(session.start(permit)));
    } else if (how === 'void') {
      this.#sender.send(life, 'void-permit', about, () => done(session.void(permit)));
    } else {
      const outcome = this.#random.pick(['succeeded', 'succeeded', 'failed', 'unknown'] as const);
      const usage = this.#usage(held);
      this.#sender.send(life, 'settle-permit', { ...about, outcome }, async () => ({
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

  #rule(life: Life): void {
    if (this.#tickets.length === 0) return;
    const ticket = this.#random.pick(this.#tickets.slice(-8));
    const sameOrg = approvers.filter((person) => whoIs(person).org === ticket.org);
    const person = this.#random.chance(0.95)
      ? this.#random.pick(sameOrg)
      : this.#random.pick(approvers);
    const ruling = this.#random.weighted({ approve: 80, deny: 12, cancel: 8 });
    const key = this.#sender.newKey();
    const about = this.#sender.about(person, { ticket: ticket.id, key });
    const more = ruling === 'approve' ? this.#approval(life, ticket) : {};
    this.#sender.sendRepeatable(life, `${ruling}-ticket`, about, async (via) => {
      const by = via.plane.identity.assert(whoIs(person));
      const order = { ticket: ticket.id, by, reason: 'simulated', idempotencyKey: key };
      await via.plane[ruling]({ ...order, ...more });
      return { kind: 'done' };
    });
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

  /** What stands still is mostly resumed before long, by an operator. */
  #transition(life: Life): void {
    const known = this.#sessions.find(({ id }) => id === this.#idle.at(-1)) ?? this.#anySession();
    if (known === undefined) return;
    this.#idle.pop();
    const kind = this.#random.weighted({ pause: 3, resume: 12, complete: 1, abort: 1 });
    const operator = whoIs(known.person).org === 'acme' ? 'ops' : 'globex';
    const person = this.#random.chance(0.9) ? operator : 'billing';
    const about = this.#sender.about(person, { session: known.id, transition: kind });
    this.#sender.send(life, 'transition-session', about, () => {
      const by = life.plane.identity.assert(whoIs(person));
      return done(life.plane.control({ session: known.id, transition: kind, by }));
    });
  }

  #anySession(of?: string): KnownSession | undefined {
    const recent = this.#sessions
      .filter(({ person }) => of === undefined || of === person)
      .slice(-10);
    return recent.length === 0 ? undefined : this.#random.pick(recent);
  }
}
