/**
 * Permits: what a governed tool needs to run. Single-use, bound to one decision, unforgeable in process.
 *
 * The `#…` fields exist only on objects that this class built; `#decision in value` cannot be faked by a
 * prototype, proxy, clone or JSON.
 */
import { type DecisionRecord, reject } from '../../kernel/index.ts';
import { fault, rejected } from '../error.ts';

export class Permit {
  readonly #decision: DecisionRecord;
  readonly #issuer: object;
  readonly #signal: AbortSignal;
  #state: 'issued' | 'started' | 'resolved';
  #taken = false;

  constructor(issuer: object, decision: DecisionRecord, signal: AbortSignal) {
    this.#issuer = issuer;
    this.#decision = decision;
    this.#signal = signal;
    this.#state = decision.permit === 'issued' ? 'issued' : 'started';
    Object.freeze(this);
  }

  get id(): string {
    return this.#decision.id;
  }

  get session(): string {
    return this.#decision.session;
  }

  get tool(): string {
    return this.#decision.tool;
  }

  get action(): string {
    return this.#decision.action;
  }

  get resource(): string {
    return this.#decision.resource;
  }

  get argumentsDigest(): string {
    return this.#decision.argumentsDigest;
  }

  /** Fires when the permit is killed, its session aborted or its time over. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Whether `value` is a permit that `issuer` issued. */
  static isGenuine(value: unknown, issuer: object): value is Permit {
    return (
      typeof value === 'object' && value !== null && #issuer in value && value.#issuer === issuer
    );
  }

  /** For its issuer: what the log says of it since it was issued. */
  static became(permit: Permit, issuer: object, state: 'started' | 'resolved'): void {
    if (Permit.isGenuine(permit, issuer)) permit.#state = state;
  }

  /**
   * Uses a permit up, once. Throws `permit-not-genuine` for anything that is not a permit of `issuer` for
   * exactly this call, `permit-not-started` while it waits for its start, `permit-used` the second time and
   * once it was settled or given back, and why it was stopped where it was.
   */
  static take(
    value: unknown,
    issuer: object,
    call: { readonly tool: string; readonly argumentsDigest: string },
  ): Permit {
    if (!Permit.isGenuine(value, issuer)) throw fault('permit-not-genuine');
    if (value.tool !== call.tool || value.argumentsDigest !== call.argumentsDigest) {
      throw fault('permit-not-genuine', 'it was issued for another call');
    }
    if (value.#taken) throw fault('permit-used');
    if (value.#state === 'issued') throw rejected(reject('permit-not-started'));
    if (value.#state === 'resolved') throw fault('permit-used', 'it was settled, or given back');
    value.#signal.throwIfAborted();
    value.#taken = true;
    return value;
  }
}
