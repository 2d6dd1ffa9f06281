/** What callers give a session, read once and checked for its shape; what it means the kernel says. */
import {
  type Amounts,
  isBuiltInUnit,
  isUnit,
  limits,
  type ModelReport,
  type ModelRequest,
  parseAmounts,
  quoted,
  scaleOf,
  unitProblem,
} from '../../kernel/index.ts';
import { fault } from '../error.ts';
import { assertMembers } from '../known-members.ts';
import { isStorable } from '../store/parcel.ts';

const modelKnown = [
  'name',
  'inputTokensMax',
  'outputTokensMax',
] as const satisfies readonly (keyof ModelRequest)[];

export function checkedAmounts(value: Readonly<Record<string, string | number>>): Amounts {
  const amounts = parseAmounts(value);
  if (amounts === undefined) {
    const rule =
      'amounts must be exact, by unit: texts with quotes such as "4.50", or whole numbers from 0 to 2^53 - 1';
    throw fault('input-invalid', `${rule}${oddAmount(value)}`);
  }
  return amounts;
}

/** Which of them is none, where it is one of them. */
function oddAmount(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  const odd = Object.entries<unknown>({ ...value }).find(
    ([unit, amount]) => parseAmounts({ [unit]: amount }) === undefined,
  );
  if (odd === undefined) return '';
  const [unit, amount] = odd;
  if (!isUnit(unit)) return `; ${unitProblem(unit)}`;
  const isShown = typeof amount === 'string' || typeof amount === 'number';
  const given = isShown ? quoted(amount) : `a value of type ${typeof amount}`;
  const hasCents = typeof amount === 'string' && /^[0-9]+\.[0-9]+$/.test(amount);
  const meant = hasCents && scaleOf(unit) === 0 && !isBuiltInUnit(unit);
  const other = meant ? `; a unit with two of them is ${quoted(`${unit}@2`)}` : '';
  return `; ${given} is none in \`${unit}\`, which has at most ${scaleOf(unit)} decimals${other}`;
}

/** Read once, as JSON: what a provider answers may be anything, and what is no JSON is no usage. */
export function plainReport({ usage, model, refused }: ModelReport): ModelReport {
  let plain: unknown;
  try {
    const text: string | undefined = JSON.stringify(usage);
    plain = text === undefined ? undefined : JSON.parse(text);
  } catch {
    plain = undefined;
  }
  return {
    usage: plain,
    ...(typeof model === 'string' ? { model } : {}),
    ...(refused === true ? { refused } : {}),
  };
}

/** Read once. Whether there is such a model, and whether the bounds will do, the kernel says. */
export function checkedModel(request: ModelRequest | undefined): ModelRequest | undefined {
  if (request === undefined) return undefined;
  assertMembers('what is asked of a model', request, modelKnown);
  const { name, inputTokensMax, outputTokensMax } = request;
  const counts = [inputTokensMax, outputTokensMax].every(
    (each) => each === undefined || (Number.isSafeInteger(each) && each >= 0),
  );
  if (!isStorable(name) || name.length > limits.modelNameLengthMax || !counts) {
    throw fault(
      'input-invalid',
      `a model is asked for by a name of up to ${limits.modelNameLengthMax} characters, ` +
        'with whole numbers of tokens from 0 up',
    );
  }
  return {
    name,
    ...(inputTokensMax === undefined ? {} : { inputTokensMax }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
  };
}

export function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  // A number would pass for its digits, and be stored as what no caller can give again.
  if (
    typeof key !== 'string' ||
    key.length > limits.idempotencyKeyLengthMax ||
    !/^[\x21-\x7e]+$/.test(key)
  ) {
    throw fault(
      'input-invalid',
      `an idempotency key is 1 to ${limits.idempotencyKeyLengthMax} printable ASCII characters`,
    );
  }
  return key;
}
