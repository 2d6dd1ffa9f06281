/** The meaning of conditions once more: a walk over the tree, with three values. */
type Json = Readonly<Record<string, unknown>>;
export type NaiveTruth = boolean | 'error';

export function naiveTruth(node: Json, subject: Json): NaiveTruth {
  const operands = (node['all'] ?? node['any']) as readonly Json[] | undefined;
  if (operands !== undefined) {
    const truths = new Set(operands.map((operand) => naiveTruth(operand, subject)));
    const decisive = node['any'] !== undefined;
    if (truths.has(decisive)) return decisive;
    return truths.has('error') ? 'error' : !decisive;
  }
  if (node['not'] !== undefined) {
    const truth = naiveTruth(node['not'] as Json, subject);
    return truth === 'error' ? 'error' : !truth;
  }
  let value: unknown = subject;
  let present = true;
  for (const segment of String(node['path']).split('.')) {
    present &&= typeof value === 'object' && value !== null && Object.hasOwn(value, segment);
    value = present ? (value as Json)[segment] : undefined;
  }
  if (node['exists'] !== undefined) return present === node['exists'];
  return present ? compared(node, value) : 'error';
}

function compared(node: Json, value: unknown): NaiveTruth {
  const [operator = '', operand] = Object.entries(node).find(([name]) => name !== 'path') ?? [];
  const scalar = value === null || typeof value !== 'object';
  switch (operator) {
    case 'equals':
      return scalar ? value === operand : 'error';
    case 'notEquals':
      return scalar ? value !== operand : 'error';
    case 'in':
      return scalar ? (operand as unknown[]).includes(value) : 'error';
    case 'notIn':
      return scalar ? !(operand as unknown[]).includes(value) : 'error';
    default:
      break;
  }
  if (['lessThan', 'atMost', 'moreThan', 'atLeast'].includes(operator)) {
    const [left, right] = [digits(value), digits(operand)];
    if (left === undefined || right === undefined) return 'error';
    if (operator === 'lessThan') return left < right;
    if (operator === 'atMost') return left <= right;
    return operator === 'moreThan' ? left > right : left >= right;
  }
  if (typeof value !== 'string' || typeof operand !== 'string') return 'error';
  if (operator === 'startsWith') return value.startsWith(operand);
  if (operator === 'endsWith') return value.endsWith(operand);
  return value.includes(operand);
}

/** The number in units of 10^-18. */
function digits(value: unknown): bigint | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const parts = /^(-?)(0|[1-9]\d{0,29})(?:\.(\d{1,18}))?$/.exec(String(value));
  if (parts === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = parts;
  return BigInt(sign + whole + fraction.padEnd(18, '0'));
}
