/**
 * A client of 2025 says who it is before it asks for anything. The SDK takes what comes first, whatever it
 * is; here a request without an opening is answered with an error, and goes no further.
 */
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { PROTOCOL_VERSION_META_KEY, ProtocolErrorCode } from '@modelcontextprotocol/server';

export function initializeFirst(inner: Transport): Transport {
  let isOpened = false;
  const outer: Transport = {
    start: async () => {
      inner.onmessage = (message, extra) => {
        if (isOpening(message)) isOpened = true;
        if (isOpened || isClaimed(message) || isPing(message)) outer.onmessage?.(message, extra);
        else
          void refuse(inner, message).catch((failure: unknown) =>
            outer.onerror?.(asError(failure)),
          );
      };
      inner.onerror = (failure) => outer.onerror?.(failure);
      inner.onclose = () => outer.onclose?.();
      await inner.start();
    },
    send: (message, options) => inner.send(message, options),
    close: () => inner.close(),
  };
  return outer;
}

function isOpening(message: JSONRPCMessage): boolean {
  return 'method' in message && 'id' in message && message.method === 'initialize';
}

function isPing(message: JSONRPCMessage): boolean {
  return 'method' in message && message.method === 'ping';
}

/** A message of the later era says with itself what it is; whether that is good is the SDK's to say. */
function isClaimed(message: JSONRPCMessage): boolean {
  if (!('method' in message)) return false;
  const { _meta: meta } = (message.params ?? {}) as { readonly _meta?: unknown };
  return typeof meta === 'object' && meta !== null && PROTOCOL_VERSION_META_KEY in meta;
}

async function refuse(inner: Transport, message: JSONRPCMessage): Promise<void> {
  if (!('method' in message && 'id' in message)) return;
  const error = { code: ProtocolErrorCode.InvalidRequest, message: 'initialize comes first' };
  await inner.send({ jsonrpc: '2.0', id: message.id, error });
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure));
}
