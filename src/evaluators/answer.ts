/**
 * Reads what an evaluator or classifier answered. Exactly what was asked for counts as an answer:
 * whatever else it may be (a truthy text, a verdict with more members, an object that answers
 * differently each time) is none.
 */
import {
  compareText,
  type EvaluatorFact,
  type EvaluatorKind,
  isName,
  isRiskLevel,
  limits,
} from '../kernel/index.ts';

const reasonLengthMax = 512;

type Found = Pick<EvaluatorFact, 'outcome' | 'answer' | 'reason'>;

/** The answer as a fact, copied, or undefined. Never throws. */
export function readAnswer(kind: EvaluatorKind, value: unknown): Found | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return readers[kind](value, Reflect.ownKeys(value).length);
  } catch {
    // A proxy whose traps throw is no answer.
    return undefined;
  }
}

type Reader = (value: object, members: number) => Found | undefined;

const readers: Readonly<Record<EvaluatorKind, Reader>> = {
  guardrail(value, members) {
    const outcome = ownValue(value, 'outcome');
    if (outcome === 'pass' && members === 1) return { outcome, reason: '' };
    const reason = ownValue(value, 'reason');
    if (outcome !== 'refuse' || members !== 2 || typeof reason !== 'string') return undefined;
    const printable = printableReason(reason);
    return { outcome, reason: printable === '' ? 'refused without a reason' : printable };
  },
  'risk-classifier'(value, members) {
    const level = ownValue(value, 'level');
    const reason = ownValue(value, 'reason');
    if (!isRiskLevel(level) || members !== 2 || typeof reason !== 'string') return undefined;
    return { outcome: 'answered', answer: Object.freeze([level]), reason: printableReason(reason) };
  },
  'asset-classifier'(value, members) {
    const classes = ownValue(value, 'classes');
    if (!Array.isArray(classes) || members !== 1) return undefined;
    if (classes.length > limits.assetClassesMax) return undefined;
    const names = Array.from(classes, (each: unknown) => (isName(each) ? each : undefined));
    const known = names.filter((each) => each !== undefined);
    if (known.length < names.length) return undefined;
    const answer = Object.freeze([...new Set(known)].toSorted(compareText));
    return { outcome: 'answered', answer, reason: '' };
  },
};

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
