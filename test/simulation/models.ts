/** All that the auditor knows of a log: its models, each given every entry in turn. */
import { ApprovalModel } from './approval-model.ts';
import { LeaseModel } from './lease-model.ts';
import { LockModel } from './lock-model.ts';
import { LogModel } from './log-model.ts';
import { OperatorModel } from './operator-model.ts';
import type { RawEntry } from './raw-entry.ts';
import { RightsModel } from './rights-model.ts';

export class Models {
  readonly log = new LogModel();
  readonly rights = new RightsModel();
  readonly leases = new LeaseModel(this.log);
  readonly locks = new LockModel(this.log);
  readonly operators = new OperatorModel(this.log);
  readonly #others = [
    this.rights,
    new ApprovalModel(this.rights),
    this.leases,
    this.locks,
    this.operators,
  ];

  add(entry: RawEntry): void {
    this.leases.begin(entry);
    this.log.add(entry);
    for (const each of this.#others) each.add(entry);
  }

  /** The log is over. */
  end(): void {
    this.log.ledger.end();
    this.rights.end();
    this.leases.end();
  }

  get problems(): readonly string[] {
    return [...this.log.problems, ...this.rights.problems];
  }
}
