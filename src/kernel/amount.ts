/**
 * Amounts: exact integers in a unit's smallest step.
 *
 * USD is counted in micro-USD (scale 6), tokens and actions in ones. A unit of one's own says its decimal
 * places in its name: `eur@2` is counted in hundredths, `credits` in ones. Callers give exact decimal
 * strings or safe integers; a float that is not a whole number, NaN, an infinity, a negative or anything
 * that would pass 2^53 - 1 is refused. Nothing is rounded here: a string with more decimals than the unit's
 * scale is refused, because whoever sent it believes in a precision that would be lost.
 */
import { limits } from './limits.ts';
import { isName, quoted } from './name.ts';
import { isOpaque } from './opaque.ts';

/** Decimal places of the built-in units. */
const scales: ReadonlyMap<string, number> = new Map([
  ['usd', 6],
  ['tokens', 0],
  ['tokens.input', 0],
  ['tokens.output', 0],
  ['tokens.cached', 0],
  ['tokens.reasoning', 0],
  ['actions', 0],
  ['seconds', 0],
  ['concurrent', 0],
]);

/** Amounts by unit, in the units' smallest steps. Keys are sorted; a zero is stated, not left out. */
export type Amounts = Readonly<Record<string, number>>;

/** Decimal places that amounts of a unit may have. */
export function scaleOf(unit: string): number {
  const known = scales.get(unit);
  if (known !== undefined) return known;
  const [, places] = ownUnit.exec(unit) ?? [];
  return places === undefined ? 0 : Number(places);
}

/** Whether a unit is one of the control plane's own, which tools may cost in without declaring it. */
export function isBuiltInUnit(unit: string): boolean {
  return scales.has(unit);
}

const ownUnit = /^[^@]+@([1-9])$/;

/**
 * Whether a value is a unit: a built-in one, or a name, with `@` and its decimal places (1 to 9) behind it
 * where it is not counted in ones. The scale is part of the name, so that no two processes can differ about
 * it. `USD` and `tokens.inputs` are none: nothing would ever be counted in them, and nobody bound.
 */
export function isUnit(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const isOwn = ownUnit.test(value);
  const name = isOwn ? value.slice(0, -2) : value;
  return isName(name) && (isBuiltInUnit(name) ? !isOwn : !looksBuiltIn(name.toLowerCase()));
}

/** No name of one's own: what it counts would be looked for among the control plane's. */
function looksBuiltIn(lower: string): boolean {
  return isBuiltInUnit(lower) || lower.startsWith('tokens.');
}

/** Says of what is no unit that it is none, and which one may have been meant. */
export function unitProblem(value: unknown): string {
  const lower = typeof value === 'string' ? value.toLowerCase() : '';
  const meant = isBuiltInUnit(lower) ? `; ${quoted(lower)} is` : '';
  return `${quoted(value)} is no unit${meant}`;
}

const decimalText = /^(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,18}))?$/;

/** Parses one amount of `unit`; undefined where it is not an exact, countable amount. */
export function parseAmount(unit: string, value: unknown): number | undefined {
  const scale = scaleOf(unit);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) return undefined;
    return scaled(String(value), '', scale);
  }
  if (typeof value !== 'string') return undefined;
  const parts = decimalText.exec(value);
  if (parts === null) return undefined;
  return scaled(parts[1] ?? '', parts[2] ?? '', scale);
}

function scaled(whole: string, fraction: string, scale: number): number | undefined {
  const significant = fraction.replace(/0+$/, '');
  if (significant.length > scale) return undefined;
  const amount = BigInt(whole + significant.padEnd(scale, '0'));
  return amount <= BigInt(limits.amountMax) ? Number(amount) : undefined;
}

/**
 * An amount that somebody else counted, such as a provider that says in a fraction of a number what a call
 * cost: the least amount that covers it. Undefined where it is none at all.
 */
export function amountCovering(unit: string, value: unknown): number | undefined {
  const text = typeof value === 'number' ? decimalOf(value) : value;
  const [, whole = '', fraction = ''] =
    (typeof text === 'string' ? /^(0|[1-9][0-9]{0,15})(?:\.([0-9]+))?$/.exec(text) : null) ?? [];
  if (whole === '') return undefined;
  const scale = scaleOf(unit);
  const isMore = /[1-9]/.test(fraction.slice(scale));
  const amount = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0')) + (isMore ? 1n : 0n);
  return amount <= BigInt(limits.amountMax) ? Number(amount) : undefined;
}

/** As it is written, without an exponent: to twenty places, which is more than any unit has. */
function decimalOf(value: number): string {
  const text = String(value);
  return text.includes('e-') ? value.toFixed(20) : text;
}

/** How an amount is written, for whoever is told that theirs is none. */
export const exactly = 'write it as a text with quotes, such as "4.50", or as a whole number';

/** The exact decimal text of an amount: the inverse of `parseAmount`. */
export function formatAmount(unit: string, amount: number | bigint): string {
  const scale = scaleOf(unit);
  if (scale === 0) return String(amount);
  const digits = String(amount).padStart(scale + 1, '0');
  const whole = digits.slice(0, -scale);
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Parses amounts by unit; undefined where a unit's name or an amount is not valid. */
export function parseAmounts(value: Readonly<Record<string, unknown>>): Amounts | undefined {
  // A number has no members either: taken for amounts, it would be no limit at all.
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (isOpaque(value)) return undefined;
  const units = Object.keys(value).toSorted();
  if (units.length > limits.unitsMax) return undefined;
  const amounts: Record<string, number> = {};
  for (const unit of units) {
    if (!isUnit(unit)) return undefined;
    const amount = parseAmount(unit, value[unit]);
    if (amount === undefined) return undefined;
    amounts[unit] = amount;
  }
  return amounts;
}

/** The larger of two amounts in each unit: a caller's estimate can raise a reservation, never lower it. */
export function largerOf(left: Amounts, right: Amounts): Amounts {
  if (Object.keys(right).length === 0) return left;
  const amounts: Record<string, number> = {};
  for (const unit of new Set([...Object.keys(left), ...Object.keys(right)].toSorted())) {
    amounts[unit] = Math.max(amountOf(left, unit), amountOf(right, unit));
  }
  return amounts;
}

/** The sum in each unit; what passes the largest amount stays there. */
export function addAmounts(left: Amounts, right: Amounts): Amounts {
  const amounts: Record<string, number> = {};
  for (const unit of new Set([...Object.keys(left), ...Object.keys(right)].toSorted())) {
    amounts[unit] = Math.min(limits.amountMax, amountOf(left, unit) + amountOf(right, unit));
  }
  return amounts;
}

/** Own-property lookup: a unit may not be answered by a prototype. */
export function amountOf(amounts: Amounts, unit: string): number {
  return Object.hasOwn(amounts, unit) ? (amounts[unit] ?? 0) : 0;
}
