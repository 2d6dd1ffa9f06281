/**
 * Reads what an evaluator answered. Exactly a verdict counts as one: whatever else it may be (a
 * truthy text, a verdict with more members, an object that answers differently each time) is no
 * answer.
 */
import type { EvaluatorVerdict } from './evaluator.ts';

const reasonLengthMax = 512;

/** The verdict, copied, or undefined. Never throws. */
export function readVerdict(value: unknown): EvaluatorVerdict | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const names = Reflect.ownKeys(value);
    const outcome = ownValue(value, 'outcome');
    if (outcome === 'pass' && names.length === 1) return { outcome };
    const reason = ownValue(value, 'reason');
    if (outcome === 'refuse' && names.length === 2 && typeof reason === 'string') {
      return { outcome, reason };
    }
  } catch {
    // A proxy whose traps throw is no verdict.
  }
  return undefined;
}

/** An own data member: a getter could answer something else the next time. */
function ownValue(of: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(of, name)?.value;
}

/** A text as it may stand in the log: printable, on one line, cut. */
export function printableReason(text: string): string {
  const short = text.length > reasonLengthMax ? `${text.slice(0, reasonLengthMax - 1)}…` : text;
  // Control, format, private and unassigned characters, and halves of cut pairs.
  return short.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}');
}
