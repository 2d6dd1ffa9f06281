/**
 * What the design says a command comes to, without any cleverness: what can speak against it, in
 * order, then what it changes. Things are searched for at each question, sums are counted anew.
 */
import { isDeepStrictEqual as same } from 'node:util';
import type { Amounts, Command, Kill, KillScope } from '../../src/kernel/index.ts';
import { type Call, covers, naiveAnswer, Registered, type Session } from './naive-call.ts';

/** A permit, a ticket or a steer; a kill makes it void. `used` is what a permit was charged. */
type Given = { what: string; session: Session; call: Call; answer: ReturnType<typeof naiveAnswer> };
type Grant = Readonly<Given> & {
  status: string;
  ends: number;
  used?: Amounts;
  isVoid?: boolean;
  isAwaited?: boolean;
};
/** From a status, by a transition or a command's verb, to a status. */
const moves: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  created: { activate: 'active', abort: 'aborted' },
  active: { pause: 'paused', complete: 'completed', abort: 'aborted' },
  paused: { resume: 'active', complete: 'completed', abort: 'aborted' },
  issued: { start: 'started', void: 'voided', expire: 'expired' },
  started: { settle: 'settled', expire: 'unknown' },
  pending: { approve: 'approved', deny: 'denied', cancel: 'cancelled', expire: 'expired' },
  approved: { cancel: 'cancelled', expire: 'expired' },
};
const is = ({ roles }: Command['by'], ...wanted: readonly string[]): boolean =>
  roles.some((role) => wanted.includes(role));

export class NaiveModel {
  readonly registered = new Registered();
  readonly sessions: Session[] = [];
  readonly grants: Grant[] = [];
  kills: readonly KillScope[] = [];

  /** `done` or `unchanged`, a rejection code, or a decision's effect, with the code of a denial. */
  submit(command: Command, now: number): string {
    if ('scope' in command) return this.#switch(command);
    const { by, kind } = command;
    const [verb = '', what = 'session'] = kind.split('-');
    const [opens, calls, starts] = [verb === 'open', verb === 'authorize', verb === 'start'];
    if ((opens || calls) && !is(by, 'agent', 'operator', 'admin')) return 'permission-denied';
    if (kind === 'expire-permit' && !is(by, 'system')) return 'permission-denied';
    const id: unknown = Object.entries(command).find(([name]) => name === what)?.[1];
    const grant = this.grants.find((each) => each.what === what && each.call.id === id);
    const known = grant?.session ?? this.sessions.find(({ session }) => session === id);
    const status = 'mode' in command && command.activate ? 'active' : 'created';
    const session = known ?? ('mode' in command ? { ...command, status } : undefined);
    if (session === undefined) return `${what}-unknown`;
    if (opens && known) return 'session-exists';
    const isInOrg = by.org === session.by.org;
    const isOwn = isInOrg && by.id === session.by.id;
    const controls = isInOrg && is(by, 'operator', 'admin');
    const isColleague = what === 'ticket' && isInOrg && is(by, 'approver', 'operator', 'admin');
    const isTrusted = what === 'session' ? controls && !calls : is(by, 'system');
    if (!isOwn && !isColleague && !isTrusted) return `${what}-unknown`;
    const isApprover = is(by, 'approver', 'admin') && is(by, ...(grant?.answer.roles ?? []));
    const move = 'transition' in command ? command.transition : verb;
    const mayMove = controls || (is(by, 'agent') && move !== 'resume');
    const decides = verb === 'approve' || verb === 'deny';
    if (decides && (isOwn || !isApprover)) return isOwn ? 'self-approval' : 'permission-denied';
    if (verb === 'cancel' && is(by, 'system') && !grant?.isVoid) return 'not-due';
    if (verb === 'cancel' && !isOwn && !controls && !is(by, 'system')) return 'permission-denied';
    if (verb === 'expire' && !is(by, 'system')) return 'permission-denied';
    if (verb === 'transition' && !mayMove) return 'permission-denied';
    const from = (grant ?? session).status;
    const next = moves[from]?.[move];
    const isDue = now >= (grant?.ends ?? 0);
    if (verb === 'expire' && !(next && isDue)) return 'not-due';
    if (verb === 'transition' && !next) return 'transition-illegal';
    if (verb === 'settle' && from === 'issued') return 'permit-not-started';
    if (verb === 'settle' && !next) return tellLate(grant, command);
    if (verb === 'void' && (from === 'voided' || from === 'expired')) return 'unchanged';
    if (verb === 'void' && !next) return 'permit-not-voidable';
    if (starts && !(next && !isDue)) return next ? 'permit-expired' : 'permit-not-startable';
    if (what === 'ticket' && !next) return 'ticket-not-pending';
    const isLate = what === 'ticket' && verb !== 'expire' && isDue;
    if (isLate && grant) grant.status = 'expired';
    if (isLate) return 'ticket-expired';
    const call = kind === 'authorize' ? command : grant?.call;
    const { agents, tools, policy } = this.registered;
    const [agent, tool] = [agents.get(session.agent), tools.get(call?.tool ?? '')];
    const isKilled = grant ? grant.isVoid : this.kills.some((each) => covers(each, session, tool));
    const isToWork = opens || calls || starts;
    const no = (code: string): string => (calls ? `deny ${code}` : code);
    if ((calls || starts) && session.status !== 'active') return no('session-not-active');
    if (isToWork && agent?.status !== 'enabled')
      return no(`agent-${agent ? 'disabled' : 'unknown'}`);
    if (isKilled && (isToWork || next === 'active' || next === 'approved')) return no('killed');
    if (isToWork && call && !tool) return no('tool-unknown');
    if (isToWork && tool?.definition !== call?.definition) return no('tool-changed');
    if (starts && grant?.answer.terms.policy !== policy) return 'permit-not-startable';
    if (kind === 'authorize') return this.#decide(session, command, now);
    if (opens) this.sessions.push(session);
    const usage = 'usage' in command && command.usage !== 'reserved' ? command.usage : {};
    if (grant && from === 'started') grant.used = { ...grant.answer.cost, ...usage, actions: 1 };
    if (grant && next === 'unknown') grant.isAwaited = true;
    if (grant && starts) grant.ends = now + grant.answer.runTimeoutMs;
    if (grant && next === 'approved') grant.ends = now + grant.answer.timeoutMs;
    if (next) (grant ?? session).status = kind === 'settle-permit' ? command.outcome : next;
    for (const each of next === 'completed' || next === 'aborted' ? this.grants : []) {
      if (each.session === session && each.status === 'pending') each.status = 'cancelled';
    }
    return 'done';
  }

  #switch({ by, kind, scope, commitments }: Kill): string {
    const isInReach =
      'org' in scope ? scope.org === by.org || is(by, 'platform-admin') : is(by, 'platform-admin');
    if (!isInReach || !is(by, 'operator', 'admin')) return 'permission-denied';
    if (commitments?.['reason'] === undefined) return 'reason-missing';
    const others = this.kills.filter((each) => !same(each, scope));
    if (kind === 'release-kill' && others.length === this.kills.length) return 'latch-not-engaged';
    this.kills = kind === 'engage-kill' ? [...others, scope] : others;
    const killed = this.grants.filter((each) => covers(scope, each.session, each.answer.tool));
    if (kind === 'engage-kill') for (const each of killed) each.isVoid = true;
    return 'done';
  }

  #decide(session: Session, call: Call, now: number): string {
    const answer = naiveAnswer(this.registered, session, call);
    const { effect, code, cost, action, runTimeoutMs, timeoutMs } = answer;
    const give = (what: string, status: string, lastsMs: number): string => {
      this.grants.push({ session, call, answer, what, status, ends: now + lastsMs });
      return what === 'permit' ? 'allow' : effect;
    };
    const [isLive, asks] = [session.mode === 'live', effect === 'require-approval'];
    const mine = this.grants.filter((each) => each.session === session);
    const steers = mine.filter((each) => each.what === 'steer' && each.answer.action === action);
    const tickets = mine.filter((each) => each.what === 'ticket' && each.answer.of === answer.of);
    const old = asks && isLive ? tickets.at(-1) : undefined;
    const isSame =
      same(old?.answer.terms, answer.terms) ||
      (old?.status === 'denied' && same({ ...old.answer.terms, cost }, answer.terms));
    const stands = old && now < old.ends && !old.isVoid && isSame;
    const reply = stands ? old.status : 'none';
    if (effect === 'deny') return `deny ${code}`;
    if (effect === 'steer' && steers.length > 3) return 'deny steer-retries-exhausted';
    if (effect === 'steer') return give('steer', '', 0);
    if (reply === 'denied') return 'deny approval-denied';
    for (const unit of Object.keys(session.budget).toSorted()) {
      const { limit, reserved, posted, frozen } = this.budget(session, unit);
      if (frozen) return 'deny budget-frozen';
      if (reserved + posted + (cost[unit] ?? 0) > limit) return 'deny budget-exceeded';
    }
    if (asks && (!isLive || reply === 'pending')) return effect;
    if (old && old.status in moves) old.status = reply === 'approved' ? 'consumed' : 'cancelled';
    if (asks && reply !== 'approved') return give('ticket', 'pending', timeoutMs);
    if (call.start && isLive) return give('permit', 'started', runTimeoutMs);
    return isLive ? give('permit', 'issued', 60_000) : effect;
  }

  /** A session's budget in a unit, counted from its permits. */
  budget(of: Session, unit: string) {
    const permits = this.grants.filter(({ what, session }) => what === 'permit' && session === of);
    const at = (amounts: Amounts | undefined): number => amounts?.[unit] ?? 0;
    const sum = (list: readonly number[]): number => list.reduce((all, each) => all + each, 0);
    const held = permits.map(({ status, answer }) => (status in moves ? at(answer.cost) : 0));
    const posted = sum(permits.map(({ used }) => at(used)));
    const frozen = permits.some(({ used, answer }) => at(used) > at(answer.cost));
    return { limit: at(of.budget), reserved: sum(held), posted, frozen };
  }
}

/** What a permit that was given up had used, told once: it can only raise what was charged. */
function tellLate(grant: Grant | undefined, command: Command): string {
  if (!grant?.isAwaited) return 'unchanged';
  const usage = 'usage' in command && command.usage !== 'reserved' ? command.usage : {};
  const told = Object.entries(usage).filter(([unit]) => unit !== 'actions');
  const more = told.map(([unit, amount]) => [unit, Math.max(amount, grant.used?.[unit] ?? 0)]);
  grant.used = { ...grant.used, ...(Object.fromEntries(more) as Amounts) };
  grant.isAwaited = false;
  return 'unchanged';
}
