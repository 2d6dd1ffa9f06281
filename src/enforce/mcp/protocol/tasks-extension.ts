/**
 * The tasks extension of 2026-07-28 (`io.modelcontextprotocol/tasks`, SEP-2663), as far as the SDK has no
 * place for it: who has it, and answers that are a task. One comes out of the SDK's client as an error that
 * carries the task.
 */
import {
  type ClientCapabilities,
  type JSONRPCErrorResponse,
  type JSONRPCResponse,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/client';
import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
} from '@modelcontextprotocol/server';
import { capabilitiesIn } from './capabilities.ts';
import type { RawResult } from './raw-result.ts';

type Params = Readonly<Record<string, unknown>>;

/** As either side says that it has the extension; there is nothing more to say of it. */
export const tasksExtension = { extensions: { 'io.modelcontextprotocol/tasks': {} } } as const;

/** Whether a client says so. One that says it of 2025's tasks has not said it of these. */
export function declaresTasks({ extensions }: ClientCapabilities): boolean {
  const declared: unknown = extensions?.['io.modelcontextprotocol/tasks'];
  return typeof declared === 'object' && declared !== null;
}

/** Whether a request to listen is about tasks too, and its client does not say that it has the extension. */
export function listensUndeclared(params: unknown): boolean {
  const { notifications } = Object(params) as { readonly notifications?: unknown };
  const declared = capabilitiesIn(params);
  const { taskIds } = Object(notifications) as { readonly taskIds?: unknown };
  return taskIds !== undefined && declared !== undefined && !declaresTasks(declared);
}

/** The error of the protocol for a client that asks for what is the extension's, and did not say so. */
export function tasksUndeclared(): MissingRequiredClientCapabilityError {
  const message = 'the request needs the capability `io.modelcontextprotocol/tasks` of its client';
  return new MissingRequiredClientCapabilityError(
    { requiredCapabilities: tasksExtension },
    message,
  );
}

/** A request that may be answered with a task, or is about one: the extension is named in each. */
export function withTasks(params: Params, capabilities: ClientCapabilities): Params {
  const declared = { ...capabilities, ...tasksExtension };
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
