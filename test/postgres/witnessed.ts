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

/** Replies that the log, replayed in its order, does not come to. */
export function replayed(
  entries: readonly RawEntry[],
  operations: readonly Operation[],
  limit: number,
): readonly string[] {
  const problems: string[] = [];
  const asked = new Map(operations.map((each) => [each.index, each]));
  if (asked.size !== operations.length) problems.push('two replies have one index');
  const reserved = new Map<string, number>();
  let [held, posted, isKilled] = [0, 0, false];
  for (const entry of entries) {
    const { type, index, data } = entry;
    const operation = asked.get(index);
    asked.delete(index);
    if (type === 'kill-engaged' || type === 'kill-released') isKilled = type === 'kill-engaged';
    if (type !== 'action-decided' && type !== 'permit-settled') continue;
    const id = type === 'action-decided' ? data.decision : data.permit;
    if (operation?.id !== id) {
      problems.push(`entry ${index} (${type}) is nobody's reply`);
      continue;
    }
    let expected: string;
    if (type === 'action-decided') {
      const fits = held + posted + operation.amount <= limit;
      expected = isKilled ? 'killed' : fits ? 'allowed' : 'budget-exceeded';
      if (expected === 'allowed') {
        reserved.set(id, operation.amount);
        held += operation.amount;
      }
    } else {
      expected = String(operation.amount);
      held -= reserved.get(id) ?? Number.NaN;
      posted += operation.amount;
    }
    if (operation.reply !== expected) {
      problems.push(`entry ${index} (${type}) was answered ${operation.reply}, not ${expected}`);
    }
  }
  for (const { index, kind } of asked.values()) problems.push(`${kind} at ${index} is not logged`);
  return problems;
}

/** Pairs where one was answered before the other was asked and stands behind it in the log. */
export function outOfOrder(operations: readonly Operation[]): readonly string[] {
  const problems: string[] = [];
  let latest: Operation | undefined;
  for (const each of operations.toSorted((a, b) => a.index - b.index)) {
    if (latest !== undefined && each.to < latest.from) {
      problems.push(`${each.index} was answered before ${latest.index} was asked`);
    }
    if (latest === undefined || each.from > latest.from) latest = each;
  }
  return problems;
}
