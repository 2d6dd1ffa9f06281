/** What is sent to a client of 2025 at any time: that a list changed, and what a server asks of it. */
import type { Server } from '@modelcontextprotocol/server';
import { rawResult, type RawResult } from './raw-result.ts';
import type { ClientRequest, ListKind } from './upstream.ts';

export async function announce(server: Server | undefined, list: ListKind): Promise<void> {
  const method = `notifications/${list}/list_changed`;
  // A client that went away, or has no such lists, hears nothing.
  await server?.notification({ method }).catch(() => {});
}

export function ask(server: Server, { method, params }: ClientRequest): Promise<RawResult> {
  const request = params === undefined ? { method } : { method, params: { ...params } };
  return server.request(request, rawResult);
}
