/**
 * A client of 2025 says who it is before it asks for anything. The SDK takes what comes first, whatever it
 * is; here a request without an opening is answered with an error, and goes no further. A ping says nothing
 * of the client, and would open its session all the same: it is answered here, too.
 */
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import {
  classifyInboundRequest,
  PROTOCOL_VERSION_META_KEY,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import { aroundTransport } from './around-transport.ts';

export function initializeFirst(inner: Transport): Transport {
  let isOpened = false;
  /** In the later era a request says what it is; a notification, such as of a cancellation, need not. */
  let isModern = false;
  const outer = aroundTransport(inner, {
    received: (message, pass) => {
      isOpened ||= isOpening(message);
      isModern ||= isModernRequest(message);
      const isTold = isModern && !('id' in message);
      if (isOpened || isTold || isClaimed(message)) pass();
      else
        void answer(inner, message).catch((failure: unknown) => outer.onerror?.(asError(failure)));
    },
  });
  return outer;
}

function isOpening(message: JSONRPCMessage): boolean {
  return 'method' in message && 'id' in message && message.method === 'initialize';
}

/** A message of the later era says with itself what it is; whether that is good is the SDK's to say. */
function isClaimed(message: JSONRPCMessage): boolean {
  if (!('method' in message)) return false;
  const { _meta: meta } = (message.params ?? {}) as { readonly _meta?: unknown };
  return typeof meta === 'object' && meta !== null && PROTOCOL_VERSION_META_KEY in meta;
}

/** From such a request on the SDK speaks the later era; a client that only looks may still take the other. */
function isModernRequest(message: JSONRPCMessage): boolean {
  if (!isClaimed(message) || !('id' in message) || !('method' in message)) return false;
  if (message.method === 'server/discover') return false;
  return classifyInboundRequest({ httpMethod: 'POST', body: message }).kind === 'modern';
}

async function answer(inner: Transport, message: JSONRPCMessage): Promise<void> {
  if (!('method' in message && 'id' in message)) return;
  const { id, method } = message;
  if (method === 'ping') return inner.send({ jsonrpc: '2.0', id, result: {} });
  const error = { code: ProtocolErrorCode.InvalidRequest, message: 'initialize comes first' };
  await inner.send({ jsonrpc: '2.0', id, error });
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure));
}
