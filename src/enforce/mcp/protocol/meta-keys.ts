/** Members of `_meta` that are the gateway's own. */
import type { RawResult } from './raw-result.ts';

const prefix = 'agent-control-plane/';

export const metaKeys = {
  /** Of a call: same key and same arguments, and it runs once. */
  idempotencyKey: `${prefix}idempotency-key`,
  /** Of a result: why there is none. */
  refusal: `${prefix}refusal`,
  /** Of a result: where it comes from, and that nobody vouches for what it says. */
  untrusted: `${prefix}untrusted`,
} as const;

/** What of a message's `_meta` is passed on: not what is the gateway's, or each hop's own to say. */
export function withoutHopMeta(result: RawResult): RawResult {
  const meta = result['_meta'];
  if (typeof meta !== 'object' || meta === null) return result;
  const kept = Object.entries(meta).filter(
    ([name]) => !name.startsWith('io.modelcontextprotocol/') && !name.startsWith(prefix),
  );
  const { _meta: _, ...rest } = result;
  return kept.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(kept) };
}

/** What of a call's `_meta` is passed on: not what is the gateway's, or set by each hop for itself. */
export function forwardedMeta(
  meta: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  const kept = Object.entries(meta ?? {}).filter(
    ([name]) => name !== 'progressToken' && !name.startsWith(prefix),
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
