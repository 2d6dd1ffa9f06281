/**
 * Faults: something outside the rules went wrong. A refusal is a value (`Rejection`, `Decision`) or, where a
 * call cannot return one, a `ControlPlaneError` that carries it.
 *
 * Recognise an error with `ControlPlaneError.is` and its `code`, not with `instanceof`: two copies of this
 * library in one process have two classes and one brand.
 */
import { types } from 'node:util';
import type { Rejection, RejectionCode } from '../kernel/index.ts';

/** Codes of faults and of misuse, with the sentence that explains each in general. */
export const faultCodes = {
  closed: 'the control plane is closed',
  overloaded: 'too many commands are waiting',
  'store-unavailable': 'the store could not take the command; nothing was decided',
  'outcome-unknown':
    'the store may have taken the command; ask again with the same idempotency key',
  'log-inconsistent': 'the log no longer continues what this process has seen',
  'internal-error': 'an internal assertion failed; nothing was decided',
  'credential-invalid': 'the credential does not establish a principal',
  'principal-not-minted': 'the principal was not minted by this control plane',
  'permit-not-genuine': 'the permit was not issued by this control plane, or is for something else',
  'permit-used': 'the permit was used before',
  'input-invalid': 'the input is not valid',
  'arguments-unrepresentable': 'the arguments have no canonical JSON form within the limits',
  'tool-ungovernable': 'the tool cannot be governed as it is',
  'outcome-unrecorded': 'the tool ran, and what it did could not be recorded; do not call it again',
  'dry-run': 'the action would be allowed; a dry run does not run it',
  'model-output-cut': 'a model gave more output than was reserved for, and was cut',
  'kill-local-only': 'the kill took effect in this process and is written when the store returns',
} as const;

export type FaultCode = keyof typeof faultCodes;

const errorBrand = Symbol.for('agent-control-plane.error');

export class ControlPlaneError extends Error {
  readonly code: FaultCode | RejectionCode;
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;
  /** What would help, where something would. */
  readonly help: string | undefined;
  /**
   * Of a refusal, where it stands in the order of the log: at the entry of this index where that records it,
   * and before that entry otherwise. Undefined for faults, and where no command was decided.
   */
  readonly index: number | undefined;
  readonly [errorBrand] = true;

  constructor(
    code: FaultCode | RejectionCode,
    message: string,
    options: {
      readonly retryable?: boolean;
      readonly help?: string;
      readonly index?: number | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ControlPlaneError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.help = options.help;
    this.index = options.index;
  }

  static is(value: unknown): value is ControlPlaneError {
    return typeof value === 'object' && value !== null && errorBrand in value;
  }
}

/** What helps wherever there is such a fault. */
const helpOf: Readonly<Partial<Record<FaultCode, string>>> = {
  'principal-not-minted':
    'take one from `identity.assert` or `identity.authenticate` of this control plane',
};

export function fault(code: FaultCode, detail?: string, cause?: unknown): ControlPlaneError {
  const retryable = ['overloaded', 'store-unavailable', 'outcome-unknown'].includes(code);
  const message = detail === undefined ? faultCodes[code] : `${faultCodes[code]}: ${detail}`;
  const help = helpOf[code];
  return new ControlPlaneError(code, message, {
    retryable,
    ...(help === undefined ? {} : { help }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** `index`: where the refusal stands in the order of the log. */
export function rejected({ code, message, help }: Rejection, index?: number): ControlPlaneError {
  return new ControlPlaneError(code, message, {
    ...(help === undefined ? {} : { help }),
    index,
  });
}

/** Of what has no text, or throws once more where it is asked for it. */
const noText = 'what was thrown cannot be shown as text';

/**
 * What code of somebody else threw, as text; with the name of its class, where it is an error. It may be
 * anything: nothing that has to be done may be left undone for that.
 */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return noText;
  }
}

/**
 * What code of somebody else threw, as text that has all of it: of an object that is no error, its JSON,
 * which is what SDKs show a model of it.
 */
export function thrownWhole(thrown: unknown): string {
  const text = thrownText(thrown);
  if (typeof thrown !== 'object' || thrown === null || types.isNativeError(thrown)) return text;
  try {
    const json: unknown = thrown instanceof Error ? undefined : JSON.stringify(thrown);
    return typeof json === 'string' && json !== '{}' ? json : text;
  } catch {
    return text;
  }
}

/** What code of somebody else threw, as text; the message alone, where it is an error. */
export function thrownMessage(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return noText;
  }
}
