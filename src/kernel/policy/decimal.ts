/**
 * Exact decimals for comparisons, so that money in arguments never passes through a float.
 *
 * A number counts as the decimal its shortest text shows; a string must be a plain decimal. Exponents,
 * signs other than a leading minus, spaces and separators are not decimals.
 */
const decimalText = /^(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,18}))?$/;
const scale = 18;

/** The value times 10^6 as a safe integer, where that is one of a few digits; otherwise times 10^18. */
export type Decimal = number | bigint;

/** The decimal of a value, or undefined where it is not an exact one. */
export function exactDecimal(value: unknown): Decimal | undefined {
  if (Number.isInteger(value) && Math.abs(value as number) < smallWholeBound) {
    return (value as number) * 10 ** smallScale;
  }
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  return smallDecimal(text) ?? largeDecimal(text);
}

/** Negative, zero or positive, as `left` is less than, equal to or more than `right`. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  const [a, b] = [scaledDecimal(left), scaledDecimal(right)];
  return a < b ? -1 : Number(a > b);
}

/** The value times 10^18. */
export function scaledDecimal(decimal: Decimal): bigint {
  return typeof decimal === 'number' ? BigInt(decimal) * smallUnit : decimal;
}

function largeDecimal(text: string): bigint | undefined {
  const parts = decimalText.exec(text);
  if (parts === null) return undefined;
  const magnitude = BigInt((parts[2] ?? '0') + (parts[3] ?? '').padEnd(scale, '0'));
  return parts[1] === '-' ? -magnitude : magnitude;
}

const smallScale = 6;
const smallUnit = 10n ** 12n;
const smallWholeDigitsMax = 9;
const smallWholeBound = 10 ** smallWholeDigitsMax;
const point = 0x2e;

/**
 * Reads up to nine digits, and up to six more after a point, in one pass; undefined for whatever is
 * longer, negative or not a decimal at all. Nine and six digits make an integer below 2^53.
 */
function smallDecimal(text: string): number | undefined {
  let value = 0;
  let whole = -1;
  const { length } = text;
  if (length > smallWholeDigitsMax + 1 + smallScale) return undefined;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === point && whole < 0) whole = at;
    else if (code >= 0x30 && code <= 0x39) value = value * 10 + (code - 0x30);
    else return undefined;
  }
  if (whole < 0) whole = length;
  const decimals = Math.max(0, length - whole - 1);
  if (whole === 0 || whole > smallWholeDigitsMax || decimals > smallScale) return undefined;
  // `1.` and `01` are no decimals.
  if (whole === length - 1 || (whole > 1 && text.charCodeAt(0) === 0x30)) return undefined;
  return value * 10 ** (smallScale - decimals);
}
