/** What each kind of event says, in one short line for people. Everything in it passes `shown` at the end. */
import type { LogEvent } from '../engine/index.ts';
// Not by the room's door: the help of `events` lists the types, and need not wait for the whole kernel.
import { formatAmount } from '../kernel/amount.ts';
import type { Amounts, Event, EventType, GrantTerms, KillScope } from '../kernel/index.ts';
import { planScopeText } from './plan-text.ts';
import { brief } from './terminal.ts';

type DataOf<T extends EventType> = Extract<Event, { readonly type: T }>['data'];

/** `3 actions, 42 usd`. */
export function amountsText(amounts: Amounts): string {
  const parts = Object.entries(amounts).map(([unit, amount]) =>
    unit === 'actions' && amount === 1 ? '1 action' : `${formatAmount(unit, amount)} ${unit}`,
  );
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function scopeText(scope: KillScope): string {
  switch (scope.kind) {
    case 'system':
      return 'everything';
    case 'org':
      return `org ${scope.org}`;
    case 'principal':
    case 'session':
      return `${scope.kind} ${scope.org}/${scope.id}`;
    case 'agent':
    case 'action':
    case 'tool':
    case 'budget':
    case 'model':
      return `${scope.kind} ${scope.org}/${scope.name}`;
  }
}

function grantText({ uses, actions, cost }: GrantTerms): string {
  const most = Object.keys(cost).length === 0 ? '' : `, up to ${amountsText(cost)}`;
  return `${uses} more of ${actions.join(' ')}${most}`;
}

const summaries: { readonly [T in EventType]: (data: DataOf<T>) => string } = {
  'session-opened': ({ session, agent, mode, budget }) =>
    `${session}: agent ${agent}, ${mode}, budget ${amountsText(budget)}`,
  'session-transitioned': ({ transition }) => transition,
  'agent-registered': ({ org, name, version, capabilities }) =>
    `${org === '*' ? '' : `${org}/`}${name} ${version}, may ask for ` +
    capabilities.map(({ actions }) => actions.join(' ')).join(', '),
  'agent-transitioned': ({ org, agent, from, to }) =>
    `${org === '*' ? '' : `${org}/`}${agent} from ${from} to ${to}`,
  'handoff-issued': ({ agent, principal }) =>
    `to agent ${agent}${principal === undefined ? '' : ` of ${principal}`}`,
  'tool-registered': ({ name, action, definition }) =>
    `${name} does ${action}, definition ${definition.slice(0, 12)}`,
  'tool-quarantined': ({ name, definition, before }) =>
    `${name}, definition ${definition.slice(0, 12)} ` +
    (before === null ? 'is new' : `in place of ${before.slice(0, 12)}`),
  'tool-approved': ({ name, action, definition }) =>
    `${name} does ${action}, definition ${definition.slice(0, 12)}`,
  'policy-activated': ({ hash, document }) =>
    `version ${document.version}${document.name === undefined ? '' : ` ${document.name}`}, ` +
    `hash ${hash.slice(0, 12)}`,
  'prices-activated': ({ hash, document }) =>
    `version ${document.version}, ${Object.keys(document.models).length} models, ` +
    `hash ${hash.slice(0, 12)}`,
  'action-decided': decided,
  'risk-escalated': ({ action, from, to, escalations }) =>
    `${action} from ${from} to ${to}: ${escalations.map(({ cause }) => cause).join(', ')}`,
  'input-screened': ({ outcome, determinedBy, message }) =>
    outcome === 'pass' ? 'passed' : `refused${by(determinedBy)}, ${message}`,
  'ticket-requested': ({ ticket, tool, resource, estimate, approverRoles, quorum = 1 }) =>
    `ticket ${ticket}: ${tool} ${resource}, ${amountsText(estimate)}, ` +
    `for ${quorum === 1 ? '' : `${quorum} of `}${approverRoles.join(' or ')}`,
  'ticket-endorsed': ({ ticket }) => `ticket ${ticket}, others have to approve as well`,
  'ticket-edited': ({ ticket, tool, resource, estimate }) =>
    `ticket ${ticket}: to ${tool} ${resource}, ${amountsText(estimate)}`,
  'ticket-approved': ({ ticket, grant }) =>
    `ticket ${ticket}` + (grant === undefined ? '' : `, and ${grantText(grant.terms)}`),
  'grant-revoked': ({ grant, org, principal, agent }) =>
    `grant ${grant} of ${agent} for ${org}/${principal}`,
  'ticket-escalated': ({ ticket }) => `ticket ${ticket}, others may decide it now`,
  'ticket-reminded': ({ ticket }) => `ticket ${ticket}, nobody decided it yet`,
  'ticket-denied': ({ ticket }) => `ticket ${ticket}`,
  'ticket-cancelled': ({ ticket }) => `ticket ${ticket}`,
  'ticket-expired': ({ ticket }) => `ticket ${ticket}`,
  'permit-started': ({ permit }) => `permit ${permit}`,
  'permit-settled': ({ outcome, usage, model, output }) =>
    `${outcome}, used ${amountsText(usage)}` +
    (model?.problem === undefined ? '' : `, all that was reserved: ${model.problem.message}`) +
    (model?.isOther === true ? `, answered by another model, ${model.model}` : '') +
    (output?.effective === 'refuse' ? `, result withheld${by(output.determinedBy)}` : '') +
    (output?.redacted === undefined ? '' : `, ${output.redacted} redacted`),
  'usage-late': ({ permit, usage, debts }) =>
    `permit ${permit} had used ${amountsText(usage)}` +
    (debts.length === 0 ? '' : `, more than was charged in ${debts.length} budgets`),
  'usage-reconciled': ({ org, source, rows, stopped }) =>
    `${org}: ${source}, ${rows.length} rows, ` +
    `billed ${formatAmount('usd', sum(rows, 'billed'))} usd, ` +
    `recorded ${formatAmount('usd', sum(rows, 'recorded'))} usd` +
    (stopped.length === 0 ? '' : `, stopped ${stopped.join(', ')}`),
  'lease-acquired': ({ holder, fence }) => `by ${holder}, fence ${fence}`,
  'lease-renewed': ({ fence }) => `fence ${fence}`,
  'lease-released': ({ fence }) => `fence ${fence}`,
  'lease-expired': ({ holder, fence, onStuck }) =>
    `${holder} fell silent, fence ${fence}: ${onStuck}`,
  'permit-voided': ({ permit }) => `permit ${permit}, reservation given back`,
  'permit-expired': ({ permit, started }) =>
    `permit ${permit}, ${started ? 'outcome unknown, charged' : 'never started, given back'}`,
  'budget-frozen': ({ budget, unit, overrun }) =>
    `${budget} overran by ${formatAmount(unit, overrun)} ${unit}`,
  'budget-overrun': ({ budget, unit, overrun }) =>
    `${budget} overran by ${formatAmount(unit, overrun)} ${unit}, and goes on`,
  'budget-warned': ({ budget, unit, limit, used, percent }) =>
    `${budget} has ${formatAmount(unit, used)} of ${formatAmount(unit, limit)} ${unit} in use: ` +
    `${percent} % are reached`,
  'budget-exhausted': ({ budget, unit, limit }) =>
    `${budget} has no room left in ${formatAmount(unit, limit)} ${unit}`,
  'budget-set': ({ org, before, plan }) =>
    `${org}/${plan.id}: ` +
    (before === null ? '' : `${formatAmount(plan.unit, before.limit)} to `) +
    `${formatAmount(plan.unit, plan.limit)} ${plan.unit} for ${planScopeText(plan)}`,
  'budget-closed': ({ org, plan }) => `${org}/${plan.id}`,
  'kill-engaged': ({ scope }) => scopeText(scope),
  'kill-released': ({ scope, supervised }) =>
    scopeText(scope) + (supervised === true ? ', under supervision' : ''),
  'operator-heartbeat': ({ org }) => `org ${org}`,
  'heartbeat-lapsed': ({ org }) => `org ${org}, no operator was heard of`,
  'key-issued': ({ id, org, principal, roles }) =>
    `key ${id} for ${org}/${principal}, ${roles.join(' ')}`,
  'key-revoked': ({ key }) => `key ${key}`,
  'change-proposed': ({ change }) => `${change}, another principal has to confirm`,
  'change-confirmed': () => 'as it was proposed',
  'notification-delivered': ({ notifier, entry, attempts }) =>
    `${notifier}: entry ${entry}${attempts === 1 ? '' : `, after ${attempts} attempts`}`,
  'notification-abandoned': ({ notifier, entry, attempts }) =>
    `${notifier}: entry ${entry}, given up after ${attempts} attempts`,
  'notifier-advanced': ({ notifier, cursor }) => `${notifier} goes on at entry ${cursor}`,
  'command-rejected': ({ command, subject, rejection }) =>
    `${command} ${subject}: ${rejection.code}, ${rejection.message}`,
};

type Reconciled = DataOf<'usage-reconciled'>['rows'];

function sum(rows: Reconciled, name: 'billed' | 'recorded'): number {
  return rows.reduce((total, row) => Math.min(Number.MAX_SAFE_INTEGER, total + row[name]), 0);
}

function decided(data: DataOf<'action-decided'>): string {
  const { tool, resource, outcome, code, message, guidance, determinedBy, ticket } = data;
  const call = resource === '' || resource === tool ? tool : `${tool} ${resource}`;
  switch (outcome) {
    case 'allow': {
      const approval = ticket === '' ? '' : `, approved by ticket ${ticket}`;
      return `${call}: allow${by(determinedBy)}${approval}`;
    }
    case 'deny':
      return `${call}: deny (${code})${by(determinedBy)}, ${message}`;
    case 'steer':
      return `${call}: steer${by(determinedBy)}, ${guidance}`;
    case 'require-approval':
      return `${call}: waits for an approver${by(determinedBy)}`;
  }
}

function by(determinedBy: readonly string[]): string {
  return determinedBy.length === 0 ? '' : ` by ${determinedBy.join(', ')}`;
}

/** One line about an event. An entry that does not have its kind's shape is said to be so, not guessed at. */
export function eventSummary(
  { type, data }: Pick<LogEvent, 'type' | 'data'>,
  length = 240,
): string {
  if (!Object.hasOwn(summaries, type)) return brief(JSON.stringify(data), length);
  try {
    return brief((summaries[type] as (data: unknown) => string)(data), length);
  } catch {
    return `(not the shape of its kind) ${brief(JSON.stringify(data), length)}`;
  }
}
