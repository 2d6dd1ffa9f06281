/** Prints the grants of a log that still cover something. */
import type { GrantListed } from '../../engine/index.ts';
import { formatAmount, grantStatus } from '../../kernel/index.ts';
import { withLogFile } from '../log-file.ts';
import { recordsOf } from '../record-list.ts';
import { plainTable } from '../table.ts';
import { colorsFor, jsonLine, print, shown, terminal } from '../terminal.ts';
import { timeText } from '../time-text.ts';
import type { LogOptions } from '../store-options.ts';

export interface GrantListOptions extends LogOptions {
  readonly org?: string;
  readonly json?: true;
}

const columns = ['grant', 'agent', 'principal', 'covers', 'used', 'spent/most', 'ends', 'given by'];

export function listGrants(file: string, options: GrantListOptions): Promise<void> {
  const { org, json } = options;
  return withLogFile(file, options, async ({ storage, head }) => {
    // As the next decision would have it: the log's time never goes back.
    const now = Math.max(head.at, Date.now());
    const grants: GrantListed[] = [];
    for await (const { grants: held, ...holder } of recordsOf(storage, 'grants')) {
      if (org !== undefined && holder.org !== org) continue;
      grants.push(...held.map((grant) => ({ ...holder, ...grant })));
    }
    const active = grants
      .filter((grant) => grantStatus(grant, now) === 'active')
      .toSorted((left, right) => left.index - right.index);
    if (json === true) {
      for (const grant of active) await print(jsonLine(grantJson(grant)));
      return;
    }
    const rows = active.map((grant) => grantCells(grant).map(shown));
    const table = plainTable(columns, rows, colorsFor(terminal().stdout));
    await print(rows.length === 0 ? 'no grants' : table);
  });
}

function grantCells(grant: GrantListed): string[] {
  const { id, agent, org, principal, terms, used, givenBy } = grant;
  const { actions, resources, when, uses, expiresAt, sessionOnly } = terms;
  const covers = [
    actions.join(' '),
    ...(resources === undefined ? [] : [`on ${resources.join(' ')}`]),
    ...(when === undefined ? [] : ['where its condition holds']),
    ...(sessionOnly === true ? [`in session ${grant.session}`] : []),
  ];
  return [
    id,
    agent,
    `${org}/${principal}`,
    covers.join(' '),
    `${used}/${uses}`,
    spentText(grant),
    timeText(expiresAt),
    givenBy,
  ];
}

function spentText({ spent, terms }: GrantListed): string {
  const limited = Object.entries(terms.cost).map(
    ([unit, most]) => `${formatAmount(unit, spent[unit] ?? 0)}/${formatAmount(unit, most)} ${unit}`,
  );
  return limited.length === 0 ? 'no limits' : limited.join(', ');
}

function grantJson(grant: GrantListed): object {
  const { id, org, principal, agent, session, terms, used, spent, givenBy, givenAt, risk } = grant;
  const texts = (amounts: Readonly<Record<string, number>>) =>
    Object.fromEntries(
      Object.entries(amounts).map(([unit, amount]) => [unit, formatAmount(unit, amount)]),
    );
  return {
    id,
    org,
    principal,
    agent,
    session,
    risk,
    terms: { ...terms, cost: texts(terms.cost), expiresAt: timeText(terms.expiresAt) },
    used,
    spent: texts(spent),
    givenBy,
    givenAt: timeText(givenAt),
  };
}
