/**
 * Principals: who acts. Minted by an authenticator that the host registered, never stated by a caller.
 *
 * A principal cannot be forged in process: the `#issuer` field exists only on objects that this class built,
 * whatever prototype, proxy, clone or patched built-in somebody offers instead. It is also tied to the
 * control plane that minted it.
 */
import type { PrincipalReference } from '../kernel/index.ts';

/** A proof, within this process, that an authenticator vouched for an identity. */
export class Principal {
  readonly #issuer: object;
  readonly #reference: PrincipalReference;

  /** For authenticators: `issuer` is the identity service that minted it. */
  constructor(issuer: object, reference: PrincipalReference) {
    this.#issuer = issuer;
    const teams = Object.freeze([...(reference.teams ?? [])]);
    this.#reference = Object.freeze({
      id: reference.id,
      org: reference.org,
      roles: Object.freeze([...reference.roles]),
      via: reference.via,
      ...(teams.length === 0 ? {} : { teams }),
      ...(reference.credential === undefined ? {} : { credential: reference.credential }),
      ...(reference.expiresAt === undefined ? {} : { expiresAt: reference.expiresAt }),
    });
    Object.freeze(this);
  }

  get id(): string {
    return this.#reference.id;
  }

  get org(): string {
    return this.#reference.org;
  }

  get roles(): readonly string[] {
    return this.#reference.roles;
  }

  get teams(): readonly string[] {
    return this.#reference.teams ?? [];
  }

  /** How the identity was established. */
  get via(): string {
    return this.#reference.via;
  }

  /** What the log records, or undefined where `value` is not a principal of this issuer. */
  static referenceOf(value: unknown, issuer: object): PrincipalReference | undefined {
    if (typeof value !== 'object' || value === null || !(#issuer in value)) return undefined;
    return value.#issuer === issuer ? value.#reference : undefined;
  }

  toJSON(): PrincipalReference {
    return this.#reference;
  }
}
