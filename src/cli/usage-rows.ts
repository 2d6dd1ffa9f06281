/** Usage as rows of texts: which columns there are to show, and what is in them. */
import {
  type UsageDimension,
  type UsageGroup,
  type UsageRow,
  UsageTallies,
  type UsageTally,
} from '../engine/budgets/usage-tally.ts';
import { sparkline } from './sparkline.ts';

export interface Column<R> {
  readonly name: string;
  readonly cell: (row: R) => string;
}

/** A group with what it came to on each of the days that are shown. */
export interface ShownUsage extends UsageRow {
  readonly days: string;
}

const tokenColumns = [
  ['input', 'in'],
  ['output', 'out'],
  ['cacheRead', 'cache read'],
  ['cacheWrite', 'cache write'],
  ['reasoning', 'reasoning'],
] as const;

/** Each group's org and what it is grouped by. */
export function groupColumns(by: readonly UsageDimension[]): readonly Column<UsageRow>[] {
  const dimensions: readonly UsageDimension[] = ['org', ...by.filter((each) => each !== 'org')];
  return dimensions.map((name) => ({ name, cell: ({ group }) => group[name] ?? '' }));
}

/** Units that any row has, dollars first. */
function unitsOf(rows: readonly UsageRow[]): readonly string[] {
  const units = [...new Set(rows.flatMap(({ amounts }) => Object.keys(amounts)))].toSorted();
  return [...units.filter((unit) => unit === 'usd'), ...units.filter((unit) => unit !== 'usd')];
}

/** What people look at: columns in which nothing but zeros would stand are left out. */
export function tableColumns(rows: readonly UsageRow[]): readonly Column<UsageRow>[] {
  const isSome = ({ cell }: Column<UsageRow>): boolean =>
    rows.some((row) => !['', '0'].includes(cell(row)));
  // The kinds of token are shown as their providers counted them.
  const units = unitsOf(rows).filter((unit) => !unit.startsWith('tokens.'));
  const others: readonly Column<UsageRow>[] = [
    { name: 'refused', cell: ({ refused }) => String(refused) },
    { name: 'open', cell: ({ open }) => String(open) },
    ...units.map((unit) => ({ name: unit, cell: amountOf(unit) })),
    ...tokenColumns.map(([kind, name]) => ({
      name,
      cell: ({ tokens }: UsageRow) => tokens[kind],
    })),
    { name: 'in full', cell: ({ problems }) => String(problems) },
    { name: 'other model', cell: ({ otherModel }) => String(otherModel) },
  ];
  return [{ name: 'calls', cell: ({ calls }) => String(calls) }, ...others.filter(isSome)];
}

/** Every number there is, under names without spaces. */
export function csvColumns(rows: readonly UsageRow[]): readonly Column<UsageRow>[] {
  return [
    { name: 'calls', cell: ({ calls }) => String(calls) },
    { name: 'refused', cell: ({ refused }) => String(refused) },
    { name: 'open', cell: ({ open }) => String(open) },
    { name: 'problems', cell: ({ problems }) => String(problems) },
    { name: 'otherModel', cell: ({ otherModel }) => String(otherModel) },
    ...unitsOf(rows).map((unit) => ({ name: `charged.${unit}`, cell: amountOf(unit) })),
    ...tokenColumns.map(([kind]) => ({
      name: `counted.${kind}`,
      cell: ({ tokens }: UsageRow) => tokens[kind],
    })),
  ];
}

function amountOf(unit: string): (row: UsageRow) => string {
  return ({ amounts }) => (Object.hasOwn(amounts, unit) ? (amounts[unit] ?? '0') : '0');
}

const daysMax = 30;

/** Tallies by day, put together without the day; and what each came to on the days that there are. */
export function withDays(
  tallies: readonly UsageTally[],
  by: readonly UsageDimension[],
): { readonly rows: readonly ShownUsage[]; readonly title: string } {
  const groups = new UsageTallies(by);
  const daily = new Map<UsageTally, Map<string, UsageTally>>();
  for (const tally of tallies) {
    const whole = groups.of(tally.group);
    whole.add(tally);
    const days = daily.get(whole) ?? new Map<string, UsageTally>();
    days.set(tally.group.day ?? '', tally);
    daily.set(whole, days);
  }
  const days = shownDays(tallies.map(({ group }) => group));
  const inUsd = tallies.some((tally) => tally.amount('usd') > 0n);
  const rows = groups.sorted().map((tally) => {
    const values = days.map((day) => {
      const own = daily.get(tally)?.get(day);
      if (own === undefined) return 0n;
      return inUsd ? own.amount('usd') : BigInt(own.row().calls);
    });
    return { ...tally.row(), days: sparkline(values) };
  });
  const [first = '', last = ''] = [days[0], days.at(-1)];
  return { rows, title: `${inUsd ? 'usd' : 'calls'} ${first} to ${last}` };
}

/** The days from the first to the last that there is something of; the last ones, where there are many. */
function shownDays(groups: readonly UsageGroup[]): readonly string[] {
  const met = [...new Set(groups.map(({ day = '' }) => day))].toSorted();
  const [first, last] = [met[0], met.at(-1)].map((day) => Date.parse(`${day}T00:00:00Z`));
  // Log time that has no date has no days in between either.
  if (first === undefined || last === undefined || Number.isNaN(first + last)) {
    return met.slice(-daysMax);
  }
  const days: string[] = [];
  for (let at = last; at >= first && days.length < daysMax; at -= 86_400_000) {
    days.unshift(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}

/** A row for programs. */
export function usageJson({ group, ...rest }: UsageRow): object {
  return { ...group, ...rest };
}
