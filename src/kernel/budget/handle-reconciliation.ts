/** Reconciliation with what providers billed: recorded, and models that drift too far are stopped. */
import type { ReconcileUsage } from '../command.ts';
import type { Event } from '../event.ts';
import type { HandlerFor } from '../handled.ts';
import { driftedModels, reconciliationProblem } from '../model/reconciliation.ts';
import { isName } from '../name.ts';
import { everyOrg } from '../org.ts';
import { reject } from '../rejection.ts';
import { notPermitted, permitsIn } from '../rights/rights.ts';

export const reconcileUsage: HandlerFor<ReconcileUsage> = (view, command) => {
  const { by, org, source, rows, freezeAbovePercent } = command;
  if (!permitsIn(view, by, 'reconcile-usage', org)) {
    return { rejection: notPermitted(view, by, 'reconcile-usage', org) };
  }
  if (view.get('prices', 'active') === undefined) {
    return { rejection: reject('model-unknown', 'no price catalogue is active') };
  }
  const problem =
    org === everyOrg || isName(org)
      ? reconciliationProblem(source, rows, freezeAbovePercent)
      : 'the org is no name';
  if (problem !== undefined) return { rejection: reject('reconciliation-invalid', problem) };
  const stopped = driftedModels(rows, freezeAbovePercent);
  const kills = stopped.map((name): Event => {
    return { type: 'kill-engaged', data: { scope: { kind: 'model', org, name } } };
  });
  const data = {
    org,
    source,
    rows,
    stopped,
    ...(freezeAbovePercent === undefined ? {} : { freezeAbovePercent }),
  };
  return {
    events: [{ type: 'usage-reconciled', data }, ...kills],
    subject: { kind: 'prices', key: 'active' },
  };
};
