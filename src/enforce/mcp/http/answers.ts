/** Answers of the endpoint itself, as errors of JSON-RPC about no request in particular. */
import type { Refused } from './doorway.ts';

/** Of the range that JSON-RPC leaves to servers. */
const serverError = -32_000;

export function refused({
  status,
  message,
  headers = {},
  code = serverError,
}: Refused & { readonly code?: number }): Response {
  return Response.json(
    { jsonrpc: '2.0', id: null, error: { code, message } },
    { status, headers: { 'cache-control': 'no-store', ...headers } },
  );
}
