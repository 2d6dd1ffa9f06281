/**
 * The auditor's model of operators, by the log alone: the life of each kill switch and what is on probation,
 * and the dead man's switch, which stops an org that no operator was heard in.
 */
import { scopeKey } from './covering-latches.ts';
import type { LogModel } from './log-model.ts';
import { isControlPlane, type RawEntry } from './raw-entry.ts';

type LatchStatus = 'released' | 'engaged' | 'supervised';

/** The steps of a decision behind the one that asks for kill switches and operators. */
const beyondKill = new Set(['tool', 'model', 'policy', 'approval', 'budget', 'permit']);

export class OperatorModel {
  readonly #log: LogModel;
  readonly #latches = new Map<string, LatchStatus>();
  readonly #heard = new Map<string, { readonly at: number; lapsed: boolean }>();
  /** A heartbeat that lapsed, until the kill switch of its org is engaged. */
  #lapsed: RawEntry | undefined;

  /** The model of the log MUST be given each entry first. */
  constructor(log: LogModel) {
    this.#log = log;
  }

  add(entry: RawEntry): void {
    const { type, data } = entry;
    if (this.#lapsed !== undefined) this.#stops(this.#lapsed, entry);
    switch (type) {
      case 'kill-engaged':
        this.#latches.set(scopeKey(data.scope), 'engaged');
        return;
      case 'kill-released':
        return this.#released(entry);
      case 'operator-heartbeat':
        return this.#beat(entry);
      case 'heartbeat-lapsed':
        return this.#lapse(entry);
      case 'action-decided':
        return this.#decided(entry);
      case 'permit-started':
        return this.#present(entry, 'starts');
    }
  }

  latch(key: string): LatchStatus {
    return this.#latches.get(key) ?? 'released';
  }

  heard(org: string): { readonly at: number; readonly lapsed: boolean } | undefined {
    return this.#heard.get(org);
  }

  #released(entry: RawEntry): void {
    const key = scopeKey(entry.data.scope);
    const status = this.latch(key);
    const from = entry.data.supervised === true ? ['engaged'] : ['engaged', 'supervised'];
    this.#demand(from.includes(status), entry, `releases what is ${status}`);
    this.#latches.set(key, entry.data.supervised === true ? 'supervised' : 'released');
  }

  #beat(entry: RawEntry): void {
    const { at, by, data } = entry;
    const ms = this.#log.policy.operatorHeartbeatMs;
    if (ms === undefined) return this.#log.object(entry, 'is a heartbeat that nobody asked for');
    const ofOrg = by.org === data.org && by.roles.some((role) => /^(operator|admin)$/.test(role));
    const may = ofOrg || by.roles.includes('platform-admin');
    this.#demand(may, entry, 'is a heartbeat of nobody who operates');
    const last = this.#heard.get(data.org);
    const isSoon = last !== undefined && !last.lapsed && at - last.at < ms / 4;
    this.#demand(!isSoon, entry, 'is a heartbeat soon after the last');
    this.#demand(data.expiresAt === at + ms, entry, 'is a heartbeat for another time');
    this.#heard.set(data.org, { at, lapsed: false });
  }

  #lapse(entry: RawEntry): void {
    const last = this.#heard.get(entry.data.org);
    this.#demand(isControlPlane(entry), entry, 'is said by somebody');
    if (last === undefined) return this.#log.object(entry, 'was never heard');
    this.#demand(!last.lapsed, entry, 'lapses again');
    this.#demand(entry.data.since === last.at, entry, 'lapses since another time');
    this.#demand(entry.at >= this.#presentUntil(entry.data.org), entry, 'lapses before its time');
    last.lapsed = true;
    this.#lapsed = entry;
  }

  /** What lapsed stops its org in the next entry. */
  #stops(lapsed: RawEntry, next: RawEntry): void {
    this.#lapsed = undefined;
    const isKill = next.type === 'kill-engaged' && next.command === lapsed.command;
    const stops = isKill && scopeKey(next.data.scope) === `org|${lapsed.data.org}`;
    this.#demand(stops, lapsed, 'lapses and stops nothing');
  }

  #decided(entry: RawEntry): void {
    const { outcome, code, step } = entry.data;
    if (code === 'operator-absent') {
      const isAbsent = entry.at >= this.#presentUntil(this.#orgOf(entry));
      return this.#demand(isAbsent, entry, 'misses an operator who is there');
    }
    if (beyondKill.has(step)) this.#present(entry, 'goes on');
    if (outcome !== 'allow') return;
    const watched = this.#log.latchKeys(entry).find((key) => this.latch(key) === 'supervised');
    const isAsked = watched === undefined || entry.data.consumed;
    this.#demand(isAsked, entry, `asks nobody, and ${watched} is on probation`);
  }

  #present(entry: RawEntry, does: string): void {
    const isPresent = entry.at < this.#presentUntil(this.#orgOf(entry));
    this.#demand(isPresent, entry, `${does} without an operator`);
  }

  /** The log time up to which an org has an operator: from a heartbeat on, or from the policy. */
  #presentUntil(org: string): number {
    const ms = this.#log.policy.operatorHeartbeatMs;
    if (ms === undefined) return Infinity;
    return Math.max(this.#heard.get(org)?.at ?? 0, this.#log.policyAt) + ms;
  }

  #orgOf({ session }: RawEntry): string {
    return this.#log.sessions.get(session ?? '')?.opened.by.org ?? '';
  }

  #demand(holds: boolean, entry: RawEntry, problem: string): void {
    this.#log.demand(holds, entry, problem);
  }
}
