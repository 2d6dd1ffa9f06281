/** Has servers asked for the single resources that a client of 2026-07-28 wants to hear of. */
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { ListenLimits } from '../config/config.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { GatewaySession } from './gateway-session.ts';

export interface Watching {
  readonly uris: readonly string[];
  readonly limits: Pick<ListenLimits, 'watchedResourcesMax'>;
  /** Resolves when the client no longer listens. */
  readonly finished: Promise<void>;
}

/** Says why that cannot be, or nothing. Rejects where a server fails to answer. */
export async function watchResources(
  opened: () => Promise<GatewaySession>,
  { uris, limits, finished }: Watching,
): Promise<ProtocolError | undefined> {
  if (uris.length === 0) return undefined;
  const { watchedResourcesMax } = limits;
  const { InvalidParams, InvalidRequest } = ProtocolErrorCode;
  if (uris.length > watchedResourcesMax) {
    return new ProtocolError(InvalidParams, `at most ${watchedResourcesMax} resources at a time`);
  }
  const session = await opened();
  const stopped = await session.stopped();
  if (stopped !== undefined) return new ProtocolError(InvalidRequest, stopped);
  // Where no server tells of resources, the answer says so.
  if (!session.upstreams.some(tellsOfResources)) return undefined;
  try {
    await session.watches.watch(uris, finished);
    return undefined;
  } catch (failure) {
    if (failure instanceof ProtocolError) return failure;
    throw failure;
  }
}

function tellsOfResources({ capabilities, config }: Upstream): boolean {
  return config.resources && capabilities.resources?.subscribe === true;
}
