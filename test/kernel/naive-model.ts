/**
 * What the design says a command comes to, without any cleverness: what can speak against it, in
 * order, then what it changes. Things are searched for at each question, sums are counted anew.
 */
import { isDeepStrictEqual as same } from 'node:util';
import type { Command, Kill, KillScope } from '../../src/kernel/index.ts';
import { type Grant, naiveBudget, tellLate, told } from './naive-account.ts';
import { globs } from './naive-condition.ts';
import { type Call, covers, naiveAnswer, Registered, type Session } from './naive-call.ts';

type Named<T> = Readonly<Record<string, T>>;
/** From a status, by a transition or a command's verb, to a status. */
const moves: Named<Named<string>> = {
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
    const move = 'transition' in command ? command.transition : verb;
    const transition = controls || (is(by, 'agent') && move !== 'resume');
    const approve = is(by, 'approver', 'admin') && is(by, ...(grant?.answer.roles ?? []));
    const [expire, cancel] = [is(by, 'system'), isOwn || controls || is(by, 'system')];
    const may: Named<boolean> = { approve, deny: approve, transition, expire, cancel };
    if ((verb === 'approve' || verb === 'deny') && isOwn) return 'self-approval';
    if (verb === 'cancel' && expire && !grant?.isVoid) return 'not-due';
    if (may[verb] === false) return 'permission-denied';
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
    const isCapable = globs(agent?.capabilities[0]?.actions ?? [], grant?.answer.action ?? '');
    if (starts && !isCapable) return 'agent-not-capable';
    if (starts && grant?.answer.terms.policy !== policy) return 'permit-not-startable';
    if (kind === 'authorize') return this.#decide(session, command, now);
    if (opens) this.sessions.push(session);
    if (grant && from === 'started') grant.used = { ...grant.answer.cost, ...told(command) };
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
    const isInReach = is(by, 'platform-admin') || ('org' in scope && scope.org === by.org);
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
    // A denial stands whatever the call would cost, and whatever was killed since.
    const isNo = old?.status === 'denied';
    const terms = { ...old?.answer.terms, ...(isNo ? { cost } : {}) };
    const stands = old && now < old.ends && (isNo || !old.isVoid) && same(terms, answer.terms);
    const reply = stands ? old.status : 'none';
    if (effect === 'deny') return `deny ${code}`;
    if (effect === 'steer' && steers.length > 3) return 'deny steer-retries-exhausted';
    if (effect === 'steer') return give('steer', '', 0);
    if (reply === 'denied') return 'deny approval-denied';
    for (const unit of Object.keys(session.budget).toSorted()) {
      const { limit, reserved, posted, frozen } = naiveBudget(this.grants, session, unit);
      if (frozen) return 'deny budget-frozen';
      if (reserved + posted + (cost[unit] ?? 0) > limit) return 'deny budget-exceeded';
    }
    if (asks && (!isLive || reply === 'pending')) return effect;
    if (old && old.status in moves) old.status = reply === 'approved' ? 'consumed' : 'cancelled';
    if (asks && reply !== 'approved') return give('ticket', 'pending', timeoutMs);
    if (call.start && isLive) return give('permit', 'started', runTimeoutMs);
    return isLive ? give('permit', 'issued', 60_000) : effect;
  }
}
