/**
 * The one JSON-RPC message in the body of a request. What is no message of the protocol is refused before the
 * SDK sees it, so that one request is one message and one decision at most.
 */
import { ProtocolErrorCode } from '@modelcontextprotocol/server';

export interface WrongMessage {
  readonly code: number;
  readonly message: string;
}

export interface ReadMessage {
  readonly body: Readonly<Record<string, unknown>>;
}

const idLengthMax = 256;

export function readMessage(bytes: Uint8Array): ReadMessage | WrongMessage {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { code: ProtocolErrorCode.ParseError, message: 'the body is no JSON in UTF-8' };
  }
  if (Array.isArray(body))
    return invalid('a body is one message: batches are not part of the protocol');
  if (typeof body !== 'object' || body === null)
    return invalid('the body is no message of JSON-RPC');
  const message = body as Readonly<Record<string, unknown>>;
  const problem = problemOf(message);
  return problem === undefined ? { body: message } : invalid(problem);
}

function invalid(message: string): WrongMessage {
  return { code: ProtocolErrorCode.InvalidRequest, message };
}

function problemOf(message: Readonly<Record<string, unknown>>): string | undefined {
  if (message['jsonrpc'] !== '2.0') return '`jsonrpc` must be "2.0"';
  const { method, id } = message;
  const hasId = Object.hasOwn(message, 'id');
  if (hasId && !isId(id))
    return `\`id\` must be a whole number, or a text of at most ${idLengthMax}`;
  if (!Object.hasOwn(message, 'method')) return hasId ? undefined : '`method` is missing';
  if (typeof method !== 'string') return '`method` must be a text';
  const isNotification = method.startsWith('notifications/');
  if (isNotification === !hasId) return undefined;
  return isNotification ? 'a notification has no `id`' : 'a request needs an `id`';
}

function isId(id: unknown): id is string | number {
  if (typeof id === 'string') return id.length <= idLengthMax;
  return Number.isSafeInteger(id);
}
