/** Plays random sequences about rights, and holds what was logged against the auditor's models. */
import { ApprovalModel } from '../simulation/approval-model.ts';
import type { RawEntry } from '../simulation/raw-entry.ts';
import { RightsModel } from '../simulation/rights-model.ts';
import { rightsCommand, type RightsStep } from './random-rights.ts';
import { rightsStage } from './rights-stage.ts';
import type { Stage } from './stage.ts';

/** An entry, with the arguments of a decision, which the log does not have. */
export type KnownEntry = RawEntry & { readonly callArguments?: unknown };

export function played(sequence: readonly RightsStep[]): Stage {
  const stage = rightsStage();
  for (const step of sequence) {
    const command = rightsCommand(step, stage);
    if (typeof command === 'number') stage.now += command;
    else stage.submit(command);
  }
  return stage;
}

/** The whole log, as copies that can be changed. */
export function entriesOf({ log }: Stage): KnownEntry[] {
  const entries = log.map(({ event, by, at, index, command }) => ({
    index,
    at,
    type: event.type,
    command: command.id,
    by,
    ...(event.session === undefined ? {} : { session: event.session }),
    ...(command.kind === 'authorize' ? { callArguments: command.arguments } : {}),
    data: event.data,
  }));
  return JSON.parse(JSON.stringify(entries)) as KnownEntry[];
}

export function audited(entries: readonly KnownEntry[]): RightsModel {
  const rights = new RightsModel();
  const approvals = new ApprovalModel(rights);
  for (const { callArguments, ...entry } of entries) {
    rights.add(entry, callArguments);
    approvals.add(entry, callArguments);
  }
  rights.end();
  return rights;
}
