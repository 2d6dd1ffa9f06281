/** A transport around another, through whose hands goes what comes in and what is sent. */
import type { JSONRPCMessage, Transport, TransportSendOptions } from '@modelcontextprotocol/client';

export interface Hands {
  /** `pass` hands a message on as it came. */
  readonly received?: (message: JSONRPCMessage, pass: () => void) => void;
  readonly sent?: (message: JSONRPCMessage, pass: () => Promise<void>) => Promise<void>;
  /** After whoever is served was told. */
  readonly closed?: () => void;
}

export function aroundTransport(inner: Transport, { received, sent, closed }: Hands): Transport {
  const outer: Transport = {
    start: async () => {
      inner.onmessage = (message, extra) => {
        const pass = (): void => outer.onmessage?.(message, extra);
        if (received === undefined) pass();
        else received(message, pass);
      };
      inner.onerror = (failure) => outer.onerror?.(failure);
      inner.onclose = () => {
        outer.onclose?.();
        closed?.();
      };
      await inner.start();
    },
    send: (message: JSONRPCMessage, options?: TransportSendOptions) => {
      const pass = (): Promise<void> => inner.send(message, options);
      return sent === undefined ? pass() : sent(message, pass);
    },
    close: () => inner.close(),
  };
  return outer;
}
