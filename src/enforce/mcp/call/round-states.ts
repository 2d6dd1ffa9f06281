/** What a client of 2026-07-28 is given to bring along with its next request: signed, bound, expiring. */
import { createRequestStateCodec, type RequestStateCodec } from '@modelcontextprotocol/server';
import { systemIds } from '../../../engine/ids.ts';

/** What goes to a client of 2026-07-28 and comes back with its next request. */
export type RoundState =
  | { readonly kind: 'approval'; readonly ticket: string }
  | { readonly kind: 'question'; readonly call: string; readonly question: string };

/** Longer than most tickets wait: what the state stands for has an end of its own. */
export const stateSeconds = 86_400;

export type RoundStates = RequestStateCodec<RoundState>;

/** States of one session. A process that starts anew knows none of the old ones. */
export function roundStates(session: { readonly id: string }): RoundStates {
  return createRequestStateCodec<RoundState>({
    key: systemIds.secret(),
    ttlSeconds: stateSeconds,
    bind: ({ mcpReq }) => `${mcpReq.method}\0${session.id}`,
  });
}
