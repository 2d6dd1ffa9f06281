/** Holds a provider's bill against the log, and tells where they differ. */
import type { Principal } from '../../identity/principal.ts';
import {
  driftedModels,
  everyOrg,
  formatAmount,
  limits,
  modelIdOf,
  parseAmount,
  type PrincipalReference,
  quoted,
} from '../../kernel/index.ts';
import type { Core } from '../core/core.ts';
import { assertMembers } from '../known-members.ts';
import { fault } from '../error.ts';
import { checkedText, committed } from '../core/payload.ts';
import { usageReport } from './usage-report.ts';

/** What a provider billed, from its invoice or its export of usage. */
export interface ProviderBill {
  /** Whose usage it is; `*` for that of all orgs together, which only the host may reconcile. */
  readonly org: string;
  /** Where it is from, such as `openai/2026-01`: letters, digits and `_ . : @ + / -`. */
  readonly source: string;
  /** One for each day (UTC) and model; names and aliases are those of the price catalogue. */
  readonly rows: readonly {
    readonly day: string;
    readonly model: string;
    readonly usd: string | number;
  }[];
  /** A model that was billed, on any day, at more than so many percent above what was recorded is stopped. */
  readonly freezeAbovePercent?: number;
  readonly by: Principal;
  readonly reason?: string;
}

const billKnown = [
  'org',
  'source',
  'rows',
  'freezeAbovePercent',
  'by',
  'reason',
] as const satisfies readonly (keyof ProviderBill)[];

/** One day of one model. Amounts are exact decimal texts in USD. */
export interface Drift {
  readonly day: string;
  readonly model: string;
  readonly billed: string;
  readonly recorded: string;
  /** Billed less recorded: above 0, the log knows of less than was spent. */
  readonly drift: string;
  /** Whether the model's kill switch was engaged for it. */
  readonly stopped: boolean;
}

/** Records the bill, and gives each day of each model that was billed or, on these days, recorded. */
export async function reconcile(
  core: Core,
  by: PrincipalReference,
  bill: ProviderBill,
): Promise<readonly Drift[]> {
  // A misspelt `freezeAbovePercent` would stop no model.
  assertMembers('the options of a reconciliation', bill, billKnown);
  const { org, source, freezeAbovePercent, reason } = bill;
  const billed = billedByDay(core, bill.rows);
  const recorded = await recordedByDay(core, org, new Set(bill.rows.map(({ day }) => day)));
  const rows = [...new Set([...billed.keys(), ...recorded.keys()])].toSorted().map((key) => {
    const [day, model] = JSON.parse(key) as readonly [string, string];
    return { day, model, billed: billed.get(key) ?? 0, recorded: recorded.get(key) ?? 0 };
  });
  await core.submit(
    by,
    {
      kind: 'reconcile-usage',
      org,
      source,
      rows,
      ...(freezeAbovePercent === undefined ? {} : { freezeAbovePercent }),
    },
    'prices',
    committed(core.options.ids, { reason: checkedText('the reason', reason) }),
  );
  const stopped = new Set(driftedModels(rows, freezeAbovePercent));
  return rows.map((row) => {
    const difference = row.billed - row.recorded;
    const sign = difference < 0 ? '-' : '';
    return {
      day: row.day,
      model: row.model,
      billed: formatAmount('usd', row.billed),
      recorded: formatAmount('usd', row.recorded),
      drift: `${sign}${formatAmount('usd', Math.abs(difference))}`,
      stopped: stopped.has(row.model),
    };
  });
}

/** Micro-USD by day and model; two rows of one model under two names are added up. */
function billedByDay(core: Core, rows: ProviderBill['rows']): Map<string, number> {
  const prices = core.options.replica.cache.peek('prices', 'active');
  const billed = new Map<string, number>();
  for (const { day, model, usd } of rows) {
    const amount = parseAmount('usd', usd);
    if (typeof model !== 'string' || amount === undefined) {
      throw fault('input-invalid', `the row of ${quoted(model)} on ${quoted(day)} is not exact`);
    }
    const key = keyOf(day, modelIdOf(prices, model));
    billed.set(key, (billed.get(key) ?? 0) + amount);
  }
  return billed;
}

/** A text that cannot be read as another day and model. */
function keyOf(day: string, model: string): string {
  return JSON.stringify([day, model]);
}

const dayMs = 86_400_000;

async function recordedByDay(
  core: Core,
  org: string,
  days: ReadonlySet<string>,
): Promise<Map<string, number>> {
  const starts = [...days].map((day) => Date.parse(day)).filter((at) => !Number.isNaN(at));
  const recorded = new Map<string, number>();
  if (starts.length === 0) return recorded;
  const usage = await usageReport(core.options.storage, {
    ...(org === everyOrg ? {} : { org }),
    from: Math.max(0, Math.min(...starts)),
    to: Math.max(0, Math.max(...starts) + dayMs),
    by: ['day', 'model'],
  });
  for (const { group, amounts } of usage) {
    const { day = '', model = '' } = group;
    if (model === '' || !days.has(day)) continue;
    const key = keyOf(day, model);
    // A sum beyond what can be counted is not nothing: it would stop the model.
    const amount = parseAmount('usd', amounts['usd'] ?? '0') ?? limits.amountMax;
    recorded.set(key, Math.min(limits.amountMax, (recorded.get(key) ?? 0) + amount));
  }
  return recorded;
}
