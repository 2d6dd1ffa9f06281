/**
 * What the people of a simulated world do about rights: they issue and revoke keys and act with them, suspend
 * agents, hand work off, grant more than they were asked for, and edit what they approve.
 */
import type { GrantOrder, Session } from '../../src/engine/index.ts';
import type { Principal } from '../../src/identity/principal.ts';
import type { Random } from '../../src/testing/index.ts';
import type { About, OperationKind, Reply } from './operation.ts';
import { agents, requesters, whoIs } from './scenario.ts';
import type { Life } from './world.ts';

/** How an act is sent and its reply heard. */
export type Send = (
  life: Life,
  kind: OperationKind,
  person: string,
  about: Partial<About>,
  work: () => Promise<Reply>,
) => void;

interface HeldKey {
  readonly person: string;
  readonly id: string;
  readonly text: string;
}

const done: Reply = { kind: 'done' };
/** Who administers each requester's org. */
const adminOf = (person: string): string => (whoIs(person).org === 'acme' ? 'root' : 'gus');

export class RightsActs {
  readonly #random: Random;
  readonly #send: Send;
  #keys: HeldKey[] = [];
  readonly #suspended = new Set<string>();
  readonly #handoffs: {
    readonly token: string;
    readonly agent: string;
    readonly person: string;
  }[] = [];

  constructor(random: Random, send: Send) {
    this.#random = random;
    this.#send = send;
  }

  /** Somebody, as the host says or as one of their keys does. */
  async principalOf({ plane }: Life, person: string): Promise<Principal> {
    const mine = this.#keys.filter((key) => key.person === person);
    if (mine.length === 0 || this.#random.chance(0.6)) return plane.identity.assert(whoIs(person));
    return plane.identity.authenticate(this.#random.pick(mine).text);
  }

  issueKey(life: Life): void {
    const person = this.#random.pick(requesters);
    const { id: principal, org, roles } = whoIs(person);
    const by = this.#random.chance(0.9) ? adminOf(person) : 'ops';
    const lasts = this.#random.chance(0.3) ? this.#random.integer(1_000, 60_000) : undefined;
    this.#send(life, 'issue-key', by, { subject: principal }, async () => {
      const ends = lasts === undefined ? {} : { expiresAt: new Date(life.clock.now() + lasts) };
      const order = { principal, org, roles, by: life.plane.identity.assert(whoIs(by)), ...ends };
      const { id, key: text } = await life.plane.keys.issue(order);
      this.#keys.push({ person, id, text });
      return done;
    });
  }

  revokeKey(life: Life): void {
    if (this.#keys.length === 0) return this.issueKey(life);
    const key = this.#random.pick(this.#keys);
    // Whoever knows that it was revoked uses it no longer; the rest find out.
    if (this.#random.chance(0.5)) this.#keys = this.#keys.filter((each) => each !== key);
    const person = this.#random.chance(0.8) ? adminOf(key.person) : key.person;
    this.#send(life, 'revoke-key', person, { subject: key.id }, async () => {
      const by = life.plane.identity.assert(whoIs(person));
      await life.plane.keys.revoke({ key: key.id, by, reason: 'simulated' });
      return done;
    });
  }

  controlAgent(life: Life): void {
    const person = this.#random.chance(0.9) ? 'root' : 'ops';
    // What is suspended is mostly reinstated before long, so that work goes on.
    const [off] = this.#suspended;
    const isBack = off !== undefined && this.#random.chance(0.9);
    const transition = isBack ? 'reinstate' : 'suspend';
    const agent = isBack ? off : this.#random.pick(agents);
    this.#send(life, 'control-agent', person, { subject: agent, transition }, async () => {
      const by = life.plane.identity.assert(whoIs(person));
      await life.plane.controlAgent({ agent, transition, by, reason: 'simulated' });
      if (isBack) this.#suspended.delete(agent);
      else this.#suspended.add(agent);
      return done;
    });
  }

  offer(life: Life, session: Session, person: string): void {
    const agent = this.#random.pick(['deputy', 'courier', 'clerk']);
    const { org } = whoIs(person);
    const taker = this.#random.pick(requesters.filter((each) => whoIs(each).org === org));
    const audience = this.#random.chance(0.5) ? { principal: whoIs(taker).id } : {};
    const delegation = this.#random.pick([
      {},
      { depth: 0 },
      { actions: ['order.*'], depth: 1 },
      { resources: ['order/o-*'] },
    ]);
    const budget = this.#random.chance(0.5) ? { usd: String(this.#random.integer(0, 9)) } : {};
    const lasts = this.#random.integer(5_000, 200_000);
    this.#send(life, 'issue-handoff', person, { session: session.id, subject: agent }, async () => {
      const expiresAt = new Date(life.clock.now() + lasts);
      const token = await session.handOff({ agent, ...audience, delegation, budget, expiresAt });
      this.#handoffs.push({ token, agent, person: taker });
      return done;
    });
  }

  takeUp(life: Life, opened: (session: Session, person: string) => void): void {
    if (this.#handoffs.length === 0) return;
    const { token, agent, person: taker } = this.#random.pick(this.#handoffs.slice(-4));
    const person = this.#random.chance(0.9) ? taker : this.#random.pick(requesters);
    this.#send(life, 'open-session', person, {}, async () => {
      const principal = await this.principalOf(life, person);
      const session = await life.plane.openSession({ principal, agent, handoff: token });
      opened(session, person);
      return { kind: 'opened', session: session.id };
    });
  }

  /** What an approver may add to an approval; the same at every sending. */
  grantOrder(life: Life): GrantOrder {
    const cost = this.#random.chance(0.5)
      ? { cost: { usd: String(this.#random.integer(0, 9)) } }
      : {};
    return {
      actions: this.#random.pick([['order.pay'], ['order.pay', 'bank.wire'], ['**']]),
      ...(this.#random.chance(0.3) ? { resources: ['order/*'] } : {}),
      uses: this.#random.integer(0, 6),
      ...cost,
      expiresAt: new Date(life.clock.now() + this.#random.integer(5_000, 200_000)),
      ...(this.#random.chance(0.2) ? { sessionOnly: true } : {}),
    };
  }

  revokeGrant(life: Life): void {
    const person = this.#random.pick(['ada', 'gwen', 'ops']);
    const held = life.plane.grants(whoIs(person).org);
    if (held.length === 0) return;
    const grant = this.#random.pick(held).id;
    this.#send(life, 'revoke-grant', person, { subject: grant }, async () => {
      await life.plane.revokeGrant({ grant, by: life.plane.identity.assert(whoIs(person)) });
      return done;
    });
  }
}
