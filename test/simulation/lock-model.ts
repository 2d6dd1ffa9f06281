/** The auditor's model of resource locks, by the log alone: which open permit holds which resource of an org. */
import type { LogModel } from './log-model.ts';
import { covered } from './naive-scope.ts';
import type { RawEntry } from './raw-entry.ts';

export class LockModel {
  readonly #log: LogModel;
  /** The decision that holds a resource. */
  readonly #holders = new Map<string, string>();

  /** The model of the log MUST be given each entry first. */
  constructor(log: LogModel) {
    this.#log = log;
  }

  add(entry: RawEntry): void {
    if (entry.type === 'action-decided') return this.#decided(entry);
    if (!/^permit-(settled|voided|expired)$/.test(entry.type)) return;
    for (const [resource, holder] of this.#holders) {
      if (holder === entry.data.permit) this.#holders.delete(resource);
    }
  }

  /** The decision that holds a resource, by its org and name. */
  holder(resource: string): string | undefined {
    return this.#holders.get(resource);
  }

  #decided(entry: RawEntry): void {
    const { data } = entry;
    const isLocked = (this.#log.policy.locks ?? []).some((each) => covered(each, data, undefined));
    const org = this.#log.sessions.get(entry.session ?? '')?.opened.by.org ?? '';
    const resource = `${org}|${data.resource}`;
    const holder = isLocked ? this.#holders.get(resource) : undefined;
    if (data.code === 'resource-locked') {
      return this.#demand(holder !== undefined, entry, `finds ${resource} locked, and it is free`);
    }
    if (data.outcome !== 'allow') return;
    this.#demand(holder === undefined, entry, `works on ${resource}, which ${holder} has`);
    const takes = isLocked && data.permit !== 'none';
    this.#demand((data.lock === true) === takes, entry, `takes a lock: ${String(data.lock)}`);
    if (takes) this.#holders.set(resource, data.decision);
  }

  #demand(holds: boolean, entry: RawEntry, problem: string): void {
    this.#log.demand(holds, entry, problem);
  }
}
