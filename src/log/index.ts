/**
 * The log room's door: canonical text, hashes, the tree, entries and the chain. Pure: bytes in,
 * hashes out, no clock, no randomness, no I/O, and no knowledge of agents.
 */
export { CanonicalJsonError, canonicalJson, defaultCanonicalLimits } from './canonical-json.ts';
export type { CanonicalJsonCode, CanonicalLimits } from './canonical-json.ts';
export { ChainVerifier } from './chain.ts';
export type { ChainFault, ChainFaultCode, ChainHead, ChainResult, ChainStart } from './chain.ts';
export { commit, type DigestKey, digestKey, keyedDigest } from './commitment.ts';
export { ENTRY_FORMAT, EntryError, entryLimits, readEntry, sealEntry } from './entry.ts';
export type { Entry, EntryDraft, EntryErrorCode, EntryPosition, SealedEntry } from './entry.ts';
export { deepFreeze, frozenFromCanonical } from './frozen-value.ts';
export { type LogPage, logPage } from './log-page.ts';
export {
  appendLeaf,
  appendLeaves,
  emptyFrontier,
  emptyRoot,
  frontierOf,
  isHash,
  leafHash,
  nodeHash,
  rootHash,
} from './merkle.ts';
export type { Frontier } from './merkle.ts';
export { type RecordBytes, recordBytes } from './record-bytes.ts';
export { parseStrictJson } from './strict-json.ts';
export { StrictJsonError } from './strict-json-error.ts';
export type { StrictJsonCode, StrictJsonPlace } from './strict-json-error.ts';
