/** Limits of the JWT authenticator, listed in `docs/identity.md`. */
export const jwtLimits = {
  /** Characters of a token. */
  tokenLengthMax: 16_384,
  /** Nesting depth of a token's header and claims. */
  tokenDepthMax: 16,
  /** Members and elements in a token's header or claims, all levels together. */
  tokenMembersMax: 2_000,
  /** Characters of a key's id. */
  keyIdLengthMax: 255,
  /** Bytes of a key set as it comes from its address, unpacked. */
  keySetBytesMax: 262_144,
  /** Keys in a key set. */
  keySetKeysMax: 100,
  /** Milliseconds by which clocks may differ, where the options say nothing. */
  clockToleranceMs: 5_000,
  /** Most that the options may say. */
  clockToleranceMsMax: 30_000,
  /** Most milliseconds that a token's age may be bounded to: one year of 366 days. */
  tokenAgeMsMax: 31_622_400_000,
  /** Milliseconds for which fetched keys are used, where the options say nothing: ten minutes. */
  keysMaxAgeMs: 600_000,
  /** Most that the options may say: one day. */
  keysMaxAgeMsMax: 86_400_000,
  /** Milliseconds between a fetch and the next one for an unknown key, where the options say nothing. */
  cooldownMs: 30_000,
  /** Least that the options may say. */
  cooldownMsMin: 1_000,
  /** Milliseconds between a fetch that failed and the next one. */
  retryMs: 1_000,
  /** Milliseconds that a fetch may take, where the options say nothing. */
  fetchTimeoutMs: 5_000,
  /** Most that the options may say. */
  fetchTimeoutMsMax: 60_000,
  /** Steps of a claim path. */
  claimPathMax: 8,
} as const;
