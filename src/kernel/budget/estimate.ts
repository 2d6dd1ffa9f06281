/**
 * The cost of a call before it runs: what the tool declares, of a model call what it can come to at most,
 * raised by what the caller expects.
 */
import { type Amounts, exactly, largerOf, parseAmount } from '../amount.ts';
import type { Authorize } from '../command.ts';
import { type ModelTerms, worstCaseAmounts } from '../model/model-call.ts';
import { quoted } from '../name.ts';
import type { EstimateTerm } from '../record.ts';
import { reject, type Rejection } from '../rejection.ts';

/** Each call counts as one action, whatever it costs otherwise. */
const oneAction: Amounts = { actions: 1 };

/** Amounts by unit, or undefined where an argument that names a cost is not an exact amount. */
export function estimateOf(
  terms: Readonly<Record<string, EstimateTerm>>,
  command: Pick<Authorize, 'arguments' | 'estimate'>,
  model?: ModelTerms,
): Amounts | undefined {
  const declared: Record<string, number> = {};
  for (const [unit, term] of Object.entries(terms)) {
    const amount = 'amount' in term ? term.amount : argumentAmount(unit, term.argument, command);
    if (amount === undefined) return undefined;
    declared[unit] = amount;
  }
  const worst = model === undefined ? {} : worstCaseAmounts(model);
  if (worst === undefined) return undefined;
  return largerOf(largerOf(largerOf(declared, worst), command.estimate), oneAction);
}

function argumentAmount(
  unit: string,
  name: string,
  command: Pick<Authorize, 'arguments'>,
): number | undefined {
  const { arguments: callArguments } = command;
  if (typeof callArguments !== 'object' || callArguments === null) return undefined;
  if (!Object.hasOwn(callArguments, name)) return undefined;
  return parseAmount(unit, (callArguments as Readonly<Record<string, unknown>>)[name]);
}

/** Which argument does not say what a call can cost. Its value is not told: the log keeps arguments apart. */
export function unreadableEstimate(
  terms: Readonly<Record<string, EstimateTerm>>,
  command: Pick<Authorize, 'arguments'>,
): Rejection {
  for (const [unit, term] of Object.entries(terms)) {
    if ('amount' in term || argumentAmount(unit, term.argument, command) !== undefined) continue;
    const { arguments: given } = command;
    const isThere =
      typeof given === 'object' && given !== null && Object.hasOwn(given, term.argument);
    const name = `the argument ${quoted(term.argument)}`;
    const message = isThere
      ? `${name} is no exact amount in ${quoted(unit)}`
      : `${name}, which says the cost in ${quoted(unit)}, is missing`;
    return reject('amount-out-of-range', message, exactly);
  }
  return reject('amount-out-of-range', 'the cost cannot be counted');
}
