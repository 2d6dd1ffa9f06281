/**
 * The auditor: holds every reply that somebody heard against the log, and the log against its own
 * model.
 *
 * It objects where an acknowledged answer is not in the log or differs from it, where a failure
 * that was said to have done nothing did something, where replies contradict the order of real
 * time, where one key had two answers, and where work went on that a kill should have stopped.
 */
import type { LeaseModel } from './lease-model.ts';
import type { LogModel } from './log-model.ts';
import { Models } from './models.ts';
import type { About, HeldLease, HeldPermit, Operation, Reply } from './operation.ts';
import type { RawEntry } from './raw-entry.ts';
import { type Commit, RecordAudit } from './record-audit.ts';
import { wrongStates } from './state-audit.ts';

export interface Evidence {
  /** The bodies of the log's entries, in order. */
  readonly bodies: readonly string[];
  /** What the store took, in order. */
  readonly commits: readonly Commit[];
  readonly operations: readonly Operation[];
  readonly held: readonly HeldPermit[];
  readonly leases: readonly HeldLease[];
  /** Lives that lasted to the end. */
  readonly survivors: ReadonlySet<number>;
}

export function audit(evidence: Evidence): readonly string[] {
  const models = new Models();
  const records = new RecordAudit(models.log.ledger);
  const problems: string[] = [];
  const addTo = (size: number): void => {
    for (const body of evidence.bodies.slice(models.log.entries.length, size)) {
      models.add(JSON.parse(body) as RawEntry);
    }
  };
  for (const commit of evidence.commits) {
    addTo(commit.size);
    problems.push(...records.check(commit), ...wrongStates(commit, models));
  }
  addTo(evidence.bodies.length);
  models.end();
  return [...models.problems, ...problems, ...new ReplyAudit(models, evidence).run()];
}

type Of<K extends Reply['kind']> = Extract<Reply, { readonly kind: K }>;

class ReplyAudit {
  readonly #model: LogModel;
  readonly #leases: LeaseModel;
  readonly #evidence: Evidence;
  readonly #problems: string[] = [];
  /** Where each acknowledged operation stands in the log, if it wrote something of its own. */
  readonly #places = new Map<Operation, number>();
  readonly #runs = new Set<string>();

  constructor({ log, leases }: Models, evidence: Evidence) {
    this.#model = log;
    this.#leases = leases;
    this.#evidence = evidence;
  }

  run(): readonly string[] {
    for (const operation of this.#evidence.operations) {
      if (operation.reply !== undefined) this.#reply(operation, operation.reply);
    }
    this.#realTime();
    this.#sameKeySameAnswer();
    for (const held of this.#evidence.held) this.#stopped(held);
    for (const lease of this.#evidence.leases) this.#told(lease);
    return this.#problems;
  }

  #reply(operation: Operation, reply: Reply): void {
    switch (reply.kind) {
      case 'decided':
        return this.#decided(operation, reply);
      case 'opened':
        return this.#opened(operation, reply);
      case 'settled':
        return this.#settled(operation, reply);
      case 'latched':
        return this.#latched(operation, reply);
      case 'leased':
        return this.#leased(operation, reply);
      case 'done':
        return this.#done(operation);
      case 'refused':
        return this.#refused(operation, reply);
      case 'fault':
        return this.#failed(operation, reply);
      case 'thrown':
        return this.#object(operation, `threw ${reply.text}`);
    }
  }

  #decided(operation: Operation, { decision, runs }: Of<'decided'>): void {
    const entry = this.#model.entries[decision.index];
    if (entry?.type !== 'action-decided' || entry.data.decision !== decision.id) {
      return this.#object(operation, `was acknowledged at ${decision.index} and is not in the log`);
    }
    const { data } = entry;
    for (const member of ['outcome', 'code', 'tool', 'resource', 'policyVersion'] as const) {
      const same = data[member] === decision[member];
      this.#demand(same, operation, `was told another ${member} than entry ${entry.index}`);
    }
    const { about } = operation;
    this.#demand(data.argumentsDigest === about.digest, operation, 'was told of other arguments');
    this.#demand(entry.session === about.session, operation, 'was told of another session');
    this.#demand(entry.by.id === about.person, operation, 'was decided for somebody else');
    if (!decision.replayed) this.#places.set(operation, entry.index);
    if (!runs) return;
    this.#demand(data.permit !== 'none', operation, 'got a permit that the log does not know');
    this.#demand(!this.#runs.has(decision.id), operation, 'got a permit that was given before');
    this.#runs.add(decision.id);
  }

  #opened(operation: Operation, { session }: Of<'opened'>): void {
    const opened = this.#model.sessions.get(session)?.opened;
    if (opened === undefined) return this.#object(operation, 'opened a session that is not logged');
    this.#demand(opened.by.id === operation.about.person, operation, 'got somebody’s session');
    if (!operation.again) this.#places.set(operation, opened.index);
  }

  #settled(operation: Operation, { posted }: Of<'settled'>): void {
    const permit = this.#model.permits.get(operation.about.permit ?? '');
    if (permit === undefined || permit.resolvedIndex === Infinity) {
      return this.#object(operation, 'settled a permit that the log has not resolved');
    }
    const resolved = this.#model.entries[permit.resolvedIndex];
    const isUsed = resolved?.type === 'permit-settled' || resolved?.data.started === true;
    if (!isUsed) return;
    const same = Object.entries(posted).every(([unit, used]) => permit.usage[unit] === used);
    this.#demand(same, operation, 'was told of another usage than the log’s');
  }

  #latched(operation: Operation, { engaged, engagedIndex }: Of<'latched'>): void {
    const entry = this.#model.entries[engagedIndex];
    this.#demand(entry?.type === 'kill-engaged', operation, 'was told of a kill that is no entry');
    const kill = operation.kind === 'engage-kill';
    this.#demand(engaged === kill, operation, `was told that the latch is ${String(engaged)}`);
    if (kill && !operation.again && entry?.by.id === operation.about.person) {
      this.#places.set(operation, engagedIndex);
    }
  }

  #leased(operation: Operation, { session, fence }: Of<'leased'>): void {
    const { person } = operation.about;
    const entry = this.#model.entries.find(
      ({ type, data, session: of }) =>
        type === 'lease-acquired' && of === session && data.fence === fence,
    );
    if (entry === undefined) return this.#object(operation, 'got a lease that is not logged');
    this.#demand(entry.by.id === person, operation, 'got another’s lease');
    this.#places.set(operation, entry.index);
  }

  /** Whoever lost a lease is told, where it lives to hear it. */
  #told({ session, fence, lived, lost }: HeldLease): void {
    if (!lived || lost || this.#leases.isActive(session, fence)) return;
    this.#problems.push(
      `the lease of ${session} under fence ${fence} was lost, and nobody was told`,
    );
  }

  /** A permit that was not started yet is started under the fence that holds then, or none. */
  #fenced(operation: Operation, { index }: RawEntry): void {
    const { fence } = operation.about;
    const needed = this.#leases.neededAtStart.get(index);
    if (fence === undefined || operation.again) return;
    const fits = needed === (fence === 0 ? 'none' : fence);
    this.#demand(fits, operation, `started with fence ${fence}, where it takes ${needed}`);
  }

  #done(operation: Operation): void {
    const { kind, about } = operation;
    const entry = this.#model.entries.find((each) => {
      const { data, type } = each;
      // Renewed too early, or given back too late, it writes nothing.
      if (kind === 'renew-lease' || kind === 'release-lease') {
        return each.session === about.session && data.fence === about.fence;
      }
      if (kind === 'heartbeat') return type === 'operator-heartbeat' && data.org === about.subject;
      if (kind === 'start-permit') return type === 'permit-started' && data.permit === about.permit;
      if (kind === 'void-permit') {
        return /^permit-(voided|expired)$/.test(type) && data.permit === about.permit;
      }
      if (kind === 'activate-policy') {
        return type === 'policy-activated' && data.document.version === about.version;
      }
      if (kind === 'set-budget') {
        const { id, limit } = type === 'budget-set' ? data.plan : { id: '', limit: -1 };
        return id === about.plan && limit === about.limit;
      }
      if (kind === 'close-budget') return type === 'budget-closed' && data.plan.id === about.plan;
      if (kind === 'transition-session') {
        return each.session === about.session && data.transition === about.transition;
      }
      if (about.subject !== undefined) return isAbout(kind, about, each);
      const rulings = { approve: 'approved', deny: 'denied', cancel: 'cancelled' };
      const ruled = `ticket-${rulings[verb(kind)]}`;
      return type === ruled && data.ticket === about.ticket;
    });
    if (entry === undefined) return this.#object(operation, 'was acknowledged and is not logged');
    if (kind === 'start-permit') this.#fenced(operation, entry);
    const once = kind === 'start-permit' || kind === 'approve-ticket' || kind === 'deny-ticket';
    if (once && !operation.again) this.#places.set(operation, entry.index);
  }

  /** A refusal is an answer: it is in the log, for whoever asks what was tried. */
  #refused(operation: Operation, { code }: Of<'refused'>): void {
    const { kind, about } = operation;
    // Whoever knows that it lost a lease does not ask for it any more.
    if (kind === 'renew-lease' && code === 'lease-lost') return;
    const logged = this.#model.rejections.some(
      ({ data, by }) =>
        data.command === kind && data.rejection.code === code && by.id === about.person,
    );
    this.#demand(logged, operation, `was refused with ${code}, which is not in the log`);
  }

  /** A fault is no answer. One that says that nothing was decided has to be right. */
  #failed(operation: Operation, { code }: Of<'fault'>): void {
    const key = this.#keyOf(operation);
    if (key === undefined) return;
    const answers = this.#model.answers.get(key);
    if (code === 'kill-local-only' && this.#evidence.survivors.has(operation.life)) {
      this.#demand(answers !== undefined, operation, 'killed locally and never wrote it down');
    }
    const sentOnce = !operation.again && !this.#sentAgain(operation);
    const nothing = code === 'store-unavailable' || code === 'overloaded';
    const holds = !nothing || !sentOnce || answers === undefined;
    this.#demand(holds, operation, `was told ${code} and is in the log`);
  }

  /** If A was heard before B was sent, A stands before B. */
  #realTime(): void {
    const bySending = [...this.#places].toSorted(([a], [b]) => a.sent - b.sent);
    const byHearing = bySending.toSorted(([a], [b]) => (a.heard ?? 0) - (b.heard ?? 0));
    let heard = 0;
    let latest = -1;
    for (const [operation, index] of bySending) {
      for (let next = byHearing[heard]; next !== undefined; next = byHearing[heard]) {
        if ((next[0].heard ?? Infinity) >= operation.sent) break;
        latest = Math.max(latest, next[1]);
        heard += 1;
      }
      const problem = `stands at ${index}, before ${latest}, which was heard of earlier`;
      this.#demand(index > latest, operation, problem);
    }
  }

  #sameKeySameAnswer(): void {
    const final = new Map<string, string>();
    for (const operation of this.#evidence.operations) {
      const key = this.#keyOf(operation);
      const { reply } = operation;
      if (key === undefined || reply === undefined || reply.kind === 'fault') continue;
      // Not final: a call that waits, a kill or release that others have turned back since.
      if (reply.kind === 'decided' && reply.decision.outcome === 'require-approval') continue;
      if (operation.kind === 'engage-kill' || operation.kind === 'release-kill') continue;
      // Nor whoever asked with a key that is no longer good: it is asked again with another.
      if (reply.kind === 'refused' && reply.code.startsWith('credential-')) continue;
      const answer = answerText(reply);
      const known = final.get(key);
      final.set(key, known ?? answer);
      const same = known === undefined || known === answer;
      this.#demand(same, operation, `asked again with ${key} and was told ${answer}, not ${known}`);
    }
  }

  /** Work that a kill or an abort met has its signal, on every worker that lived to see it. */
  #stopped({ permit, lived, aborted }: HeldPermit): void {
    const model = this.#model.permits.get(permit);
    if (model === undefined || !lived || aborted) return;
    const { entry, resolvedIndex } = model;
    const kills = this.#model.killsOver(entry, entry.index, resolvedIndex);
    if (kills.length > 0) this.#problems.push(`permit ${permit} ran on under ${kills.join()}`);
    for (const session of this.#model.line(entry)) {
      const ended = this.#model.sessions.get(session)?.abortedIndex ?? Infinity;
      const outlived = ended > entry.index && ended < resolvedIndex;
      if (outlived) this.#problems.push(`permit ${permit} outlived session ${session}`);
    }
  }

  #keyOf({ about, kind }: Operation): string | undefined {
    if (about.key === undefined) return undefined;
    return `${about.org}|${about.person}|${kind}|${about.key}`;
  }

  #sentAgain(operation: Operation): boolean {
    const key = this.#keyOf(operation);
    return this.#evidence.operations.some((each) => each.again && this.#keyOf(each) === key);
  }

  #demand(holds: boolean, operation: Operation, problem: string): void {
    if (!holds) this.#object(operation, problem);
  }

  #object({ number, kind, about }: Operation, problem: string): void {
    this.#problems.push(`operation ${number} (${kind} by ${about.person}) ${problem}`);
  }
}

/** Whether an entry says that an act about rights was done. */
function isAbout(kind: string, { subject, transition, session }: About, entry: RawEntry): boolean {
  const { type, data } = entry;
  if (kind === 'issue-key') return type === 'key-issued' && data.principal === subject;
  if (kind === 'revoke-key') return type === 'key-revoked' && data.key === subject;
  if (kind === 'revoke-grant') return type === 'grant-revoked' && data.grant === subject;
  if (kind === 'issue-handoff') {
    return type === 'handoff-issued' && data.agent === subject && entry.session === session;
  }
  return type === 'agent-transitioned' && data.agent === subject && data.transition === transition;
}

function verb(kind: string): 'approve' | 'deny' | 'cancel' {
  return kind.replace('-ticket', '') as 'approve' | 'deny' | 'cancel';
}

function answerText(reply: Reply): string {
  if (reply.kind === 'decided') return `${reply.decision.outcome} ${reply.decision.id}`;
  if (reply.kind === 'opened') return `opened ${reply.session}`;
  if (reply.kind === 'refused') return `refused ${reply.code}`;
  return reply.kind;
}
