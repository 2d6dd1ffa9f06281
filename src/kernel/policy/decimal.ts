/**
 * Exact decimals for comparisons, so that money in arguments never passes through a float.
 *
 * A number counts as the decimal its shortest text shows; a string must be a plain decimal. Exponents,
 * signs other than a leading minus, spaces and separators are not decimals.
 */
const decimalText = /^(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,18}))?$/;
const scale = 18;

/** The value times 10^18, or undefined where it is not an exact decimal. */
export function exactDecimal(value: unknown): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  const parts = decimalText.exec(text);
  if (parts === null) return undefined;
  const magnitude = BigInt((parts[2] ?? '0') + (parts[3] ?? '').padEnd(scale, '0'));
  return parts[1] === '-' ? -magnitude : magnitude;
}
