/** What a group of calls came to: exact sums that do not overflow, and the row that is shown of them. */
import { compareText, formatAmount } from '../../kernel/index.ts';
import type { ModelOutcome } from '../../kernel/index.ts';

/** What usage can be grouped by. `day` is the UTC day on which a call was decided. */
export const usageDimensions = [
  'org',
  'team',
  'principal',
  'agent',
  'session',
  'model',
  'action',
  'tool',
  'day',
] as const;
export type UsageDimension = (typeof usageDimensions)[number];

/**
 * The values that a row stands for. `model` is empty for calls that are not of a model, `team` for those of
 * somebody without one; a call of somebody in two teams is in the rows of both.
 */
export type UsageGroup = { readonly org: string } & {
  readonly [D in UsageDimension]?: string;
};

const tokenKinds = ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning'] as const;

/** One group of calls. Amounts and tokens are exact decimal texts. */
export interface UsageRow {
  readonly group: UsageGroup;
  /** Calls that were decided, refused ones and rehearsals included. */
  readonly calls: number;
  /** Calls of these that were not allowed as they came. */
  readonly refused: number;
  /** Calls that were allowed and have not ended; what they hold is not in the amounts. */
  readonly open: number;
  /** What was charged, by unit. */
  readonly amounts: Readonly<Record<string, string>>;
  /** Tokens as providers counted them; cache parts are of the input, reasoning is of the output. */
  readonly tokens: { readonly [K in (typeof tokenKinds)[number]]: string };
  /** Calls that all was charged for that they could come to, because what they took is not known. */
  readonly problems: number;
  /** Calls that another model than the permitted one answered. */
  readonly otherModel: number;
}

const countNames = ['calls', 'refused', 'open', 'problems', 'otherModel'] as const;
export type UsageCount = (typeof countNames)[number];

export class UsageTally {
  readonly group: UsageGroup;
  readonly #counts: Record<UsageCount, number> = {
    calls: 0,
    refused: 0,
    open: 0,
    problems: 0,
    otherModel: 0,
  };
  readonly #amounts = new Map<string, bigint>();
  readonly #tokens = new Map<string, bigint>();

  constructor(group: UsageGroup) {
    this.group = group;
  }

  count(name: UsageCount): void {
    this.#counts[name] += 1;
  }

  /** Counts amounts in the units' smallest steps. Throws where one is no whole number. */
  charge(amounts: Iterable<readonly [unit: string, amount: number]>): void {
    for (const [unit, amount] of amounts) raise(this.#amounts, unit, BigInt(amount));
  }

  countTokens(usage: NonNullable<ModelOutcome['usage']>): void {
    for (const kind of tokenKinds) raise(this.#tokens, kind, BigInt(usage[`${kind}Tokens`]));
  }

  /** What was charged in a unit, in its smallest steps. */
  amount(unit: string): bigint {
    return this.#amounts.get(unit) ?? 0n;
  }

  /** Takes over what another tally counted. */
  add(other: UsageTally): void {
    for (const name of countNames) this.#counts[name] += other.#counts[name];
    for (const [unit, amount] of other.#amounts) raise(this.#amounts, unit, amount);
    for (const [kind, tokens] of other.#tokens) raise(this.#tokens, kind, tokens);
  }

  row(): UsageRow {
    const { calls, refused, open, problems, otherModel } = this.#counts;
    const amounts = [...this.#amounts]
      .toSorted(([left], [right]) => compareText(left, right))
      .map(([unit, amount]) => [unit, formatAmount(unit, amount)] as const);
    const tokens = (kind: string): string => String(this.#tokens.get(kind) ?? 0n);
    return {
      group: this.group,
      calls,
      refused,
      open,
      amounts: Object.fromEntries(amounts),
      tokens: {
        input: tokens('input'),
        output: tokens('output'),
        cacheRead: tokens('cacheRead'),
        cacheWrite: tokens('cacheWrite'),
        reasoning: tokens('reasoning'),
      },
      problems,
      otherModel,
    };
  }
}

function raise(sums: Map<string, bigint>, name: string, by: bigint): void {
  sums.set(name, (sums.get(name) ?? 0n) + by);
}

/** Tallies by group: one for each combination of values that was met. */
export class UsageTallies {
  readonly #by: readonly UsageDimension[];
  readonly #tallies = new Map<string, UsageTally>();

  /** Rows always say whose org they are of, whatever else they are grouped by. */
  constructor(by: readonly UsageDimension[]) {
    this.#by = ['org', ...by.filter((dimension) => dimension !== 'org')];
  }

  groupsBy(dimension: UsageDimension): boolean {
    return this.#by.includes(dimension);
  }

  /** The tally of the group that the values are in; those of other dimensions do not count. */
  of(values: UsageGroup): UsageTally {
    const key = JSON.stringify(this.#by.map((dimension) => values[dimension]));
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    const own = this.#by.map((dimension) => [dimension, values[dimension] ?? ''] as const);
    const tally = new UsageTally({ org: values.org, ...Object.fromEntries(own) });
    this.#tallies.set(key, tally);
    return tally;
  }

  /** In the order of their groups' values. */
  sorted(): readonly UsageTally[] {
    return [...this.#tallies.values()].toSorted((left, right) => {
      for (const dimension of this.#by) {
        const order = compareText(left.group[dimension] ?? '', right.group[dimension] ?? '');
        if (order !== 0) return order;
      }
      return 0;
    });
  }
}
