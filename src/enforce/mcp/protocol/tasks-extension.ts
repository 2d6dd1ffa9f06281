/**
 * The tasks extension of 2026-07-28 (`io.modelcontextprotocol/tasks`, SEP-2663), as far as the SDK has no
 * place for it: an answer that is a task comes out of the SDK as an error that carries the task.
 */
import {
  type ClientCapabilities,
  type JSONRPCErrorResponse,
  type JSONRPCResponse,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import { CLIENT_CAPABILITIES_META_KEY } from '@modelcontextprotocol/server';
import type { RawResult } from './raw-result.ts';

type Params = Readonly<Record<string, unknown>>;

/** A request that may be answered with a task, or is about one: the extension is named in each. */
export function withTasks(params: Params, capabilities: ClientCapabilities): Params {
  const declared = { ...capabilities, extensions: { 'io.modelcontextprotocol/tasks': {} } };
  const meta = params['_meta'] as object | undefined;
  return { ...params, _meta: { ...meta, [CLIENT_CAPABILITIES_META_KEY]: declared } };
}

const made = new WeakSet<object>();

/** In place of an answer that is a task. */
export function taskAsError(
  response: JSONRPCResponse | JSONRPCErrorResponse,
): JSONRPCResponse | JSONRPCErrorResponse {
  if (!('result' in response)) return response;
  const { jsonrpc, id, result } = response;
  if ((result as RawResult)['resultType'] !== 'task') return response;
  const data: object = { ...result };
  made.add(data);
  const message = 'it answered with a task, which it was not asked for';
  return { jsonrpc, id, error: { code: ProtocolErrorCode.InternalError, message, data } };
}

/** The task that a request was answered with; undefined where it failed in another way. */
export function taskOf(failure: unknown): RawResult | undefined {
  if (!(failure instanceof ProtocolError)) return undefined;
  const data: unknown = failure.data;
  return typeof data === 'object' && data !== null && made.has(data)
    ? (data as RawResult)
    : undefined;
}
