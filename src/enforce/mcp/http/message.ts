/**
 * The one JSON-RPC message in the body of a request. What is no message of the protocol is refused before the
 * SDK sees it, so that one request is one message and one decision at most.
 */
import { ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { HttpLimits } from '../config/config.ts';

export interface WrongMessage {
  readonly code: number;
  readonly message: string;
}

export interface ReadMessage {
  readonly body: Readonly<Record<string, unknown>>;
}

const idLengthMax = 256;

type Bounds = Pick<HttpLimits, 'requestDepthMax' | 'requestMembersMax'>;

export function readMessage(bytes: Uint8Array, bounds: Bounds): ReadMessage | WrongMessage {
  const shape = shapeProblem(bytes, bounds);
  if (shape !== undefined) return invalid(shape);
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

const [quote, backslash, comma] = [...Buffer.from('"\\,')];
const opening: ReadonlySet<number> = new Set(Buffer.from('[{'));
const closing: ReadonlySet<number> = new Set(Buffer.from(']}'));
const space: ReadonlySet<number> = new Set(Buffer.from(' \t\n\r'));

/**
 * What reads a message walks it by recursion, several times, and at a cost for each member: for one whose few
 * bytes say much, everybody else would wait for seconds. So that is known before it is read as JSON. Of what
 * is no JSON, it may say anything.
 */
function shapeProblem(
  bytes: Uint8Array,
  { requestDepthMax, requestMembersMax }: Bounds,
): string | undefined {
  let depth = 0;
  let members = 0;
  let isEmpty = false;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isText) {
      if (byte === backslash) at += 1;
      else isText = byte !== quote;
      continue;
    }
    if (space.has(byte)) continue;
    if (byte === comma || (isEmpty && !closing.has(byte))) members += 1;
    isEmpty = opening.has(byte);
    if (isEmpty) depth += 1;
    else if (closing.has(byte)) depth -= 1;
    isText = byte === quote;
    if (depth > requestDepthMax) return `a body has at most ${requestDepthMax} levels`;
    if (members > requestMembersMax) {
      return `a body has at most ${requestMembersMax} members and elements`;
    }
  }
  return undefined;
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
