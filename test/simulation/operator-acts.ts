/**
 * What operators and administrators of a simulated world do: they pull kill switches and release them, whole or
 * on probation, send heartbeats or stay away, change the policy and the budget plans, and confirm what another
 * has proposed.
 */
import { type KillScope, latchKey } from '../../src/kernel/index.ts';
import type { Random } from '../../src/testing/index.ts';
import { choosePlan, type PlanChoice } from './budget-choices.ts';
import { policy, requesters, whoIs } from './scenario.ts';
import { done, type Sender } from './sender.ts';
import type { Life } from './world.ts';

interface Switching {
  readonly scope: KillScope;
  readonly supervised: boolean;
}

/** Who may do alone what takes one, in each org; the last is of the platform. */
const operators = ['ops', 'globex', 'gus', 'root', 'ruth'] as const;

export class OperatorActs {
  readonly #random: Random;
  readonly #sender: Sender;
  /** Some session, as a target. */
  readonly #session: () => string | undefined;
  #version: number;
  /** How often plans were closed, by what they are of. */
  readonly #closings = new Map<string, number>();
  /** Plans that were set. */
  readonly #plans: { readonly org: string; readonly id: string }[] = [];
  /** How many heartbeats nobody will send. */
  #away = 0;

  constructor(
    random: Random,
    sender: Sender,
    about: { readonly session: () => string | undefined; readonly version: number },
  ) {
    this.#random = random;
    this.#sender = sender;
    this.#session = about.session;
    this.#version = about.version;
  }

  kill(life: Life): void {
    const person = this.#random.pick(['ops', 'globex', 'root', 'billing'] as const);
    this.#switch(life, person, 'engage-kill', { scope: this.#scope(person), supervised: false });
  }

  /** What is engaged is mostly released before long, so that work goes on. */
  release(life: Life): void {
    const person = this.#random.pick(['ops', 'globex', 'gus', 'root', 'ruth'] as const);
    const known = life.plane.kills(whoIs(person).org);
    if (known.length === 0 && this.#random.chance(0.8)) return;
    const isKnown = known.length > 0 && this.#random.chance(0.95);
    const scope = isKnown ? scopeOf(this.#random.pick(known).scope) : this.#scope(person);
    const supervised = this.#random.chance(0.3);
    this.#switch(life, person, 'release-kill', { scope, supervised });
  }

  #switch(
    life: Life,
    person: string,
    kind: 'engage-kill' | 'release-kill',
    { scope, supervised }: Switching,
  ): void {
    const key = this.#sender.newKey();
    const about = this.#sender.about(person, { latch: latchKey(scope), key });
    const change = (by: Life, second: string): void =>
      this.#switch(by, second, kind, { scope, supervised });
    this.#sender.sendChange(life, person, change, (heard) =>
      this.#sender.sendRepeatable(life, kind, about, (via) =>
        heard(
          (async () => {
            const by = via.plane.identity.assert(whoIs(person));
            const order = { scope, by, reason: 'simulated', idempotencyKey: key };
            const latch =
              kind === 'engage-kill'
                ? await via.plane.kill(order)
                : await via.plane.release({ ...order, supervised });
            const { engaged, engagedIndex } = latch;
            return { kind: 'latched', engaged, engagedIndex };
          })(),
        ),
      ),
    );
  }

  #scope(person: string): KillScope {
    const { org } = whoIs(person);
    const kinds = {
      system: 1,
      org: 1,
      principal: 2,
      agent: 3,
      session: 4,
      action: 2,
      tool: 3,
      model: 2,
      budget: 5,
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
        return { kind, org, id: this.#session() ?? 'none' };
      case 'agent':
        return { kind, org, name: this.#random.pick(['clerk', 'courier']) };
      case 'action':
        return { kind, org, name: this.#random.pick(['order.pay', 'bank.wire']) };
      case 'tool':
        return { kind, org, name: this.#random.pick(['pay', 'look', 'wire']) };
      case 'model':
        return { kind, org: this.#everyOrg(org), name: this.#random.pick(['small', 'large']) };
      case 'budget':
        return this.#planScope(org);
    }
  }

  /** Of a plan that was set, mostly one that counts what the org does. */
  #planScope(org: string): KillScope {
    const known = this.#plans.filter((plan) => plan.org === org || plan.org === '*').slice(-8);
    const isKnown = known.length > 0 && this.#random.chance(0.9);
    const { org: of, id } = isKnown
      ? this.#random.pick(known)
      : { org: this.#everyOrg(org), id: this.#plan().document.id };
    return { kind: 'budget', org: of, name: id };
  }

  #everyOrg(org: string): string {
    return this.#random.chance(0.2) ? '*' : org;
  }

  /** Now and then nobody is there for a while, and the org stands still. */
  heartbeat(life: Life): void {
    if (this.#away > 0) {
      this.#away -= 1;
      return;
    }
    if (this.#random.chance(0.06)) this.#away = this.#random.integer(3, 12);
    const person = this.#random.pick(['ops', 'globex', 'gus', 'root', 'billing'] as const);
    const org = person === 'root' ? this.#random.pick(['acme', 'globex']) : whoIs(person).org;
    const about = this.#sender.about(person, { subject: org });
    this.#sender.send(life, 'heartbeat', about, async () => {
      await life.plane.heartbeat({ by: life.plane.identity.assert(whoIs(person)), org });
      return { kind: 'done' };
    });
  }

  changePolicy(life: Life): void {
    // Now and then an old version, which has to be refused.
    if (this.#random.chance(0.8)) this.#version += 1;
    const version = Math.max(1, this.#version - (this.#random.chance(0.2) ? 1 : 0));
    const person = this.#random.chance(0.9) ? 'root' : 'ops';
    this.#activate(life, person, version);
  }

  #activate(life: Life, person: string, version: number): void {
    const about = this.#sender.about(person, { version });
    const change = (by: Life, second: string): void => this.#activate(by, second, version);
    this.#sender.sendChange(life, person, change, (heard) =>
      this.#sender.send(life, 'activate-policy', about, () => {
        const by = life.plane.identity.assert(whoIs(person));
        return heard(done(life.plane.activatePolicy(policy(version), by)));
      }),
    );
  }

  /** Sets a plan for the first time or again, at another limit; now and then closes one. */
  changePlan(life: Life): void {
    const choice = this.#plan();
    // Now and then somebody who may not.
    const person = this.#random.chance(0.95) ? choice.person : 'ops';
    if (this.#random.chance(0.15)) this.#closePlan(life, person, choice);
    else this.#setPlan(life, person, choice);
  }

  #setPlan(life: Life, person: string, choice: PlanChoice): void {
    const { org, document: plan, limit } = choice;
    const about = this.#sender.about(person, { plan: plan.id, limit });
    const change = (by: Life, second: string): void => this.#setPlan(by, second, choice);
    this.#sender.sendChange(life, person, change, (heard) =>
      this.#sender.send(life, 'set-budget', about, () =>
        heard(
          done(life.plane.setBudget({ org, plan, ...byOf(life, person) })).then((reply) => {
            this.#plans.push({ org, id: plan.id });
            return reply;
          }),
        ),
      ),
    );
  }

  #closePlan(life: Life, person: string, choice: PlanChoice): void {
    const { org, document: plan } = choice;
    const about = this.#sender.about(person, { plan: plan.id });
    const change = (by: Life, second: string): void => this.#closePlan(by, second, choice);
    this.#sender.sendChange(life, person, change, (heard) =>
      this.#sender.send(life, 'close-budget', about, () => {
        const order = { org, id: plan.id, reason: 'simulated', ...byOf(life, person) };
        const closing = done(life.plane.closeBudget(order)).then((reply) => {
          const name = `${org}/${plan.id.split('-')[0]}`;
          this.#closings.set(name, (this.#closings.get(name) ?? 0) + 1);
          return reply;
        });
        return heard(closing);
      }),
    );
  }

  #plan(): PlanChoice {
    return choosePlan(this.#random, (name) => this.#closings.get(name) ?? 0);
  }

  /** Asks for what somebody proposed: mostly another, who may; now and then whoever it was. */
  confirm(life: Life): void {
    const { proposed } = this.#sender;
    if (proposed.length === 0) return this.release(life);
    const at = Math.max(0, proposed.length - this.#random.integer(1, 4));
    const [proposal] = proposed.splice(at, this.#random.chance(0.8) ? 1 : 0);
    const { change, person } = proposal ?? this.#random.pick(proposed);
    change(life, this.#random.chance(0.2) ? person : this.#second(person));
  }

  #second(first: string): string {
    const isOfPlatform = this.#random.chance(0.7);
    const others = isOfPlatform ? ['root', 'ruth'] : operators;
    return this.#random.pick(others.filter((each) => each !== first));
  }
}

function byOf({ plane }: Life, person: string) {
  return person === 'host' ? {} : { by: plane.identity.assert(whoIs(person)) };
}

/** The scope of a latch that is known by its key. */
function scopeOf(key: string): KillScope {
  const [kind, org = '', name = ''] = key.split('|');
  switch (kind) {
    case 'system':
      return { kind };
    case 'org':
      return { kind, org };
    case 'principal':
    case 'session':
      return { kind, org, id: name };
    case 'agent':
    case 'action':
    case 'tool':
    case 'budget':
    case 'model':
      return { kind, org, name };
    default:
      throw new Error(`there is no latch ${key}`);
  }
}
