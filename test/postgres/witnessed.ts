/**
 * What the replies that witnesses noted have to be: those of one caller after the other, in the order of the log,
 * by a model that knows one budget and one kill switch.
 */
import type { RawEntry } from '../simulation/raw-entry.ts';
import type { Operation } from './witness.ts';

export const payTool = {
  name: 'pay',
  action: 'order.pay',
  estimate: { usd: { argument: 'amount' } },
} as const;

/** What is answered by which type of entry. */
const kinds: Readonly<Record<string, Operation['kind']>> = {
  'action-decided': 'authorize',
  'permit-started': 'start',
  'permit-voided': 'void',
  'permit-settled': 'settle',
  'kill-engaged': 'kill',
  'kill-released': 'release',
};

/** Replies that the log, replayed in its order, does not come to. */
export function replayed(
  entries: readonly RawEntry[],
  operations: readonly Operation[],
  limit: number,
): readonly string[] {
  const problems: string[] = [];
  const refusals = Object.groupBy(operations.filter(isRefused), ({ index }) => index);
  const accepted = operations.filter((each) => !isRefused(each));
  const asked = new Map(accepted.map((each) => [each.index, each]));
  if (asked.size !== accepted.length) problems.push('two replies have one index');
  const model = new Model(limit);
  const refuse = (index: number): void => {
    for (const each of refusals[index] ?? []) {
      const expected = model.answer(each);
      if (each.reply === expected) continue;
      problems.push(
        `${each.kind} before entry ${index} was refused as ${each.reply}, not ${expected}`,
      );
    }
    delete refusals[index];
  };
  for (const { type, index, data } of entries) {
    refuse(index);
    const kind = kinds[type];
    const operation = asked.get(index);
    asked.delete(index);
    if (kind === undefined) continue;
    const id = (type === 'action-decided' ? data.decision : data.permit) ?? '';
    if (operation?.id !== id || operation.kind !== kind) {
      problems.push(`entry ${index} (${type}) is nobody's reply`);
      continue;
    }
    const expected = model.answer(operation);
    if (operation.reply !== expected) {
      problems.push(`entry ${index} (${type}) was answered ${operation.reply}, not ${expected}`);
    }
  }
  refuse(entries.length);
  for (const { index, kind } of [
    ...asked.values(),
    ...Object.values(refusals).flatMap((each) => each ?? []),
  ])
    problems.push(`${kind} at ${index} is not logged`);
  return problems;
}

function isRefused({ refused }: Operation): boolean {
  return refused === true;
}

/** A refusal stands before the entry of its index. */
function place(operation: Operation): number {
  return isRefused(operation) ? operation.index - 0.5 : operation.index;
}

/** One budget and one kill switch, and who holds how much of the budget since when. */
class Model {
  readonly #limit: number;
  readonly #reserved = new Map<string, { readonly amount: number; readonly index: number }>();
  #held = 0;
  #posted = 0;
  #isKilled = false;
  #killedAt = -1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  answer(operation: Operation): string {
    switch (operation.kind) {
      case 'authorize':
        return this.#decide(operation);
      case 'start': {
        const { index = -1 } = this.#reserved.get(operation.id) ?? {};
        return this.#isKilled || this.#killedAt > index ? 'killed' : 'started';
      }
      case 'void':
        this.#giveBack(operation.id);
        return 'voided';
      case 'settle':
        this.#giveBack(operation.id);
        this.#posted += operation.amount;
        return String(operation.amount);
      case 'kill':
        this.#isKilled = true;
        this.#killedAt = operation.index;
        return 'killed';
      case 'release':
        this.#isKilled = false;
        return 'released';
    }
  }

  #decide({ id, amount, index }: Operation): string {
    if (this.#isKilled) return 'killed';
    if (this.#held + this.#posted + amount > this.#limit) return 'budget-exceeded';
    this.#reserved.set(id, { amount, index });
    this.#held += amount;
    return 'allowed';
  }

  /** What nobody holds makes all that is asked for after it wrong. */
  #giveBack(id: string): void {
    this.#held -= this.#reserved.get(id)?.amount ?? Number.NaN;
    this.#reserved.delete(id);
  }
}

/** Pairs where one was answered before the other was asked and stands behind it in the log. */
export function outOfOrder(operations: readonly Operation[]): readonly string[] {
  const problems: string[] = [];
  let latest: Operation | undefined;
  for (const each of operations.toSorted((a, b) => place(a) - place(b) || a.from - b.from)) {
    if (latest !== undefined && each.to < latest.from) {
      problems.push(`${each.index} was answered before ${latest.index} was asked`);
    }
    if (latest === undefined || each.from > latest.from) latest = each;
  }
  return problems;
}
