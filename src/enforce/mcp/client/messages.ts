/** What is sent to a client at any time: what servers say, that a list changed, what a server asks of it. */
import type { Notification } from '@modelcontextprotocol/client';
import type { Server } from '@modelcontextprotocol/server';
import { configLimits, passingLimits } from '../config/config.ts';
import { rawResult, type RawResult } from '../protocol/raw-result.ts';
import type { ClientRequest } from '../protocol/client-request.ts';
import type { ListKind } from '../upstream/upstream.ts';

/** Rejects where the client went away, or may not hear of it. */
export async function tell(
  server: Server | undefined,
  { method, params }: Notification,
): Promise<void> {
  await server?.notification(params === undefined ? { method } : { method, params });
}

export async function announce(server: Server | undefined, list: ListKind): Promise<void> {
  // A client that went away, or has no such lists, hears nothing.
  await tell(server, { method: `notifications/${list}/list_changed` }).catch(() => {});
}

/** Of a client of 2025: one of 2026-07-28 is asked in an answer to a call of its own. */
export function ask(server: Server, { method, params, signal }: ClientRequest): Promise<RawResult> {
  const request = params === undefined ? { method } : { method, params: { ...params } };
  // Whoever asks gives up when it likes; nobody else says how long a task may take.
  const timeout = method === 'tasks/result' ? configLimits.timeoutMsMax : passingLimits.questionMs;
  return server.request(request, rawResult, {
    timeout,
    ...(signal === undefined ? {} : { signal }),
  });
}
