/**
 * An issuer's keys as they are published at an address, kept for a while.
 *
 *   no keys, or too old  → fetch before anything is checked; where that fails: `keys-unavailable`
 *   a key is not known   → fetch once; not again within the cooldown, whatever tokens ask for
 *   a fetch failed       → the next one after `retryMs`
 *
 * Tokens that arrive during a fetch wait for it. Keys that are too old are never used, so that a key that was
 * withdrawn is refused after `maxAgeMs` at the latest, also while the issuer does not answer.
 */
import type { CryptoKey } from 'jose';
import { AuthenticationError } from './authenticator.ts';
import { fetchText } from './fetch-text.ts';
import { jwtLimits } from './jwt-limits.ts';
import { findKey, keySetOf, keyUnknown, type KeySet, type KeySource } from './key-set.ts';
import type { TokenHeader } from './signed-token.ts';
import { parseStrictJson } from '../log/index.ts';

export interface RemoteKeysSettings {
  readonly url: URL;
  readonly maxAgeMs: number;
  readonly cooldownMs: number;
  readonly timeoutMs: number;
  readonly now: () => number;
}

export class RemoteKeys implements KeySource {
  readonly #settings: RemoteKeysSettings;
  #keys: { readonly set: KeySet; readonly askedAt: number } | undefined;
  #last: { readonly endedAt: number; readonly failure: unknown } | undefined;
  #pending: Promise<void> | undefined;

  constructor(settings: RemoteKeysSettings) {
    this.#settings = settings;
  }

  async keyFor(header: TokenHeader): Promise<CryptoKey> {
    const known = await findKey(this.#fresh() ?? (await this.#fetched()), header);
    if (known !== undefined) return known;
    // Looked up again also where nothing was fetched: another token's fetch may have ended meanwhile.
    const added = await findKey(await this.#fetched(), header);
    if (added === undefined) throw keyUnknown(header);
    return added;
  }

  #fresh(): KeySet | undefined {
    const { maxAgeMs } = this.#settings;
    if (this.#keys === undefined || !this.#isWithin(this.#keys.askedAt, maxAgeMs)) return undefined;
    return this.#keys.set;
  }

  async #fetched(): Promise<KeySet> {
    await this.#fetch();
    const set = this.#fresh();
    if (set === undefined) throw unavailable(this.#last?.failure);
    return set;
  }

  /** A clock that went back makes nothing last longer. */
  #isWithin(since: number, durationMs: number): boolean {
    const age = this.#settings.now() - since;
    return age >= 0 && age < durationMs;
  }

  async #fetch(): Promise<void> {
    if (this.#pending !== undefined) return this.#pending;
    if (this.#last !== undefined) {
      const { endedAt, failure } = this.#last;
      const failed = failure !== undefined;
      if (failed && this.#isWithin(endedAt, jwtLimits.retryMs)) throw unavailable(failure);
      // The cooldown is for keys that are not known. It begins later than keys begin to age, and must not
      // keep away those that follow them.
      const mayWait = !failed && this.#fresh() !== undefined;
      if (mayWait && this.#isWithin(endedAt, this.#settings.cooldownMs)) return undefined;
    }
    this.#pending = this.#refresh().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #refresh(): Promise<void> {
    const { url, timeoutMs, now } = this.#settings;
    const askedAt = now();
    try {
      const text = await fetchText(url, { timeoutMs, bytesMax: jwtLimits.keySetBytesMax });
      this.#keys = { set: keySetOf(parseStrictJson(text)), askedAt };
      this.#last = { endedAt: now(), failure: undefined };
    } catch (failure) {
      this.#last = { endedAt: now(), failure };
      throw unavailable(failure);
    }
  }
}

function unavailable(cause: unknown): AuthenticationError {
  return new AuthenticationError('keys-unavailable', undefined, cause);
}
